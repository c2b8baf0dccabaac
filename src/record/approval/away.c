/* Who answers in the place of somebody who is on leave, or who left. See impl.h. */
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/vec.h"
#include "db/sql.h"
#include "record/approval/impl.h"

enum { CHAIN_MOST = 20 };

bool approval_aways(Ctx *c, ApprovalAways *out)
{
    VEC(ApprovalAway) all = {0};
    char today[11];
    int mark = c->n_err;
    clock_day_of(c->now_ms, conf_text("company.zone"), today);
    DbVal p[] = {db_of_text(today)};
    DbRows *r = db_query(c,
                         SQL("SELECT \"id\", \"deputy_id\" FROM \"user\" WHERE \"away_to\" >= $1 "
                             "AND \"away_from\" <= $1 AND \"deputy_id\" IS NOT NULL AND "
                             "\"deleted_at\" IS NULL"),
                         p, 1);
    *out = (ApprovalAways){0};
    if (!r)
        return false;
    while (db_step(r))
        vec_push(c->a, &all, (ApprovalAway){db_int(r, 0), db_int(r, 1)});
    db_done(r);
    *out = (ApprovalAways){all.items, (int)all.n};
    return c->n_err == mark;
}

/* His deputy; 0: he is here. */
static int64_t deputy_of(const ApprovalAways *away, int64_t person)
{
    for (int i = 0; i < away->n; i++)
        if (away->all[i].user == person)
            return away->all[i].deputy;
    return 0;
}

bool approval_is_away(const ApprovalAways *away, int64_t person)
{
    return deputy_of(away, person) != 0;
}

/* ---- votes that stay apart --------------------------------------------------------------------- */

/* The parts of a step since the request was sent back last: owner, for whom he has it, state. */
static DbRows *parts_of(Ctx *c, int64_t request, int step)
{
    DbVal p[] = {db_of_int(request), db_of_int(step)};
    return db_query(
        c,
        SQL("SELECT \"owner_id\", coalesce(\"deputy_for_id\", \"owner_id\"), \"state\" FROM "
            "\"approval_task\" WHERE \"request_id\" = $1 AND \"step\" = $2 AND \"kind\" = "
            "'agree' AND \"deleted_at\" IS NULL AND (\"state\" = 'waiting' OR \"done_at\" > "
            "(SELECT coalesce(MAX(\"done_at\"), 0) FROM \"approval_task\" WHERE \"request_id\" "
            "= $1 AND \"state\" = 'sent_back'))"),
        p, 2);
}

bool approval_agreed(Ctx *c, int64_t request, int step, int64_t user, bool *out)
{
    int mark = c->n_err;
    DbRows *r = parts_of(c, request, step);
    *out = false;
    if (!r)
        return false;
    while (db_step(r))
        *out = *out || (db_int(r, 0) == user && strcmp(db_text(r, 2), "agreed") == 0);
    db_done(r);
    return c->n_err == mark;
}

/* One who is sought in the place of somebody. */
typedef struct Search {
    const ApprovalAways *away;
    int64_t person, requester;
    int64_t *taken; /* may not answer for him: they have a vote of their own */
    int n_taken;
} Search;

static bool is_taken(const Search *s, int64_t person)
{
    for (int i = 0; i < s->n_taken; i++)
        if (s->taken[i] == person)
            return true;
    return false;
}

/* Where one is enough, nobody is taken: a second vote would be none. */
static bool search_of(Ctx *c, const ApprovalAways *away, const ApprovalPart *part, int64_t person,
                      Search *out)
{
    ApprovalStep steps[APPROVAL_STEPS_MOST];
    VEC(int64_t) taken = {0};
    const char *text = NULL;
    int n = 0, mark = c->n_err;
    DbVal p[] = {db_of_int(part->request)};
    *out = (Search){.away = away, .person = person, .requester = part->requester};
    if (!db_one_text(c, SQL("SELECT \"steps\" FROM \"change_request\" WHERE \"id\" = $1"), p, 1,
                     &text, NULL) ||
        (text && !approval_steps(c, text, true, steps, &n)))
        return false;
    if (!text || part->step >= n || !steps[part->step].all)
        return true;
    DbRows *r = parts_of(c, part->request, part->step);
    if (!r)
        return false;
    while (db_step(r)) /* who had this very seat before may have it again, unless he has used it */
        if (db_int(r, 1) != person || strcmp(db_text(r, 2), "agreed") == 0)
            vec_push(c->a, &taken, db_int(r, 0));
    db_done(r);
    out->taken = taken.items;
    out->n_taken = (int)taken.n;
    return c->n_err == mark;
}

/* ---- who it is --------------------------------------------------------------------------------- */

/* The first of them who is here and may answer. */
static int64_t first_here(const Search *s, const int64_t *people, int n)
{
    for (int i = 0; i < n; i++)
        if (people[i] != s->person && people[i] != s->requester && !is_taken(s, people[i]) &&
            !deputy_of(s->away, people[i]))
            return people[i];
    return 0;
}

/* Whoever stands above: the head of the department, the manager, the management, the administrators. 0: nobody. */
static bool above(Ctx *c, const Search *s, int64_t *out)
{
    static const char *const roles[] = {"management", "system_admin"};
    int64_t people[APPROVAL_PEOPLE_MOST];
    *out = 0;
    for (int i = 0; i < 2 && !*out; i++) {
        int n = 0;
        if (!approval_upwards(c, s->person, i == 0, people, &n))
            return false;
        *out = first_here(s, people, n);
    }
    for (int i = 0; i < 2 && !*out; i++) {
        int n;
        if (!approval_holders(c, roles[i], s->requester, people, &n))
            return false;
        *out = first_here(s, people, n);
    }
    return true;
}

/* Along the deputies; 0 where the way ends in the requester, in one with another vote, in somebody who left or in a circle. */
static bool along(Ctx *c, const Search *s, int64_t person, int64_t *out)
{
    bool is_active;
    *out = 0;
    for (int i = 0; i < CHAIN_MOST; i++) {
        int64_t next = deputy_of(s->away, person);
        if (person == s->requester)
            return true;
        if (!next) {
            if (!approval_active(c, person, &is_active))
                return false;
            *out = is_active && !is_taken(s, person) ? person : 0;
            return true;
        }
        person = next;
    }
    return true; /* so long a way is a circle */
}

bool approval_seat(Ctx *c, const ApprovalAways *away, const ApprovalPart *part, int64_t person,
                   int64_t *out)
{
    Search s;
    *out = person;
    if (!deputy_of(away, person))
        return true;
    if (!search_of(c, away, part, person, &s) || !along(c, &s, person, out) ||
        (!*out && !above(c, &s, out)))
        return false;
    *out = *out ? *out : person;
    return true;
}

bool approval_heir(Ctx *c, const ApprovalAways *away, const ApprovalPart *part, int64_t person,
                   int64_t *out)
{
    DbVal p[] = {db_of_int(person)};
    int64_t heir = 0;
    bool found;
    Search s;
    *out = 0;
    if (!search_of(c, away, part, person, &s) ||
        !db_one_int(c,
                    SQL("SELECT coalesce(\"handover_to_id\", 0) FROM \"user\" WHERE \"id\" = $1"),
                    p, 1, &heir, &found) ||
        (heir && !along(c, &s, heir, out)) || (!*out && !above(c, &s, out)))
        return false;
    if (*out)
        return true;
    /* all of them are on leave: better one of these than nobody */
    const ApprovalAways none = {0};
    s.away = &none;
    return above(c, &s, out) && (*out || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody"));
}
