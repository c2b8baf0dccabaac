/*
 * bench_baseline_read, and with BARE_PG bench_baseline_read_pg: the bare program the list page is measured against. It
 * asks the engine once for a page and keeps the statements it ran (capture.c); from then on it opens the file (or
 * connects to PostgreSQL) itself, runs the very same prepared statements with the same values over its own connections, in a plain loop in each
 * thread, and writes the same bytes with code that knows nothing but this page: no arena, no
 * rights, no model. The first page of each thread is compared byte for byte with the engine's.
 *
 *     bench_baseline_read --data DIR [--database URL] --login L [--sort S] [--filter JSON] [--threads 2] [--seconds 2] [--rows-only]
 *
 * Prints: pages a second, CPU microseconds a page (and those of the PostgreSQL processes), bytes, SHA-256 of the page,
 * statements.
 */
#ifdef BARE_PG
#include "bare_pg.h"
#else
#include "bare_sqlite.h"
#endif

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/app.h"
#include "auth/access.h"
#include "base/crypt.h"
#include "base/region.h"
#include "capture.h"
#include "meta/types.h"
#include "record/record.h"
#include "record/rows.h"

enum {
    MAX_COLUMNS = 64,
    MAX_ROWS = 200,
    MAX_STATEMENTS = BARE_STATEMENTS,
    PAGE_BYTES = 1 << 20,
    REGIONS = 8192
};

typedef enum Shape { AS_TEXT, AS_INT, AS_TIME, AS_LINK, AS_REGION, AS_MONEY, AS_BOOL } Shape;

typedef struct Column {
    const char *key;  /* ,"name": with quotes and colon */
    const char *also; /* the same for a second name, or NULL */
    Shape shape;
    int labels; /* AS_LINK: which label statement; -1 none */
    int scale;
} Column;

typedef struct Labels {
    int64_t ids[MAX_ROWS * 4];
    char text[MAX_ROWS * 4][256];
    bool found[MAX_ROWS * 4];
    int n;
} Labels;

/* What is known of the page before the loops begin; read by all threads. */
static struct Page {
    char db_path[1024];
    const Captured *stmts; /* [0 … n_pages) rows of the page, then one for all labels */
    int n_stmts, n_pages;
    Column cols[MAX_COLUMNS];
    int n_cols;
    const Entity *label_of[MAX_STATEMENTS];
    int label_mark[MAX_STATEMENTS];  /* first column of its rows */
    int label_first[MAX_STATEMENTS]; /* its ids among the values bound … */
    int label_slots[MAX_STATEMENTS]; /* … and how many: the engine rounds up and repeats the last */
    int n_labels;
    int limit;
    const char *order_column;
    bool down, order_is_text;
    char *body;
    size_t body_len;
    int32_t region_code[REGIONS];
    const char *region_text[REGIONS];
    int n_regions;
    bool rows_only;
} page;

static _Atomic bool stop;

typedef struct Loop {
    pthread_t thread;
    int64_t pages, other_ns;
    bool same;
    char *out;
    size_t len;
    Labels labels[MAX_STATEMENTS];
} Loop;

/* ---- writing ------------------------------------------------------------------------------- */

static inline void put(Loop *l, const char *s, size_t n)
{
    memcpy(l->out + l->len, s, n);
    l->len += n;
}

#define PUT(l, lit) put((l), "" lit, sizeof(lit) - 1)

static void put_text(Loop *l, const char *s, size_t n)
{
    char *o = l->out + l->len;
    *o++ = '"';
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (ch < 0x20 || ch == '"' || ch == '\\') {
            static const char hex[] = "0123456789abcdef";
            *o++ = '\\';
            if (ch == '"' || ch == '\\') {
                *o++ = (char)ch;
            } else if (ch == '\n' || ch == '\r' || ch == '\t') {
                *o++ = ch == '\n' ? 'n' : ch == '\r' ? 'r' : 't';
            } else {
                memcpy(o, "u00", 3);
                o[3] = hex[ch >> 4];
                o[4] = hex[ch & 15];
                o += 5;
            }
        } else {
            *o++ = (char)ch;
        }
    }
    *o++ = '"';
    l->len = (size_t)(o - l->out);
}

static void put_int(Loop *l, int64_t v)
{
    char tmp[24];
    int at = 24;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        tmp[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        tmp[--at] = '-';
    put(l, tmp + at, (size_t)(24 - at));
}

static void digits(char *p, int n, int64_t v)
{
    for (; n > 0; v /= 10)
        p[--n] = (char)('0' + v % 10);
}

static void put_time(Loop *l, int64_t ms)
{
    int64_t days = ms >= 0 ? ms / 86400000 : -((86399999 - ms) / 86400000);
    int64_t rest = ms - days * 86400000, z = days + 719468,
            era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9,
            y = yoe + era * 400 + (m <= 2);
    char t[] = "\"0000-00-00T00:00:00.000Z\"";
    digits(t + 1, 4, y);
    digits(t + 6, 2, m);
    digits(t + 9, 2, d);
    digits(t + 12, 2, rest / 3600000);
    digits(t + 15, 2, rest / 60000 % 60);
    digits(t + 18, 2, rest / 1000 % 60);
    if (rest % 1000) {
        digits(t + 21, 3, rest % 1000);
        put(l, t, 26);
    } else {
        put(l, t, 20);
        PUT(l, "Z\"");
    }
}

static void put_money(Loop *l, int64_t v, int scale)
{
    char tmp[32];
    int at = 32;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    for (int i = 0; i < scale || u || i == scale; i++) {
        if (i == scale && scale)
            tmp[--at] = '.';
        tmp[--at] = (char)('0' + u % 10);
        u /= 10;
    }
    if (v < 0)
        tmp[--at] = '-';
    PUT(l, "\"");
    put(l, tmp + at, (size_t)(32 - at));
    PUT(l, "\"");
}

static const char *region_of(int64_t code)
{
    int lo = 0, hi = page.n_regions - 1;
    while (lo <= hi) {
        int mid = (lo + hi) / 2;
        if (page.region_code[mid] == code)
            return page.region_text[mid];
        if (page.region_code[mid] < code)
            lo = mid + 1;
        else
            hi = mid - 1;
    }
    return "";
}

/* ---- one page ------------------------------------------------------------------------------ */

/* A cell; text is copied behind the page, where the next page overwrites it. */
typedef struct Cell {
    bool null;
    int64_t i;
    const char *s;
    size_t n;
} Cell;

typedef struct Line {
    int64_t id, version;
    Cell cells[MAX_COLUMNS];
    bool edit, del;
    Cell order;
} Line;

typedef struct Conn {
    Bare db;
    Line lines[MAX_ROWS];
    char *texts;
    size_t n_texts;
} Conn;

static int add_label(Labels *w, int64_t id)
{
    int at = 0;
    while (at < w->n && w->ids[at] < id)
        at++;
    if (at < w->n && w->ids[at] == id)
        return at;
    memmove(w->ids + at + 1, w->ids + at, (size_t)(w->n - at) * sizeof *w->ids);
    w->ids[at] = id;
    w->n++;
    return at;
}

static Cell read_cell(Conn *k, int which, int col, bool text)
{
    Cell c = {.null = bare_null(&k->db, which, col)};
    if (c.null)
        return c;
    if (!text) {
        c.i = bare_int(&k->db, which, col);
        return c;
    }
    c.s = bare_text(&k->db, which, col, &c.n);
    if (!BARE_KEEPS_ROWS) {
        c.s = memcpy(k->texts + k->n_texts, c.s, c.n);
        k->n_texts += c.n;
    }
    return c;
}

static void read_labels(Loop *l, Conn *k)
{
    const Captured *s = &page.stmts[page.n_pages];
    const int st = page.n_pages;
    for (int which = 0; which < page.n_labels; which++) {
        Labels *w = &l->labels[which];
        for (int i = 0; i < page.label_slots[which]; i++)
            s->params[page.label_first[which] + i].i = w->n ? w->ids[i < w->n ? i : w->n - 1] : 0;
        for (int i = 0; i < w->n; i++)
            w->found[i] = false;
    }
    bare_run(&k->db, st, s);
    while (bare_step(&k->db, st)) {
        int mark = (int)bare_int(&k->db, st, 0), which = 0;
        int64_t id = bare_int(&k->db, st, 1);
        while (which < page.n_labels - 1 && page.label_mark[which] != mark)
            which++;
        Labels *w = &l->labels[which];
        for (int i = 0; i < w->n; i++)
            if (w->ids[i] == id) {
                size_t n;
                const char *text = bare_text(&k->db, st, 3, &n);
                snprintf(w->text[i], sizeof w->text[i], "%s", text);
                w->found[i] = true;
                break;
            }
    }
    bare_end(&k->db, st);
}

static int read_rows(Loop *l, Conn *k, bool *more)
{
    int n = 0;
    *more = false;
    k->n_texts = 0;
    for (int i = 0; i < page.n_labels; i++)
        l->labels[i].n = 0;
    for (int p = 0; p < page.n_pages; p++) {
        bare_run(&k->db, p, &page.stmts[p]);
        while (bare_step(&k->db, p)) {
            if (n == page.limit) {
                *more = true;
                break;
            }
            Line *line = &k->lines[n++];
            line->id = bare_int(&k->db, p, 0);
            line->version = bare_int(&k->db, p, 1);
            int col = 2;
            for (int i = 0; i < page.n_cols; i++) {
                const Column *c = &page.cols[i];
                line->cells[i] = read_cell(k, p, col++, c->shape == AS_TEXT);
                if (c->shape == AS_LINK && !line->cells[i].null && c->labels >= 0)
                    add_label(&l->labels[c->labels], line->cells[i].i);
            }
            line->edit = bare_int(&k->db, p, col++) == 1;
            line->del = bare_int(&k->db, p, col++) == 1;
            line->order = read_cell(k, p, col, page.order_is_text);
        }
        bare_end(&k->db, p);
    }
    return n;
}

static void write_cell(Loop *l, const Column *c, const Cell *v)
{
    if (v->null) {
        PUT(l, "null");
        return;
    }
    switch (c->shape) {
    case AS_TEXT: put_text(l, v->s, v->n); break;
    case AS_INT: put_int(l, v->i); break;
    case AS_TIME: put_time(l, v->i); break;
    case AS_MONEY: put_money(l, v->i, c->scale); break;
    case AS_BOOL: v->i ? PUT(l, "true") : PUT(l, "false"); break;
    case AS_REGION: {
        const char *text = region_of(v->i);
        PUT(l, "{\"id\":");
        put_int(l, v->i);
        PUT(l, ",\"label\":");
        put_text(l, text, strlen(text));
        PUT(l, "}");
        break;
    }
    case AS_LINK: {
        Labels *w = c->labels >= 0 ? &l->labels[c->labels] : NULL;
        int at = w ? add_label(w, v->i) : 0;
        PUT(l, "{\"id\":");
        put_int(l, v->i);
        PUT(l, ",\"label\":");
        if (w && w->found[at])
            put_text(l, w->text[at], strlen(w->text[at]));
        else
            PUT(l, "null");
        PUT(l, "}");
    }
    }
}

static void write_cursor(Loop *l, const Line *last)
{
    static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char plain[1024];
    const char *kind = last->order.null ? "b" : page.order_is_text ? "t" : "i";
    int n = snprintf(plain, sizeof plain, "customer.%s.%c.%s.%" PRId64 ".", page.order_column,
                     page.down ? 'd' : 'u', kind, last->id);
    if (page.order_is_text && !last->order.null)
        n += snprintf(plain + n, sizeof plain - (size_t)n, "%.*s", (int)last->order.n,
                      last->order.s);
    else if (!last->order.null)
        n += snprintf(plain + n, sizeof plain - (size_t)n, "%" PRId64, last->order.i);
    PUT(l, "\"");
    for (int i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)plain[i] << 16;
        v |= i + 1 < n ? (unsigned)(unsigned char)plain[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned)(unsigned char)plain[i + 2] : 0;
        char q[4] = {a[v >> 18], a[v >> 12 & 63], a[v >> 6 & 63], a[v & 63]};
        put(l, q, i + 2 < n ? 4 : i + 1 < n ? 3 : 2);
    }
    PUT(l, "\"");
}

static void one_page(Loop *l, Conn *k)
{
    bool more;
    int n = read_rows(l, k, &more);
    if (page.n_labels)
        read_labels(l, k);
    if (page.rows_only)
        return;
    l->len = 0;
    PUT(l, "{\"data\":[");
    for (int r = 0; r < n; r++) {
        const Line *line = &k->lines[r];
        if (r)
            PUT(l, ",");
        PUT(l, "{\"id\":");
        put_int(l, line->id);
        PUT(l, ",\"version\":");
        put_int(l, line->version);
        for (int i = 0; i < page.n_cols; i++) {
            put(l, page.cols[i].key, strlen(page.cols[i].key));
            write_cell(l, &page.cols[i], &line->cells[i]);
            if (page.cols[i].also) {
                put(l, page.cols[i].also, strlen(page.cols[i].also));
                write_cell(l, &page.cols[i], &line->cells[i]);
            }
        }
        PUT(l, ",\"can\":{\"edit\":");
        line->edit ? PUT(l, "true") : PUT(l, "false");
        PUT(l, ",\"delete\":");
        line->del ? PUT(l, "true") : PUT(l, "false");
        PUT(l, "}}");
    }
    PUT(l, "],\"next_cursor\":");
    if (more)
        write_cursor(l, &k->lines[n - 1]);
    else
        PUT(l, "null");
    PUT(l, "}");
}

static void *loop(void *arg)
{
    Loop *l = arg;
    Conn *k = calloc(1, sizeof *k);
    l->out = malloc(PAGE_BYTES);
    if (!k || !l->out || !(k->texts = malloc(PAGE_BYTES)))
        abort();
    bare_open(&k->db, page.db_path);
    for (int i = 0; i < page.n_stmts; i++)
        bare_prepare(&k->db, i, &page.stmts[i]);
    one_page(l, k);
    l->same = page.rows_only || (l->len == page.body_len && memcmp(l->out, page.body, l->len) == 0);
    if (!l->same) {
        size_t at = 0;
        while (at < l->len && at < page.body_len && l->out[at] == page.body[at])
            at++;
        fprintf(stderr, "differs at %zu:\n%.200s\n%.200s\n", at, l->out + (at > 80 ? at - 80 : 0),
                page.body + (at > 80 ? at - 80 : 0));
    }
    int64_t began = bare_other_ns(&k->db);
    while (!stop) {
        one_page(l, k);
        l->pages++;
    }
    l->other_ns = bare_other_ns(&k->db) - began;
    bare_close(&k->db, page.n_stmts);
    free(k->texts);
    free(k);
    return NULL;
}

/* ---- learning the page --------------------------------------------------------------------- */

static bool plan_columns(Ctx *c, const Entity *e)
{
    RowSet s;
    if (!rows_choose(c, e, NULL, false, &s))
        return false;
    if (s.any_masked) {
        fprintf(stderr, BARE_NAME ": choose a login that reads personal fields in clear\n");
        return false;
    }
    for (int i = 0; i < s.n_fields; i++) {
        const Field *f = s.fields[i];
        Column *col = &page.cols[page.n_cols++];
        *col = (Column){.key = arena_printf(c->a, ",\"%s\":", f->name),
                        .labels = -1,
                        .scale = f->type == FT_MONEY ? 2 : f->scale};
        if (s.also[i])
            col->also = arena_printf(c->a, ",\"%s\":", s.also[i]);
        switch (f->type) {
        case FT_INT: col->shape = AS_INT; break;
        case FT_DATETIME: col->shape = AS_TIME; break;
        case FT_MONEY:
        case FT_DECIMAL: col->shape = AS_MONEY; break;
        case FT_BOOL: col->shape = AS_BOOL; break;
        case FT_REGION: col->shape = AS_REGION; break;
        case FT_LINK: {
            const Entity *to = model_entity(c->model, f->to);
            col->shape = AS_LINK;
            for (int k = 0; k < page.n_labels; k++)
                if (page.label_of[k] == to)
                    col->labels = k;
            if (col->labels < 0) {
                col->labels = page.n_labels;
                page.label_of[page.n_labels++] = to;
            }
            break;
        }
        default: col->shape = AS_TEXT;
        }
    }
    return true;
}

/* The part of an entity in the statement of labels: its mark, and where its ids are bound. A page on which nothing is
   linked to it has none. */
static void find_labels(Ctx *c, const char *text, int k)
{
    const char *from =
        arena_printf(c->a, " FROM \"%s\" AS t0 WHERE t0.\"id\" IN ($", page.label_of[k]->name);
    const char *at = strstr(text, from), *select = at;
    page.label_mark[k] = -1;
    page.label_slots[k] = 0;
    if (!at)
        return;
    while (select > text && strncmp(select, "SELECT ", 7) != 0)
        select--;
    page.label_mark[k] = (int)strtol(select + 7, NULL, 10);
    page.label_first[k] = (int)strtol(at + strlen(from), NULL, 10) - 1;
    page.label_slots[k] = 1;
    for (const char *p = at + strlen(from); *p && *p != ')'; p++)
        page.label_slots[k] += *p == ',';
}

/* What the engine asks to choose its way (how many rows are one's own, how deep a page may lie) is its own cost: who knows the way
   needs no such look. */
static bool is_page(const Captured *s)
{
    return strstr(s->text, " LIMIT ") && strstr(s->text, "\"version\"");
}

static bool is_look(const Captured *s)
{
    return strstr(s->text, " LIMIT ") && !is_page(s);
}

static bool sort_statements(Ctx *c, const Captured *all, int n)
{
    Captured *s = ARENA_ARRAY(c->a, n + 1, Captured);
    int looks = 0;
    for (int i = 0; i < n; i++) {
        looks += is_look(&all[i]);
        if (is_page(&all[i]))
            s[page.n_pages++] = all[i];
    }
    page.n_stmts = page.n_pages;
    for (int i = 0; i < n && page.n_labels; i++)
        if (!strstr(all[i].text, " LIMIT "))
            s[page.n_stmts++] = all[i];
    page.stmts = s;
    bool known = page.n_pages > 0 && page.n_stmts + looks == n &&
                 page.n_stmts == page.n_pages + (page.n_labels > 0);
    for (int k = 0; known && k < page.n_labels; k++)
        find_labels(c, s[page.n_pages].text, k);
    return known;
}

static void load_regions(Arena *a, int32_t parent)
{
    int n;
    const Region *const *all = region_children(a, parent, &n);
    for (int i = 0; i < n && page.n_regions < REGIONS; i++) {
        page.region_code[page.n_regions] = all[i]->code;
        page.region_text[page.n_regions++] = region_path(a, all[i]->code);
        load_regions(a, all[i]->code);
    }
}

static bool learn(App *app, const char *login, const char *sort, const char *filter)
{
    Ctx *c = &app->c;
    const Entity *e = model_entity(c->model, "customer");
    Actor *me;
    ListQuery q = {.limit = 50, .sort = sort};
    Buf out;
    buf_init(&out, c->a);
    if (!actor_of_login(c, login, CH_WEB, &me))
        return false;
    c->actor = me;
    if (filter && !json_read(c, filter, strlen(filter), &q.filter))
        return false;
    capture_start(c->a);
    bool ok = rec_list(c, e, &q, &out);
    int n;
    const Captured *all = capture_stop(&n);
    const char *order = sort ? sort : "-created_at";
    const Field *by = entity_field(e, order + (order[0] == '-'));
    if (!ok || !by || !plan_columns(c, e) || !sort_statements(c, all, n)) {
        fprintf(stderr, BARE_NAME ": the page has statements this program does not know\n");
        for (int i = 0; i < n; i++)
            fprintf(stderr, "  %s\n", all[i].text);
        return false;
    }
    page.limit = 50;
    page.down = order[0] == '-';
    page.order_column = type_sort_column(c->a, by);
    page.order_is_text = type_ops(by->type)->column == COL_TEXT;
    page.body = out.data;
    page.body_len = out.len;
    if (!BARE_IS_PG)
        snprintf(page.db_path, sizeof page.db_path, "%s/zhike.db", app->dir);
    load_regions(c->a, 0);
    db_release(c);
    return true;
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    Args args = {argc - 1, argv + 1};
    AppOptions o = {.dir = args_take(&args, "--data"),
                    .database = args_take(&args, "--database"),
                    .keep_schema = true};
    const char *login = args_take(&args, "--login"), *sort = args_take(&args, "--sort"),
               *filter = args_take(&args, "--filter");
    const char *threads = args_take(&args, "--threads"), *secs = args_take(&args, "--seconds");
    page.rows_only = args_flag(&args, "--rows-only");
    int n = threads ? (int)strtol(threads, NULL, 10) : 2;
    if (BARE_IS_PG && o.database)
        snprintf(page.db_path, sizeof page.db_path, "%s", o.database);
    if (!o.dir || !login || BARE_IS_PG != (o.database != NULL) || n < 1 || n > 64 ||
        !args_done(&args, 0))
        return usage(BARE_NAME " --data DIR [--database URL] --login L [--sort S] [--filter JSON] "
                               "[--threads N] [--seconds N]");
    App app;
    if (!app_open(&app, &o))
        return 1;
    app.c.deadline_ms = 0;
    if (!learn(&app, login, sort, filter))
        return app_fail(&app);
    Loop *loops = calloc((size_t)n, sizeof *loops);
    if (!loops)
        return 1;
    double began = seconds(), cpu = cpu_seconds();
    for (int i = 0; i < n; i++)
        pthread_create(&loops[i].thread, NULL, loop, &loops[i]);
    struct timespec nap = {.tv_sec = 0};
    double wait = secs ? strtod(secs, NULL) : 2;
    nap.tv_sec = (time_t)wait;
    nap.tv_nsec = (long)((wait - (double)nap.tv_sec) * 1e9);
    nanosleep(&nap, NULL);
    stop = true;
    int64_t pages = 0, other_ns = 0;
    bool same = true;
    for (int i = 0; i < n; i++) {
        pthread_join(loops[i].thread, NULL);
        pages += loops[i].pages;
        other_ns += loops[i].other_ns;
        same = same && loops[i].same;
    }
    double took = seconds() - began;
    cpu = cpu_seconds() - cpu;
    char hex[65];
    crypt_sha256_hex(page.body, page.body_len, hex);
    printf("{\"rate\": %.1f, \"cpu_us\": %.2f, \"backend_us\": %.2f, \"bytes\": %zu, \"sha256\": "
           "\"%s\", \"statements\": "
           "%d, \"same\": %s}\n",
           (double)pages / took, cpu * 1e6 / (double)pages, (double)other_ns / 1e3 / (double)pages,
           page.body_len, hex, page.n_stmts, same ? "true" : "false");
    app_close(&app);
    return same ? 0 : 1;
}
