/* Counters. See meter.h. */
#include "base/meter.h"

#include <assert.h>
#include <stdatomic.h>

static _Atomic int64_t values[METER_COUNT];

static const struct {
    const char *name, *about;
} table[METER_COUNT] = {
    [METER_STATEMENTS] = {"zhike_db_statements_total", "SQL statements run for requests"},
    [METER_WRITES] = {"zhike_db_writes_total{result=\"ok\"}", "Write transactions asked for"},
    [METER_WRITES_FAILED] = {"zhike_db_writes_total{result=\"failed\"}",
                             "Write transactions asked for"},
    [METER_COMMITS] = {"zhike_db_commits_total", "Commits: on SQLite one holds many writes"},
    [METER_SIGN_INS] = {"zhike_sign_ins_total{result=\"ok\"}", "Tries to sign in"},
    [METER_SIGN_INS_REFUSED] = {"zhike_sign_ins_total{result=\"refused\"}", "Tries to sign in"},
    [METER_SIGN_INS_LOCKED] = {"zhike_sign_ins_total{result=\"locked\"}", "Tries to sign in"},
    [METER_HASH_BUSY] = {"zhike_password_hash_busy_total",
                         "Passwords not looked at because too many were waiting"},
    [METER_REFUSED] = {"zhike_http_refused_total",
                       "Requests refused before the gate: malformed, too large, overload"},
    [METER_SHED] = {"zhike_http_shed_total", "Requests refused because too many were waiting"},
    [METER_LATE] = {"zhike_http_late_total",
                    "Connections ended because a head, a body or a reader was too slow"},
    [METER_PUSHED_BACK] = {"zhike_http_address_refused_total",
                           "Connections and requests beyond what one address may"},
    [METER_JOBS_DONE] = {"zhike_jobs_ended_total{state=\"done\"}", "Background jobs that ended"},
    [METER_JOBS_FAILED] = {"zhike_jobs_ended_total{state=\"failed\"}",
                           "Background jobs that ended"},
    [METER_JOBS_CANCELLED] = {"zhike_jobs_ended_total{state=\"cancelled\"}",
                              "Background jobs that ended"},
    [METER_CHILDREN] = {"zhike_children_started_total",
                        "Confined readers of files and pictures started"},
    [METER_EVENT_BYTES] = {"zhike_live_bytes_total", "Bytes of live updates written"},
};

void meter_add(Meter m, int64_t n)
{
    assert(n >= 0);
    atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

int64_t meter_value(Meter m)
{
    return atomic_load_explicit(&values[m], memory_order_relaxed);
}

const char *meter_name(Meter m)
{
    return table[m].name;
}

const char *meter_about(Meter m)
{
    return table[m].about;
}
