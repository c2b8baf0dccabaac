/* CSV in and out. See csv.h. */
#include "base/csv.h"

#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"

enum {
    HEAD = 65536,
    SNIFF_RECORDS = 50,
    MAX_COLUMNS = 16384,
    MAX_CELL = 1 << 20,
    MAX_RECORD = 16 << 20 /* bytes of all cells together */
};

typedef enum State {
    AT_START,   /* of a cell */
    IN_PLAIN,   /* in a cell without quotes */
    IN_QUOTES,  /* between quotes */
    AFTER_QUOTE /* behind a quote inside quotes: doubled or the end */
} State;

struct CsvReader {
    Ctx *c;
    CsvFn fn;
    void *user;
    size_t max_columns, max_cell;
    char delimiter;
    Buf head;     /* the beginning, until the delimiter is known */
    bool started; /* head is done */
    bool stopped;

    State state;
    bool was_cr, any; /* a CR just ended a line; something stands in this record */
    int64_t line, rec_line, quote_line;
    Buf text; /* the cells of this record, a NUL behind each */
    VEC(size_t) starts;
    VEC(const char *) cells;
    VEC(size_t) lens;
    size_t cell_start;
};

CsvReader *csv_new(Ctx *c, const CsvOpts *opts, CsvFn fn, void *user)
{
    CsvReader *r = ARENA_NEW(c->a, CsvReader);
    r->c = c;
    r->fn = fn;
    r->user = user;
    r->max_columns = opts && opts->max_columns ? opts->max_columns : MAX_COLUMNS;
    r->max_cell = opts && opts->max_cell ? opts->max_cell : MAX_CELL;
    r->delimiter = opts ? opts->delimiter : 0;
    r->line = r->rec_line = 1;
    buf_init(&r->head, c->a);
    buf_init(&r->text, c->a);
    return r;
}

char csv_delimiter(const CsvReader *r)
{
    return r->delimiter;
}

static bool stop(CsvReader *r)
{
    r->stopped = true;
    return false;
}

static bool refuse(CsvReader *r, ErrCode code, const char *key, int64_t line, size_t limit)
{
    ctx_fail(r->c, code, NULL, key, ctx_num(r->c, line), ctx_num(r->c, (int64_t)limit));
    return stop(r);
}

static bool cell_end(CsvReader *r)
{
    if (r->starts.n == r->max_columns)
        return refuse(r, ERR_TOO_LARGE, "csv.too_many_columns", r->rec_line, r->max_columns);
    if (r->text.len > MAX_RECORD)
        return refuse(r, ERR_TOO_LARGE, "csv.too_long", r->rec_line, MAX_RECORD);
    vec_push(r->c->a, &r->starts, r->cell_start);
    buf_putc(&r->text, 0);
    r->cell_start = r->text.len;
    r->state = AT_START;
    return true;
}

static bool record_end(CsvReader *r)
{
    if (r->any && !cell_end(r))
        return false;
    size_t n = r->starts.n;
    r->cells.n = r->lens.n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t from = r->starts.items[i], to = i + 1 < n ? r->starts.items[i + 1] : r->text.len;
        const char *cell = r->text.data + from;
        vec_push(r->c->a, &r->cells, cell);
        vec_push(r->c->a, &r->lens, to - from - 1);
    }
    CsvRecord rec = {.line = r->rec_line, .n = n, .cells = r->cells.items, .lens = r->lens.items};
    r->starts.n = 0;
    r->cell_start = 0;
    r->any = false;
    r->state = AT_START;
    bool go_on = r->fn(r->user, &rec);
    buf_clear(&r->text);
    if (!go_on)
        return stop(r);
    return true;
}

/* One byte of a line break; CRLF counts once. */
static bool line_end(CsvReader *r, char ch)
{
    if (ch == '\n' && r->was_cr) {
        r->was_cr = false;
        r->rec_line = r->line;
        return true;
    }
    r->was_cr = ch == '\r';
    bool ok = record_end(r);
    r->line++;
    r->rec_line = r->line;
    return ok;
}

static bool one(CsvReader *r, char ch)
{
    if (ch == 0)
        return refuse(r, ERR_INVALID, "csv.nul", r->line, 0);
    if (r->state == IN_QUOTES) {
        if (ch == '"') {
            r->state = AFTER_QUOTE;
            r->was_cr = false; /* a CR inside the quotes has nothing to do with an LF behind them */
            return true;
        }
        if (ch == '\r' || (ch == '\n' && !r->was_cr))
            r->line++;
        r->was_cr = ch == '\r';
        if (r->text.len - r->cell_start >= r->max_cell)
            return refuse(r, ERR_TOO_LARGE, "csv.too_long", r->quote_line, r->max_cell);
        buf_putc(&r->text, ch);
        return true;
    }
    if (ch == '\n' || ch == '\r')
        return line_end(r, ch);
    r->was_cr = false;
    if (ch == r->delimiter) {
        r->any = true;
        return cell_end(r);
    }
    if (ch == '"') { /* never in a plain cell: run has taken all of that */
        if (r->state == AFTER_QUOTE)
            buf_putc(&r->text, ch);
        else
            r->quote_line = r->line;
        r->state = IN_QUOTES;
        r->any = true;
        return true;
    }
    r->state = IN_PLAIN; /* also behind a closing quote: "a"b is taken as ab, as Excel does */
    r->any = true;
    if (r->text.len - r->cell_start >= r->max_cell)
        return refuse(r, ERR_TOO_LARGE, "csv.too_long", r->line, r->max_cell);
    buf_putc(&r->text, ch);
    return true;
}

static bool run(CsvReader *r, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* the inside of a plain cell in one go: most bytes are that */
        if (r->state == IN_PLAIN) {
            size_t from = i;
            while (i < n && s[i] != r->delimiter && s[i] != '\n' && s[i] != '\r' && s[i])
                i++;
            if (r->text.len - r->cell_start + (i - from) > r->max_cell)
                return refuse(r, ERR_TOO_LARGE, "csv.too_long", r->line, r->max_cell);
            buf_add(&r->text, s + from, i - from);
            if (i == n)
                break;
        }
        if (!one(r, s[i]))
            return false;
    }
    return true;
}

/* What the beginning says: BOM, "sep=;", delimiter. Then the state machine gets it. */
static bool start(CsvReader *r)
{
    const char *s = r->head.data;
    size_t n = r->head.len;
    r->started = true;
    if (n >= 3 && memcmp(s, "\xEF\xBB\xBF", 3) == 0) {
        s += 3;
        n -= 3;
    }
    bool quoted = n && s[0] == '"'; /* some programs write "sep=;" in quotes */
    size_t at = quoted ? 1 : 0;
    if (n >= at + 5 && memcmp(s + at, "sep=", 4) == 0) {
        char d = s[at + 4];
        size_t end = at + 5;
        if (quoted && end < n && s[end] == '"')
            end++;
        bool alone = end == n || s[end] == '\r' || s[end] == '\n';
        if (alone && d != '"' && d != '\r' && d != '\n' && d != 0 && (unsigned char)d < 0x80) {
            if (!r->delimiter)
                r->delimiter = d;
            if (end < n && s[end] == '\r')
                end++;
            if (end < n && s[end] == '\n')
                end++;
            s += end;
            n -= end;
            r->line = r->rec_line = 2;
        }
    }
    if (!r->delimiter)
        r->delimiter = csv_sniff(s, n);
    return run(r, s, n);
}

bool csv_feed(CsvReader *r, const char *data, size_t n)
{
    if (r->stopped)
        return false;
    if (r->started)
        return run(r, data, n);
    buf_add(&r->head, data, n);
    return r->head.len < HEAD ? true : start(r);
}

bool csv_end(CsvReader *r)
{
    if (r->stopped || (!r->started && !start(r)))
        return false;
    if (r->state == IN_QUOTES)
        return refuse(r, ERR_INVALID, "csv.unclosed_quote", r->quote_line, 0);
    return r->any ? record_end(r) : true;
}

/* Columns of each of the first records if d parted them; an unfinished last record counts only
   when it is the only one. Returns the number of records. */
static size_t columns_by(const char *s, size_t n, char d, size_t out[SNIFF_RECORDS])
{
    size_t records = 0, columns = 1;
    bool quotes = false, any = false, fresh = true;
    for (size_t i = 0; i < n && records < SNIFF_RECORDS; i++) {
        char ch = s[i];
        if (quotes) {
            quotes = ch != '"';
            fresh = !quotes; /* a second quote right here goes on with the text */
            continue;
        }
        if (ch == '"' && fresh) {
            quotes = any = true;
        } else if (ch == '\n' || ch == '\r') {
            if (any)
                out[records++] = columns;
            columns = 1;
            any = false;
            fresh = true;
            continue;
        } else {
            columns += ch == d;
            any = true;
        }
        fresh = ch == d;
    }
    if (any && (records == 0 || n < HEAD)) /* with any there is room: the last one ends */
        out[records++] = columns;
    return records;
}

char csv_sniff(const char *text, size_t n)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    char best = ',';
    double best_score = 0;
    for (size_t k = 0; k < sizeof candidates; k++) {
        size_t columns[SNIFF_RECORDS];
        size_t records = columns_by(text, n, candidates[k], columns);
        if (records == 0 || columns[0] < 2)
            continue; /* the header has it in any case */
        size_t even = 0;
        for (size_t i = 0; i < records; i++)
            even += columns[i] == columns[0];
        /* Evenness decides; of two that are even, the one with more columns. */
        double score = (double)even / (double)records + (double)columns[0] / 100000.0;
        if (score > best_score) {
            best_score = score;
            best = candidates[k];
        }
    }
    return best;
}

/* --- writing ----------------------------------------------------------------------------------- */

static bool plain_number(const char *s, size_t n)
{
    size_t i = 0, digits = 0;
    if (n && (s[0] == '+' || s[0] == '-'))
        i++;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
        digits++;
    if (i < n && s[i] == '.')
        for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++)
            digits++;
    return digits && i == n;
}

static bool starts_formula(int32_t cp)
{
    switch (cp) {
    case '=':
    case '+':
    case '-':
    case '@':
    case 0xFF1D:
    case 0xFF0B:
    case 0xFF0D:
    case 0xFF20: /* full-width */
    case 0xFE66:
    case 0xFE62:
    case 0xFE63:
    case 0xFE6B: /* small */
    case 0x2212: /* minus sign */ return true;
    default: return false;
    }
}

bool csv_is_formula(const char *text)
{
    size_t n = strlen(text);
    if (*text == '\t' || *text == '\r' || *text == '\n')
        return true;
    if (plain_number(text, n))
        return false;
    const char *p = text, *end = text + n;
    while (p < end) {
        int32_t cp = utf8_next(&p, end);
        if (cp >= 0 && !utf8_is_blank(cp))
            return starts_formula(cp);
    }
    return false;
}

/* Texts that begin with ' themselves are guarded too where what follows would be, so that taking
   the guard away is always right. */
static bool needs_guard(const char *text)
{
    while (*text == '\'')
        text++;
    return csv_is_formula(text);
}

const char *csv_unguard(const char *text)
{
    return text[0] == '\'' && needs_guard(text) ? text + 1 : text;
}

void csv_writer_init(CsvWriter *w, Buf *b)
{
    *w = (CsvWriter){.b = b};
}

void csv_bom(CsvWriter *w)
{
    buf_add(w->b, "\xEF\xBB\xBF", 3);
}

static void cell(CsvWriter *w, const char *text, bool guard)
{
    size_t n = strlen(text);
    if (w->cells++)
        buf_putc(w->b, ',');
    w->bytes += n;
    /* ; tab and | are quoted too: a spreadsheet set to another delimiter must not part the cell and
       find a formula behind it */
    bool quote = strpbrk(text, "\",;\t|\r\n") || (n && (text[0] == ' ' || text[n - 1] == ' '));
    if (quote)
        buf_putc(w->b, '"');
    if (guard)
        buf_putc(w->b, '\'');
    if (!quote) {
        buf_add(w->b, text, n);
        return;
    }
    for (; *text; text++) {
        if (*text == '"')
            buf_putc(w->b, '"');
        buf_putc(w->b, *text);
    }
    buf_putc(w->b, '"');
}

void csv_cell(CsvWriter *w, const char *text)
{
    if (!text)
        text = "";
    cell(w, text, needs_guard(text));
}

void csv_cell_raw(CsvWriter *w, const char *text)
{
    cell(w, text ? text : "", false);
}

void csv_row_end(CsvWriter *w)
{
    if (w->cells == 1 && !w->bytes)
        buf_puts(w->b, "\"\""); /* else it would read as an empty line, which is no row */
    buf_puts(w->b, "\r\n");
    w->cells = w->bytes = 0;
}
