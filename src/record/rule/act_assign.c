/*
 * The action "assign": another owner for the record. To one person, to several in turns, to whoever has the
 * fewest records, or back to who had it before. The owner of the rule must be allowed to hand it over.
 */
#include <string.h>

#include "base/json_read.h"
#include "entity_ids.h"
#include "record/notify.h"
#include "record/rule/impl.h"
#include "record/save.h"

enum { PEOPLE = 200, LOAD_MOST = 5000 };

static const char *const ways[] = {"user", "round_robin", "least_loaded", "previous_owner"};

static bool is_way(const char *how, const char *way)
{
    return strcmp(how, way) == 0;
}

static bool check(Ctx *c, const Entity *e, json_object *in)
{
    (void)e;
    const char *how = json_str(in, "how", "");
    json_object *users = json_member(in, "users"), *max = json_member(in, "max");
    size_t n = json_length(users);
    bool known = false, department = json_int(in, "department", 0) > 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        known |= is_way(how, ways[i]);
    if (!known)
        return ctx_fail(c, ERR_ENUM_UNKNOWN, "actions", "rule.assign_how");
    if (max && (!json_object_is_type(max, json_type_int) || json_object_get_int64(max) < 1 ||
                json_object_get_int64(max) > LOAD_MOST))
        return ctx_fail(c, ERR_INVALID, "actions", "rule.assign_max", ctx_num(c, LOAD_MOST));
    if ((n == 0 && !department && !is_way(how, "previous_owner")) || n > PEOPLE ||
        (is_way(how, "user") && n != 1))
        return ctx_fail(c, ERR_REQUIRED, "actions",
                        is_way(how, "user") ? "rule.assign_one" : "rule.assign_users",
                        ctx_num(c, PEOPLE));
    for (size_t i = 0; i < n; i++)
        if (!json_object_is_type(json_object_array_get_idx(users, i), json_type_int))
            return ctx_fail(c, ERR_INVALID, "actions", "rule.assign_users", ctx_num(c, PEOPLE));
    return true;
}

/* Who may get it: the active ones of the list and of the department and those below it, by id. */
static int candidates(Ctx *c, json_object *in, int64_t *out)
{
    json_object *users = json_member(in, "users");
    int64_t ids[PEOPLE], department = json_int(in, "department", 0);
    int n = 0;
    size_t len = json_length(users);
    for (size_t i = 0; i < len && i < PEOPLE; i++)
        ids[n++] = json_object_get_int64(json_object_array_get_idx(users, i));
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT u.\"id\" FROM \"user\" u WHERE u.\"status\" = 'active' AND "
                    "u.\"deleted_at\" IS NULL AND (u.\"id\" IN "));
    sql_bind_ids(&q, ids, n);
    if (department) {
        sql_add(&q, SQL(" OR u.\"department_id\" IN (SELECT d.\"id\" FROM \"department\" d, "
                        "\"department\" r WHERE r.\"id\" = "));
        sql_bind(&q, db_of_int(department));
        sql_add(&q, SQL(" AND d.\"deleted_at\" IS NULL AND d.\"path\" >= r.\"path\" AND d.\"path\" "
                        "< r.\"path\" || "));
        sql_bind(&q, db_of_text("\xF4\x8F\xBF\xBF"));
        sql_add(&q, SQL(")"));
    }
    sql_add(&q, SQL(") ORDER BY u.\"id\" LIMIT "));
    sql_number(&q, PEOPLE);
    return db_ids_most(c, sql_query(c, &q), out, PEOPLE, &n) ? n : -1;
}

/* How many live records each has, counted up to LOAD_MOST: one statement of index ranges. */
static bool loads(Ctx *c, const Entity *e, int64_t but, const int64_t *users, int n, int64_t *out)
{
    Sql q;
    int mark = c->n_err;
    sql_init(&q, c->a);
    for (int i = 0; i < n; i++) {
        sql_add(&q, i ? SQL(" UNION ALL SELECT ") : SQL("SELECT "));
        sql_number(&q, i);
        sql_add(&q, SQL(" AS k, count(*) AS n FROM (SELECT 1 FROM "));
        sql_name(&q, e->name);
        sql_add(&q, SQL(" AS t WHERE t.\"owner_id\" = "));
        sql_bind(&q, db_of_int(users[i]));
        sql_add(&q, SQL(" AND t.\"deleted_at\" IS NULL AND t.\"archived_at\" IS NULL AND t.\"id\" "
                        "<> "));
        sql_bind(&q, db_of_int(but));
        sql_add(&q, SQL(" LIMIT "));
        sql_number(&q, LOAD_MOST);
        sql_add(&q, SQL(") AS s"));
        out[i] = 0;
    }
    DbRows *r = sql_query(c, &q);
    if (!r)
        return false;
    while (db_step(r))
        out[db_int(r, 0)] = db_int(r, 1);
    db_done(r);
    return c->n_err == mark;
}

/* Takes out of users those who have max or more; *n moves. */
static void without_full(int64_t *users, int64_t *load, int *n, int64_t max)
{
    int kept = 0;
    for (int i = 0; i < *n; i++)
        if (!max || load[i] < max) {
            users[kept] = users[i];
            load[kept++] = load[i];
        }
    *n = kept;
}

/* Whose the record was before, by its history; for a new one: whose another with the same name is or was. 0 for nobody. */
static bool previous_owner(Ctx *c, const RuleFire *f, int64_t *out)
{
    const Field *t = f->e->title;
    DbVal p[] = {db_of_text(f->e->name), db_of_int(f->r->id)};
    int mark = c->n_err;
    *out = 0;
    DbRows *r = db_query(c,
                         SQL("SELECT \"changes\" FROM \"history\" WHERE \"entity\" = $1 AND "
                             "\"record_id\" = $2 AND \"action\" = 'transfer' ORDER BY \"at\" DESC, "
                             "\"id\" DESC LIMIT 10"),
                         p, 2);
    if (!r)
        return false;
    while (!*out && db_step(r)) {
        json_object *o = NULL, *pair;
        const char *text = arena_str(c->a, db_text(r, 0));
        if (!json_read(c, text, strlen(text), &o))
            break;
        pair = json_member(o, "owner");
        if (pair && json_object_is_type(pair, json_type_array) &&
            json_object_array_length(pair) == 2)
            *out = json_object_get_int64(json_object_array_get_idx(pair, 0));
    }
    db_done(r);
    if (c->n_err > mark || *out || t->match == MATCH_NONE || f->r->v[t->index].kind != DB_TEXT)
        return c->n_err == mark;
    Sql q;
    sql_init(&q, c->a);
    sql_add(&q, SQL("SELECT t.\"owner_id\" FROM "));
    sql_name(&q, f->e->name);
    sql_add(&q, SQL(" AS t WHERE "));
    sql_col(&q, "t", arena_printf(c->a, "%s_k", t->column));
    sql_add(&q, SQL(" = "));
    sql_bind(&q, type_match_key(c->a, t, &f->r->v[t->index]));
    sql_add(&q, SQL(" AND t.\"deleted_at\" IS NULL AND t.\"id\" <> "));
    sql_bind(&q, db_of_int(f->r->id));
    sql_add(&q, SQL(" ORDER BY t.\"id\" DESC LIMIT 1"));
    return db_one_int(c, sql_text(&q), q.params, q.n, out, NULL);
}

/* Who it goes to, 0: nobody, which has been said. */
static bool choose(Ctx *c, const RuleFire *f, json_object *in, int64_t *out)
{
    const char *how = json_str(in, "how", "");
    int64_t users[PEOPLE], load[PEOPLE] = {0}, turn = f->nth, max = json_int(in, "max", 0);
    bool least = is_way(how, "least_loaded");
    *out = 0;
    int n = candidates(c, in, users);
    if (n < 0)
        return false;
    if (is_way(how, "previous_owner")) {
        int64_t before;
        json_object *one = json_object_new_array();
        if (!previous_owner(c, f, &before))
            return false;
        json_object_array_add(one, json_object_new_int64(before));
        int there = before ? rule_people(c, f, one, out, 1) : 0;
        json_object_put(one);
        if (there < 0)
            return false;
        if (there == 1) {
            rule_say(c, f, "rule.why_previous", rule_user_name(c, f, *out));
            return true;
        }
        *out = 0;
    }
    if ((least || max) && n > 0) {
        if (least && !f->dry && /* two at once would count the same */
            !db_alone(c, arena_printf(c->a, "rule.%s", ctx_num(c, f->rule))))
            return false;
        if (!loads(c, f->e, f->r->id, users, n, load))
            return false;
        without_full(users, load, &n, max);
    }
    if (n == 0) {
        rule_say(c, f, "rule.did_assign_nobody");
        return true;
    }
    if (!least && n > 1 && !f->dry && !rule_turn(c, f, &turn))
        return false;
    int best = (int)(turn % n);
    for (int i = 0; i < n && least; i++)
        if (load[i] < load[best] || (i < best && load[i] == load[best]))
            best = i;
    *out = users[best];
    if (least)
        rule_say(c, f, "rule.why_least", rule_user_name(c, f, *out), ctx_num(c, load[best]));
    else if (n > 1)
        rule_say(c, f, "rule.why_turn", rule_user_name(c, f, *out));
    else
        rule_say(c, f, "rule.why_user", rule_user_name(c, f, *out));
    return true;
}

static bool hand_over(Ctx *c, const RuleFire *f, int64_t owner)
{
    Record r;
    if (!rec_get_for(c, f->e, f->r->id, ACT_TRANSFER, &r))
        return false;
    json_object *in = rec_input(c);
    json_object_object_add(in, "owner", json_object_new_int64(owner));
    /* the owner of the rule hands it over: what a flow holds is held for him, too */
    SaveOptions o = {.if_version = r.version, .trusted = true, .held = true, .origin = "rule"};
    SaveWork *w = save_new(c, f->e, r.id, in, &o, "transfer");
    w->reason = f->name;
    if (!save_run(c, w))
        return false;
    Notice n = {owner, "transferred", f->e->name, r.id, notify_name(c, f->e, r.v), &f->e->label};
    return rule_tell(c, f, &n, "rule.assigned", f->name);
}

static bool run(Ctx *c, const RuleFire *f, json_object *in)
{
    int64_t owner;
    const DbVal *now = &f->r->v[STD_OWNER];
    if (!choose(c, f, in, &owner))
        return false;
    if (!owner || f->dry)
        return true;
    if (now->kind == DB_INT && now->i == owner) {
        rule_say(c, f, "rule.did_assign_same");
        return true;
    }
    return hand_over(c, f, owner);
}

const RuleActionKind rule_assign = {
    .name = "assign",
    .fields_json =
        "{\"how\":{\"type\":\"option\",\"required\":true,\"options\":[\"user\",\"round_robin\","
        "\"least_loaded\",\"previous_owner\"]},\"users\":{\"type\":\"users\"},\"department\":{"
        "\"type\":\"department\"},\"max\":{\"type\":\"int\"}}",
    .check = check,
    .run = run,
};
