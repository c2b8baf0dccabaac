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

/* The first of them who is here and may answer. */
static int64_t first_here(const ApprovalAways *away, const int64_t *people, int n, int64_t person,
                          int64_t requester)
{
    for (int i = 0; i < n; i++)
        if (people[i] != person && people[i] != requester && !deputy_of(away, people[i]))
            return people[i];
    return 0;
}

/* Whoever stands above: the head of the department, the manager, the management, the administrators. 0: nobody. */
static bool above(Ctx *c, const ApprovalAways *away, int64_t person, int64_t requester,
                  int64_t *out)
{
    static const char *const roles[] = {"management", "system_admin"};
    int64_t people[APPROVAL_PEOPLE_MOST];
    *out = 0;
    for (int i = 0; i < 2 && !*out; i++) {
        int n = 0;
        if (!approval_upwards(c, person, i == 0, people, &n))
            return false;
        *out = first_here(away, people, n, person, requester);
    }
    for (int i = 0; i < 2 && !*out; i++) {
        int n;
        if (!approval_holders(c, roles[i], requester, people, &n))
            return false;
        *out = first_here(away, people, n, person, requester);
    }
    return true;
}

/* Along the deputies; 0 where the way ends in the requester, in somebody who left or in a circle. */
static bool along(Ctx *c, const ApprovalAways *away, int64_t person, int64_t requester,
                  int64_t *out)
{
    bool is_active;
    *out = 0;
    for (int i = 0; i < CHAIN_MOST; i++) {
        int64_t next = deputy_of(away, person);
        if (person == requester)
            return true;
        if (!next) {
            if (!approval_active(c, person, &is_active))
                return false;
            *out = is_active ? person : 0;
            return true;
        }
        person = next;
    }
    return true; /* so long a way is a circle */
}

bool approval_seat(Ctx *c, const ApprovalAways *away, int64_t person, int64_t requester,
                   int64_t *out)
{
    *out = person;
    if (!deputy_of(away, person))
        return true;
    if (!along(c, away, person, requester, out) ||
        (!*out && !above(c, away, person, requester, out)))
        return false;
    *out = *out ? *out : person;
    return true;
}

bool approval_heir(Ctx *c, const ApprovalAways *away, int64_t person, int64_t requester,
                   int64_t *out)
{
    DbVal p[] = {db_of_int(person)};
    int64_t heir = 0;
    bool found;
    *out = 0;
    if (!db_one_int(c,
                    SQL("SELECT coalesce(\"handover_to_id\", 0) FROM \"user\" WHERE \"id\" = $1"),
                    p, 1, &heir, &found) ||
        (heir && !along(c, away, heir, requester, out)) ||
        (!*out && !above(c, away, person, requester, out)))
        return false;
    if (*out)
        return true;
    /* all of them are on leave: better one of these than nobody */
    const ApprovalAways none = {0};
    return above(c, &none, person, requester, out) &&
           (*out || ctx_fail(c, ERR_CONFLICT, NULL, "err.approval_nobody"));
}
