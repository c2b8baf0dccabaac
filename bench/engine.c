/*
 * bench_engine: what the engine needs in-process, without HTTP: lists at the first page and at a
 * depth, details, searches. One line a figure: name, microseconds a call (least, median, most of the
 * rounds), statements a call.
 *
 *     bench_engine --data DIR [--database URL] --login admin [--rounds 5] [--depth 400000] [--cpu] [--only-customers]
 *                  [--word 华为] [--creates] [--short | --tails]
 *
 * --cpu counts time on a core instead of the clock, which a neighbour who loads the machine moves less: of this process
 * (one thread asks, on SQLite another one writes) and of the PostgreSQL process that serves it, on this machine.
 * --creates creates customers, too, a few hundred, and leaves them there (--short: and changes some). --short: only what
 * the picture of cost against size shows. --tails: median, 99th percentile and most of single calls of a list, a search over all entities, a record
 * with its timeline.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "auth/actor.h"
#include "base/json_read.h"
#include "record/record.h"

enum { MAX_ROUNDS = 99, ROUND_NS = 60000000, SPREAD = 100, TAIL_CALLS = 1500 };

typedef struct Bench {
    App app;
    const Actor *me;
    int rounds;
    int64_t some_id;
    const char *deep;       /* a cursor */
    bool others;            /* some_id need not be a row of this person: --others */
    bool only_customers;    /* no search over all entities */
    bool cpu;               /* time on a core instead of the clock: --cpu */
    bool creates;           /* --creates */
    bool tails;             /* --tails */
    int64_t spread[SPREAD]; /* ids all over the table */
    int turn;
    bool brief;       /* --short */
    const char *word; /* instead of the usual ones: --word */
    int64_t backend;  /* PostgreSQL: the process that serves us; its time counts, too */
} Bench;

typedef bool (*Work)(Ctx *c, Bench *b, const char *arg, Buf *out);

/* Nanoseconds a process has spent on a core. */
static int64_t process_ns(int64_t pid)
{
    char path[64];
    long long ns = 0;
    snprintf(path, sizeof path, "/proc/%" PRId64 "/schedstat", pid);
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%lld", &ns) != 1)
            ns = 0;
        fclose(f);
    }
    return ns;
}

static int64_t now_ns(const Bench *b)
{
    struct timespec t;
    clock_gettime(b->cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec +
           (b->cpu && b->backend ? process_ns(b->backend) : 0);
}

/* One thread asks one piece of work after the other, so the pool hands out the same connection each time. */
static bool find_backend(Bench *b)
{
    Ctx *c = &b->app.c;
    if (!b->cpu || !db_is_pg(c->db))
        return true;
    bool ok = db_one_int(c, SQL("SELECT pg_backend_pid()"), NULL, 0, &b->backend, NULL);
    db_release(c);
    return ok;
}

/* One call in an arena of its own, as a request has it. */
static bool once(Bench *b, Work work, const char *arg, int *n_sql, char **keep, Arena *keep_in)
{
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    c.db = b->app.db;
    c.model = b->app.c.model;
    c.actor = b->me;
    Buf out;
    buf_init(&out, a);
    bool ok = work(&c, b, arg, &out);
    for (const ErrItem *e = c.err; e; e = e->next)
        fprintf(stderr, "bench_engine: %s (%s)\n", e->message, e->detail ? e->detail : "");
    *n_sql = c.n_sql;
    if (ok && keep)
        *keep = arena_dup(keep_in, out.data, out.len);
    db_release(&c);
    arena_free(a);
    return ok;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static bool figure(Bench *b, const char *name, Work work, const char *arg)
{
    double us[MAX_ROUNDS];
    int n_sql = 0;
    char *body = NULL;
    if (!once(b, work, arg, &n_sql, &body, b->app.a)) /* warm */
        return false;
    for (int r = 0; r < b->rounds; r++) {
        int64_t began = now_ns(b), n = 0;
        do {
            if (!once(b, work, arg, &n_sql, NULL, NULL))
                return false;
            n++;
        } while (now_ns(b) - began < ROUND_NS);
        us[r] = (double)(now_ns(b) - began) / 1000 / (double)n;
    }
    qsort(us, (size_t)b->rounds, sizeof *us, by_value);
    printf("%s\t%.1f\t%.1f\t%.1f\t%d\t%zu\n", name, us[0], us[b->rounds / 2], us[b->rounds - 1],
           n_sql, body ? strlen(body) : 0);
    return true;
}

static bool list(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    ListQuery q = {.limit = 50, .cursor = strcmp(arg, "deep") == 0 ? b->deep : NULL};
    return rec_list(c, model_entity(c->model, "customer"), &q, out);
}

static bool list_q(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b;
    ListQuery q = {.limit = 50, .q = arg};
    return rec_list(c, model_entity(c->model, "customer"), &q, out);
}

/* arg: the order, then the filter. */
static bool list_filtered(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b;
    const char *filter = strchr(arg, ' ') + 1;
    ListQuery q = {.limit = 50, .sort = arena_dup(c->a, arg, (size_t)(filter - 1 - arg))};
    return json_read(c, filter, strlen(filter), &q.filter) &&
           rec_list(c, model_entity(c->model, "customer"), &q, out);
}

static bool list_counted(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b, (void)arg;
    ListQuery q = {.limit = 50, .count = COUNT_CAPPED};
    return rec_list(c, model_entity(c->model, "customer"), &q, out);
}

static bool detail(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)arg;
    return rec_json(c, model_entity(c->model, "customer"), b->some_id, false, out, NULL);
}

/* The other half of a detail page. */
static bool timeline(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    TimelineQuery q = {.limit = 50, .q = *arg ? arg : NULL};
    return rec_timeline(c, model_entity(c->model, "customer"), b->some_id, &q, out);
}

/* What the dialog of a new record asks while one types. */
static bool hint(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b;
    json_object *in;
    return json_read(c, arg, strlen(arg), &in) &&
           rec_duplicates_json(c, model_entity(c->model, "customer"), in, out);
}

static bool search(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b;
    return rec_search(c, arg, NULL, 20, out);
}

static bool search_customers(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)b;
    return rec_search(c, arg, "customer", 20, out);
}

/* The cursor behind `depth` rows of the default order (-created_at), written as the engine writes it: the
   engine is asked for the page before, one row long. */
static bool find_depth(Bench *b, int64_t depth)
{
    Ctx *c = &b->app.c;
    DbVal p[] = {db_of_int(depth)};
    DbRows *r = db_query(c,
                         SQL("SELECT id, created_at FROM \"customer\" WHERE deleted_at IS NULL AND "
                             "created_at IS NOT NULL "
                             "ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET $1"),
                         p, 1);
    if (!r || !db_step(r))
        return false;
    b->some_id = db_int(r, 0);
    int64_t at = db_int(r, 1);
    db_done(r);
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *plain =
        arena_printf(c->a, "customer.created_at.d.i.%" PRId64 ".%" PRId64, b->some_id, at);
    size_t n = strlen(plain);
    Buf text;
    buf_init(&text, c->a);
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)plain[i] << 16;
        v |= i + 1 < n ? (unsigned)(unsigned char)plain[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned)(unsigned char)plain[i + 2] : 0;
        buf_putc(&text, alphabet[v >> 18]);
        buf_putc(&text, alphabet[v >> 12 & 63]);
        if (i + 1 < n)
            buf_putc(&text, alphabet[v >> 6 & 63]);
        if (i + 2 < n)
            buf_putc(&text, alphabet[v & 63]);
    }
    b->deep = text.data;
    return true;
}

static bool phone_tail(Bench *b, const char **out)
{
    Ctx *c = &b->app.c;
    DbVal p[] = {db_of_int(b->some_id)};
    const char *phone = NULL;
    if (!db_one_text(c, SQL("SELECT phone FROM \"customer\" WHERE id = $1"), p, 1, &phone, NULL) ||
        !phone)
        return false;
    size_t n = strlen(phone);
    *out = n > 4 ? phone + n - 4 : phone;
    return true;
}

/* A record, another one each time, and its timeline. */
static bool some_page(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)arg;
    const Entity *e = model_entity(c->model, "customer");
    int64_t id = b->spread[b->turn++ % SPREAD];
    TimelineQuery q = {.limit = 50};
    return rec_json(c, e, id, false, out, NULL) && rec_timeline(c, e, id, &q, out);
}

static bool some_search(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    static const char *const words[] = {"华为", "华", "huawei", "hw", "hwkj", "科技", "有限公司"};
    (void)arg;
    return rec_search(c, words[b->turn++ % 7], NULL, 20, out);
}

/* Customers that came at equal distances of time: ids lie close where many came at once. */
static bool find_spread(Bench *b)
{
    Ctx *c = &b->app.c;
    int64_t first, last;
    if (!db_one_int(c, SQL("SELECT min(created_at) FROM \"customer\""), NULL, 0, &first, NULL) ||
        !db_one_int(c, SQL("SELECT max(created_at) FROM \"customer\""), NULL, 0, &last, NULL))
        return false;
    for (int i = 0; i < SPREAD; i++) {
        DbVal p[] = {db_of_int(first + (last - first) / SPREAD * i)};
        if (!db_one_int(c,
                        SQL("SELECT id FROM \"customer\" WHERE created_at >= $1 AND "
                            "deleted_at IS NULL ORDER BY created_at LIMIT 1"),
                        p, 1, &b->spread[i], NULL))
            return false;
    }
    db_release(c);
    return true;
}

/* Each call by itself: median and 99th percentile. */
static bool tail(Bench *b, const char *name, Work work)
{
    static double us[TAIL_CALLS];
    int n_sql;
    for (int i = 0; i < 50; i++) /* warm */
        if (!once(b, work, "", &n_sql, NULL, NULL))
            return false;
    for (int i = 0; i < TAIL_CALLS; i++) {
        int64_t began = now_ns(b);
        if (!once(b, work, "", &n_sql, NULL, NULL))
            return false;
        us[i] = (double)(now_ns(b) - began) / 1000;
    }
    qsort(us, TAIL_CALLS, sizeof *us, by_value);
    printf("%s\t%.1f\t%.1f\t%.1f\n", name, us[TAIL_CALLS / 2], us[TAIL_CALLS * 99 / 100],
           us[TAIL_CALLS - 1]);
    return true;
}

static bool create(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    static int64_t n;
    const char *json = arena_printf(
        c->a,
        "{\"name\":\"杭州云帆%s%07" PRId64 "信息技术有限公司\",\"phone\":\"139%08" PRId64
        "\",\"industry\":\"it\",\"source\":\"website\",\"level\":\"key\",\"region\":330106,"
        "\"address_detail\":\"文三路 90 号\"}",
        arg, n, (c->now_ms / 1000 * 1000 + n) % 100000000);
    SaveOptions o = {.if_version = -1, .origin = "web"};
    json_object *in;
    int64_t id;
    (void)b, (void)out;
    n++;
    return json_read(c, json, strlen(json), &in) &&
           rec_create(c, model_entity(c->model, "customer"), in, &o, &id);
}

/* A word of the search document changes each time, of another customer. */
static bool update(Ctx *c, Bench *b, const char *arg, Buf *out)
{
    (void)arg, (void)out;
    int n = b->turn++;
    const char *json = arena_printf(c->a, "{\"address_detail\":\"文三路 %d 号\"}", n);
    SaveOptions o = {.if_version = -1, .origin = "web"};
    json_object *in;
    return json_read(c, json, strlen(json), &in) &&
           rec_update(c, model_entity(c->model, "customer"), b->spread[n % SPREAD], in, &o, NULL);
}

/* The lists of a representative: his own in one status by their last follow-up; what is new in one district. */
static bool filtered(Bench *b)
{
    Ctx *c = &b->app.c;
    DbVal p[] = {db_of_int(b->some_id)};
    int64_t owner = 0, region = 0;
    if (!db_one_int(c, SQL("SELECT owner_id FROM \"customer\" WHERE id = $1"), p, 1, &owner,
                    NULL) ||
        !db_one_int(c, SQL("SELECT region FROM \"customer\" WHERE id = $1"), p, 1, &region, NULL))
        return false;
    db_release(c);
    return figure(b, "filtered", list_filtered,
                  arena_printf(c->a,
                               "-last_follow_up_at [\"and\",[\"owner\",\"=\",%" PRId64
                               "],[\"lifecycle\",\"=\",\"interested\"]]",
                               owner)) &&
           figure(b, "district", list_filtered,
                  arena_printf(c->a, "-created_at [\"region\",\"=\",%" PRId64 "]", region));
}

/* Name and number of a customer there is; a name and a number that nobody has; a name half typed. */
static bool hints(Bench *b)
{
    Ctx *c = &b->app.c;
    DbVal p[] = {db_of_int(b->some_id)};
    const char *name = NULL, *phone = NULL;
    if (!db_one_text(c, SQL("SELECT name FROM \"customer\" WHERE id = $1"), p, 1, &name, NULL) ||
        !db_one_text(c, SQL("SELECT phone FROM \"customer\" WHERE id = $1"), p, 1, &phone, NULL))
        return false;
    db_release(c);
    return figure(b, "hint.found", hint,
                  arena_printf(c->a, "{\"name\":\"%s\",\"phone\":\"%s\"}", name, phone)) &&
           figure(b, "hint.none", hint,
                  "{\"name\":\"没有人用的名字有限公司\",\"phone\":\"19900000001\","
                  "\"primary_contact\":{\"name\":\"钱明\",\"mobile\":\"19900000002\"}}") &&
           figure(b, "hint.typing", hint, "{\"name\":\"上海华为\"}");
}

/* Of customers that the maker made: those that --creates left are the youngest, all of one owner and district. */
static bool brief(Bench *b)
{
    if (!find_spread(b))
        return false;
    b->some_id = b->spread[SPREAD / 2];
    return figure(b, "list", list, "first") && filtered(b) &&
           figure(b, "search", search_customers, "华为") &&
           figure(b, "keystroke", search_customers, "hw") && figure(b, "page", some_page, "") &&
           hints(b) &&
           (!b->creates || (figure(b, "create", create, ctx_num(&b->app.c, b->app.c.now_ms)) &&
                            figure(b, "update", update, "")));
}

static bool all(Bench *b)
{
    static const char *const words[] = {"华为", "华", "huawei", "hw",
                                        "hwkj", "h",  "hua",    "有限公司"};
    size_t n_words = b->word ? 1 : sizeof words / sizeof *words;
    const char *digits;
    if (b->tails)
        return find_spread(b) && tail(b, "list", list) && tail(b, "search", some_search) &&
               tail(b, "detail", some_page);
    if (b->brief)
        return brief(b);
    bool ok =
        figure(b, "list.first", list, "first") && figure(b, "list.deep", list, "deep") &&
        figure(b, "list.counted", list_counted, "") &&
        (b->others || (figure(b, "detail", detail, "") && figure(b, "timeline", timeline, "") &&
                       figure(b, "timeline q", timeline, "报价"))) &&
        hints(b) && phone_tail(b, &digits);
    db_release(&b->app.c);
    for (size_t i = 0; ok && i < n_words; i++) {
        Arena *a = b->app.a;
        const char *w = b->word ? b->word : words[i];
        ok = figure(b, arena_printf(a, "search.%s", w), search_customers, w) &&
             (b->only_customers || figure(b, arena_printf(a, "search_all.%s", w), search, w)) &&
             figure(b, arena_printf(a, "list_q.%s", w), list_q, w);
    }
    return ok && figure(b, "search.phone tail", search_customers, digits) &&
           figure(b, "list_q.phone tail", list_q, digits) &&
           (!b->creates || figure(b, "create", create, ctx_num(&b->app.c, b->app.c.now_ms)));
}

int main(int argc, char **argv)
{
    Args args = {argc - 1, argv + 1};
    AppOptions o = {.dir = args_take(&args, "--data"),
                    .database = args_take(&args, "--database"),
                    .keep_schema = true};
    const char *login = args_take(&args, "--login"), *rounds = args_take(&args, "--rounds");
    const char *depth = args_take(&args, "--depth");
    const char *word = args_take(&args, "--word");
    bool others = args_flag(&args, "--others"), cpu = args_flag(&args, "--cpu"),
         only_customers = args_flag(&args, "--only-customers"),
         creates = args_flag(&args, "--creates"), brief = args_flag(&args, "--short"),
         tails = args_flag(&args, "--tails");
    if (!o.dir || !login || !args_done(&args, 0))
        return usage("bench_engine --data DIR [--database URL] --login L [--rounds N] [--depth N] "
                     "[--word W]");
    Bench b = {.rounds = rounds ? (int)strtol(rounds, NULL, 10) : 5,
               .others = others,
               .word = word,
               .cpu = cpu,
               .creates = creates,
               .brief = brief,
               .tails = tails,
               .only_customers = only_customers};
    if (b.rounds < 1 || b.rounds > MAX_ROUNDS || !app_open(&b.app, &o))
        return 1;
    b.app.c.deadline_ms = 0;
    Actor *me;
    bool ok = actor_of_login(&b.app.c, login, CH_WEB, &me);
    b.me = me;
    ok = ok && find_backend(&b);
    ok = ok && find_depth(&b, depth ? strtoll(depth, NULL, 10) : 1000);
    db_release(&b.app.c);
    ok = ok && all(&b);
    int status = ok ? 0 : app_fail(&b.app);
    app_close(&b.app);
    return status;
}
