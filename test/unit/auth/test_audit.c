/* The chain of the audit log: sealing, and a thousand ways to tamper, each found at its row. */
#include "house.h"

enum { ROWS_MOST = 10000, MUTATIONS = 1000 };
static int rows = 400;             /* ZHIKE_TEST_AUDIT_ROWS */
static int64_t ids[ROWS_MOST + 1]; /* by seq */
static char anchor[96];
static uint64_t seed = 20261121;

static int below(int n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)n);
}

static bool write_some(Ctx *c, void *arg)
{
    int n = *(int *)arg;
    for (int i = 0; i < n; i++) {
        AuditEntry e = {.action = "update",
                        .entity = "customer",
                        .record = i + 1,
                        .record_name = arena_printf(c->a, "CUS%d", i),
                        .changes = "{\"fields\":[\"level\"]}"};
        if (!audit_add(c, &e))
            return false;
    }
    return true;
}

static bool empty(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("DELETE FROM \"audit_log\""), NULL, 0);
}

static bool unseal(Ctx *c, void *arg)
{
    (void)arg;
    return db_exec(c, SQL("UPDATE \"audit_log\" SET seq = NULL, hash = NULL, prev_hash = NULL"),
                   NULL, 0);
}

static const char *last_hash(Ctx *c)
{
    const char *hash = NULL;
    OK(c, db_one_text(c, SQL("SELECT hash FROM \"audit_log\" ORDER BY seq DESC LIMIT 1"), NULL, 0,
                      &hash, NULL));
    return hash;
}

static int64_t count(Ctx *c, SqlText sql)
{
    int64_t n = -1;
    OK(c, db_one_int(c, sql, NULL, 0, &n, NULL));
    return n;
}

/*
 * SQLite: the rows were chained as they were written. Returns the hash of the last, and takes the
 * seals away, so that the sealer has what an older program or another engine left. PostgreSQL: NULL.
 */
static const char *sealed_at_once(Ctx *c)
{
    int64_t open = count(c, SQL("SELECT COUNT(*) FROM \"audit_log\" WHERE seq IS NULL")), n, broken;
    if (db_is_pg(house_db)) {
        assert_int_equal(open, rows);
        return NULL;
    }
    assert_int_equal(open, 0);
    OK(c, audit_verify(c, NULL, &n, &broken));
    assert_int_equal(n, rows);
    assert_int_equal(broken, 0);
    const char *hash = last_hash(c);
    OK(c, db_write(c, unseal, NULL));
    return hash;
}

static int sealed_log(void **state)
{
    if (house_open(state))
        return 1;
    (void)snprintf(anchor, sizeof anchor, "%s/audit.head", house_dir);
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    OK(&c, db_write(&c, empty, NULL));
    int n = rows, sealed;
    bool left;
    OK(&c, db_write(&c, write_some, &n));
    const char *at_once = sealed_at_once(&c);
    OK(&c, audit_seal(&c, 300, &sealed, &left));
    assert_int_equal(sealed, 300);
    assert_true(left);
    OK(&c, audit_anchor_update(&c, anchor));
    OK(&c, audit_seal(&c, rows, &sealed, &left));
    assert_int_equal(sealed, rows - 300);
    assert_false(left);
    OK(&c, audit_anchor_update(&c, anchor));
    OK(&c, audit_seal(&c, 300, &sealed, &left));
    assert_int_equal(sealed, 0);
    if (at_once) /* both ways make the same chain */
        assert_string_equal(last_hash(&c), at_once);
    DbRows *r = db_query(&c, SQL("SELECT seq, id FROM \"audit_log\" ORDER BY seq"), NULL, 0);
    assert_non_null(r);
    while (db_step(r))
        ids[db_int(r, 0)] = db_int(r, 1);
    db_done(r);
    house_end(a);
    return 0;
}

static void check(int64_t want_rows, int64_t want_broken, const char *path)
{
    Ctx c;
    Arena *a = arena_new(0);
    int64_t n, broken;
    house_ctx(&c, a);
    OK(&c, audit_verify(&c, path, &n, &broken));
    assert_int_equal(broken, want_broken);
    if (want_rows)
        assert_int_equal(n, want_rows);
    house_end(a);
}

static void whole(void **state)
{
    (void)state;
    check(rows, 0, anchor);
    check(rows, 0, NULL);
}

/* One mutation in a transaction that is undone again: kind, the row, and where it must be found. */
typedef struct Mutation {
    int kind, row, other;
    int64_t want, got, rows;
} Mutation;

static bool mutate(Ctx *c, void *arg)
{
    Mutation *m = arg;
    DbVal row[] = {db_of_int(m->row)}, two[] = {db_of_int(m->row), db_of_int(m->other)};
    DbVal copy[] = {db_of_int(m->row), db_of_int(id_new())};
    bool ok = false;
    m->want = ids[m->row];
    switch (m->kind) {
    case 0:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET record_id = record_id + 1 WHERE seq = $1"),
                     row, 1);
        break;
    case 1:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET at = at - 1 WHERE seq = $1"), row, 1);
        break;
    case 2:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET action = 'updatf' WHERE seq = $1"), row, 1);
        break;
    case 3:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET user_name = NULL WHERE seq = $1"), row, 1);
        break;
    case 4:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET changes = NULL WHERE seq = $1"), row, 1);
        break;
    case 5:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET result = 'denied' WHERE seq = $1"), row, 1);
        break;
    case 6:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET hash = prev_hash WHERE seq = $1"), row, 1);
        break;
    case 7:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET ip = '10.1.1.1' WHERE seq = $1"), row, 1);
        break;
    case 8:
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET entity = 'contact' WHERE seq = $1"), row, 1);
        break;
    case 9: /* a row taken out: the next does not follow */
        ok = db_exec(c, SQL("DELETE FROM \"audit_log\" WHERE seq = $1"), row, 1);
        m->want = m->row < rows ? ids[m->row + 1] : ids[rows];
        break;
    case 10: /* two rows change places */
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET seq = -1 WHERE seq = $1"), row, 1) &&
             db_exec(c, SQL("UPDATE \"audit_log\" SET seq = $1 WHERE seq = $2"), two, 2) &&
             db_exec(c, SQL("UPDATE \"audit_log\" SET seq = $2 WHERE seq = -1 AND $1 > 0"), two, 2);
        m->want = m->row < m->other ? ids[m->other] : ids[m->row];
        break;
    case 11: /* a row put in between: the others are pushed back first */
        ok = db_exec(c, SQL("UPDATE \"audit_log\" SET seq = -seq - 1 WHERE seq >= $1"), row, 1) &&
             db_exec(c, SQL("UPDATE \"audit_log\" SET seq = -seq WHERE seq < 0"), NULL, 0) &&
             db_exec(c,
                     SQL("INSERT INTO \"audit_log\" (id, seq, at, action, result, prev_hash, hash) "
                         "SELECT $2, $1, at, action, result, prev_hash, hash FROM \"audit_log\" "
                         "WHERE seq = $1 + 1"),
                     copy, 2);
        m->want = copy[1].i;
        break;
    default: /* the tail cut off */
        ok = db_exec(c, SQL("DELETE FROM \"audit_log\" WHERE seq >= $1"), row, 1);
        m->want = ids[rows];
        break;
    }
    /* verified inside, undone by failing */
    if (ok)
        ok = audit_verify(c, anchor, &m->rows, &m->got);
    return ok ? ctx_fail(c, ERR_CONFLICT, NULL, "err.stale") : false;
}

static void tampered(void **state)
{
    (void)state;
    int missed = 0;
    for (int i = 0; i < MUTATIONS; i++) {
        Ctx c;
        Arena *a = arena_new(0);
        house_ctx(&c, a);
        Mutation m = {.kind = i % 13, .row = 1 + below(rows), .other = 1 + below(rows), .got = -1};
        while (m.other == m.row)
            m.other = 1 + below(rows);
        assert_false(db_write(&c, mutate, &m));
        assert_int_equal(c.err->code, ERR_CONFLICT);
        if (m.got != m.want) {
            fprintf(stderr, "kind %d row %d other %d: found %lld, wanted %lld\n", m.kind, m.row,
                    m.other, (long long)m.got, (long long)m.want);
            missed++;
        }
        house_end(a);
    }
    assert_int_equal(missed, 0);
    check(rows, 0, anchor);
}

typedef struct Rewrite {
    int64_t got, rows;
    bool moved_on;
} Rewrite;

/* The whole chain made anew fits in itself; only the anchor tells, and the sealer does not move it on. */
static bool rewrite(Ctx *c, void *arg)
{
    Rewrite *w = arg;
    int sealed;
    bool left;
    int64_t fine;
    if (!db_exec(c,
                 SQL("UPDATE \"audit_log\" SET record_id = 7, seq = NULL, hash = NULL, prev_hash = "
                     "NULL"),
                 NULL, 0) ||
        !audit_seal(c, rows + 1, &sealed, &left) || !audit_verify(c, NULL, &w->rows, &fine) ||
        fine != 0 || !audit_verify(c, anchor, &w->rows, &w->got))
        return ctx_fail(c, ERR_INTERNAL, NULL, "err.internal");
    w->moved_on = audit_anchor_update(c, anchor);
    return w->moved_on ? ctx_fail(c, ERR_INTERNAL, NULL, "err.internal") : false;
}

static void rewritten(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_ctx(&c, a);
    Rewrite w = {.moved_on = true};
    assert_false(db_write(&c, rewrite, &w));
    assert_int_equal(c.err->code, ERR_CONFLICT);
    assert_false(w.moved_on);
    assert_int_equal(w.got, ids[rows]);
    house_end(a);
    check(rows, 0, anchor);
}

/* An anchor that is none of ours is told, also one whose number no row can have. */
static void foreign_anchor(void **state)
{
    static const char *const bad[] = {"", "zhike-audit 1 5",
                                      "zhike-audit 1 99999999999999999999 1 ",
                                      "zhike-audit 1 9999999999999999999 1 "};
    (void)state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/other.head", house_dir);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Ctx c;
        Arena *a = arena_new(0);
        int64_t n, broken;
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fprintf(f, "%s%064d\n", bad[i], 0) > 0);
        assert_int_equal(fclose(f), 0);
        house_ctx(&c, a);
        assert_false(audit_verify(&c, path, &n, &broken));
        assert_int_equal(c.err->code, ERR_CONFLICT);
        house_end(a);
    }
}

/* A note is written although mistakes were recorded before, and they stay. */
static void notes(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    house_as(&c, a, "rep");
    (void)ctx_fail(&c, ERR_FORBIDDEN, NULL, "err.forbidden");
    AuditEntry e = {.action = "export", .entity = "customer", .result = "denied"};
    assert_true(audit_note(&c, &e));
    assert_int_equal(c.n_err, 1);
    int64_t n = 0;
    ctx_errors_back_to(&c, 0);
    OK(&c,
       db_one_int(
           &c,
           SQL("SELECT COUNT(*) FROM \"audit_log\" WHERE action = 'export' AND result = 'denied' "
               "AND user_name = '张三' AND user_name_f = '张三'"),
           NULL, 0, &n, NULL));
    assert_int_equal(n, 1);
    assert_int_equal(count(&c, SQL("SELECT COUNT(*) FROM \"audit_log\" WHERE seq IS NULL")),
                     db_is_pg(house_db) ? 1 : 0);
    const char *const names[] = {"level"};
    const char *changes = audit_changes(&c, names, 1, "一般", "重要");
    assert_null(strstr(changes, "重要")); /* never values */
    assert_non_null(strstr(changes, "\"level\""));
    house_end(a);
}

static bool undone(Ctx *c, void *arg)
{
    int one = 1;
    (void)arg;
    return write_some(c, &one) && ctx_fail(c, ERR_CONFLICT, NULL, "err.stale");
}

/* Rows before and behind an undone step and an undone write: the chain goes on from what stands. */
static bool around(Ctx *c, void *arg)
{
    int two = 2;
    (void)arg;
    if (!write_some(c, &two))
        return false;
    assert_false(db_try(c, undone, NULL));
    ctx_errors_back_to(c, 0);
    return write_some(c, &two);
}

static void gone_on(void **state)
{
    (void)state;
    Ctx c;
    Arena *a = arena_new(0);
    int64_t n, broken, before;
    int sealed;
    bool left;
    house_ctx(&c, a);
    OK(&c, audit_seal(&c, rows, &sealed, &left));
    OK(&c, audit_head_seq(&c, &before));
    for (int i = 0; i < 3; i++) {
        OK(&c, db_write(&c, around, NULL));
        assert_false(db_write(&c, undone, NULL));
        ctx_errors_back_to(&c, 0);
    }
    if (!db_is_pg(house_db)) {
        OK(&c, audit_head_seq(&c, &n));
        assert_int_equal(n, before + 12);
    }
    OK(&c, audit_seal(&c, rows, &sealed, &left));
    assert_int_equal(sealed, db_is_pg(house_db) ? 12 : 0);
    OK(&c, audit_verify(&c, anchor, &n, &broken));
    assert_int_equal(broken, 0);
    assert_int_equal(n, before + 12);
    house_end(a);
}

/* The row is written by a text of its own: a companion column of a new field must not be forgotten there. */
static void columns(void **state)
{
    (void)state;
    const Entity *e = model_entity(house_model, "audit_log");
    for (int i = 0; i < e->n_fields; i++) {
        const Field *f = &e->fields[i];
        bool folded = f->column && f->fold;
        assert_int_equal(folded, strcmp(f->name, "user_name") == 0);
        assert_false(f->column && f->sort && f->type == FT_STRING);
        assert_int_equal(f->match, MATCH_NONE);
    }
}

int main(void)
{
    const char *more = getenv("ZHIKE_TEST_AUDIT_ROWS");
    if (more)
        rows = (int)strtol(more, NULL, 10);
    if (rows <= 300 || rows > ROWS_MOST)
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),          cmocka_unit_test(tampered), cmocka_unit_test(rewritten),
        cmocka_unit_test(foreign_anchor), cmocka_unit_test(notes),    cmocka_unit_test(gone_on),
        cmocka_unit_test(columns),
    };
    return house_run(tests, sealed_log);
}
