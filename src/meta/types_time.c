/* Days and instants. A day is text YYYY-MM-DD, an instant ms UTC. */
#include <string.h>

#include "base/clock.h"
#include "base/fold.h"
#include "meta/types_impl.h"

/* The numbers of a text and what stands between them, e.g. 2024 年 5 月 1 日. */
typedef struct Nums {
    int n;
    int v[8], len[8];
    bool pm, am;
} Nums;

/* Reads the spellings people use: digits separated by - / . blank : T or 年 月 日 号 时 点 分 秒, 上午 下午. */
static bool read_nums(const char *s, Nums *out)
{
    static const char *const gaps[] = {"年", "月", "日", "号", "时", "点", "分", "秒"};
    memset(out, 0, sizeof *out);
    bool in = false;
    while (*s) {
        if (*s >= '0' && *s <= '9') {
            if (!in) {
                if (out->n == 8)
                    return false;
                out->n++;
                in = true;
            }
            int i = out->n - 1;
            if (++out->len[i] > 8)
                return false;
            out->v[i] = out->v[i] * 10 + (*s - '0');
            s++;
            continue;
        }
        in = false;
        if (strchr("-/. :T", *s)) {
            s++;
            continue;
        }
        if (strncmp(s, "下午", 6) == 0 || strncmp(s, "上午", 6) == 0) {
            out->pm = strncmp(s, "下午", 6) == 0;
            out->am = !out->pm;
            s += 6;
            continue;
        }
        bool found = false;
        for (size_t i = 0; i < sizeof gaps / sizeof *gaps && !found; i++) {
            if (strncmp(s, gaps[i], 3) == 0) {
                s += 3;
                found = true;
            }
        }
        if (!found)
            return false;
    }
    return true;
}

/* The day at the front of nums; *used numbers of it. */
static bool day_of(const Nums *n, char out[11], int *used)
{
    int y, m, d;
    if (n->n >= 1 && n->len[0] == 8) {
        y = n->v[0] / 10000;
        m = n->v[0] / 100 % 100;
        d = n->v[0] % 100;
        *used = 1;
    } else if (n->n >= 3 && (n->len[0] == 4 || n->len[0] == 2) && n->len[1] <= 2 &&
               n->len[2] <= 2) {
        y = n->len[0] == 2 ? 2000 + n->v[0] : n->v[0];
        if (n->len[0] == 2 && n->v[0] > 69)
            y -= 100;
        m = n->v[1];
        d = n->v[2];
        *used = 3;
    } else {
        return false;
    }
    if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    const int parts[3] = {y, m, d};
    out[0] = (char)('0' + parts[0] / 1000);
    out[1] = (char)('0' + parts[0] / 100 % 10);
    out[2] = (char)('0' + parts[0] / 10 % 10);
    out[3] = (char)('0' + parts[0] % 10);
    out[4] = out[7] = '-';
    out[5] = (char)('0' + m / 10);
    out[6] = (char)('0' + m % 10);
    out[8] = (char)('0' + d / 10);
    out[9] = (char)('0' + d % 10);
    out[10] = 0;
    return clock_day_valid(out);
}

static bool date_fail(Ctx *c, const Field *f)
{
    return ctx_fail(c, ERR_FORMAT_DATE, f->name,
                    f->type == FT_DATE ? "type.want_date" : "type.want_datetime", type_label(c, f));
}

static bool date_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    Nums n;
    char day[11];
    int used;
    if (!*s) {
        *out = db_null();
        return true;
    }
    if (!read_nums(s, &n) || !day_of(&n, day, &used))
        return date_fail(c, f);
    /* A time behind the day is fine where it is nothing but zeros (cells formatted as date and time). */
    for (int i = used; i < n.n; i++)
        if (n.v[i] != 0)
            return date_fail(c, f);
    *out = db_of_text(arena_str(c->a, day));
    return true;
}

static bool date_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_string))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_date", type_label(c, f));
    const char *s = json_object_get_string(in);
    if (!*s) {
        *out = db_null();
        return true;
    }
    if (strlen(s) != 10 || !clock_day_valid(s))
        return date_fail(c, f);
    *out = db_of_text(arena_str(c->a, s));
    return true;
}

static bool datetime_from_text(Ctx *c, const Field *f, const char *text, DbVal *out)
{
    char *s = fold_clean(c->a, fold_narrow(c->a, text));
    Nums n;
    char day[11];
    int used;
    int64_t ms;
    if (!*s) {
        *out = db_null();
        return true;
    }
    if (clock_parse_rfc3339(s, &ms)) {
        *out = db_of_int(ms);
        return true;
    }
    if (!read_nums(s, &n) || !day_of(&n, day, &used) || n.n - used > 4 ||
        (n.n - used == 4 && n.len[used + 3] != 3)) /* thousandths */
        return date_fail(c, f);
    int hour = n.n > used ? n.v[used] : 0, minute = n.n > used + 1 ? n.v[used + 1] : 0,
        second = n.n > used + 2 ? n.v[used + 2] : 0;
    if (n.pm && hour < 12)
        hour += 12;
    if (n.am && hour == 12)
        hour = 0;
    if (hour > 23 || minute > 59 || second > 59)
        return date_fail(c, f);
    ClockParts p = {.year = (day[0] - '0') * 1000 + (day[1] - '0') * 100 + (day[2] - '0') * 10 +
                            (day[3] - '0'),
                    .month = (day[5] - '0') * 10 + (day[6] - '0'),
                    .day = (day[8] - '0') * 10 + (day[9] - '0'),
                    .hour = hour,
                    .minute = minute,
                    .second = second,
                    .ms = n.n - used == 4 ? n.v[used + 3] : 0};
    *out = db_of_int(clock_from_parts(&p, c->zone));
    return true;
}

static bool datetime_from_json(Ctx *c, const Field *f, json_object *in, DbVal *out)
{
    if (type_is_json_null(in, out))
        return true;
    if (!json_object_is_type(in, json_type_string))
        return ctx_fail(c, ERR_TYPE, f->name, "type.want_datetime", type_label(c, f));
    const char *s = json_object_get_string(in);
    int64_t ms;
    if (!*s) {
        *out = db_null();
        return true;
    }
    if (!clock_parse_rfc3339(s, &ms))
        return date_fail(c, f);
    *out = db_of_int(ms);
    return true;
}

static void datetime_to_json(const Field *f, const DbVal *v, Jw *w)
{
    (void)f;
    if (v->kind != DB_INT) {
        jw_null(w);
        return;
    }
    char text[32];
    clock_rfc3339(v->i, text);
    jw_str(w, text);
}

static char *datetime_to_text(Arena *a, const Field *f, const DbVal *v, const char *lang)
{
    (void)f;
    (void)lang;
    if (v->kind != DB_INT)
        return arena_str(a, "");
    char text[32];
    clock_rfc3339(v->i, text);
    return arena_str(a, text);
}

const FieldOps type_date_ops = {.name = "date",
                                .column = COL_TEXT,
                                .has_column = true,
                                .ops = OPS_ORDER,
                                .from_json = date_from_json,
                                .from_text = date_from_text,
                                .check = type_check_none,
                                .to_json = type_text_to_json,
                                .to_text = type_text_plain};
const FieldOps type_datetime_ops = {.name = "datetime",
                                    .column = COL_INT,
                                    .has_column = true,
                                    .ops = OPS_ORDER,
                                    .from_json = datetime_from_json,
                                    .from_text = datetime_from_text,
                                    .check = type_check_none,
                                    .to_json = datetime_to_json,
                                    .to_text = datetime_to_text};
