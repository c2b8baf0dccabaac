/*
 * Counters of the process for whoever watches over it: they only grow, begin at nought with the process, and are read
 * by GET /metrics (http/api_metrics.c). Any floor counts with one line, from any thread, without a lock. What is a state
 * and not a count (connections, queues) is asked of its floor instead. Never a counter per person or record.
 */
#ifndef BASE_METER_H
#define BASE_METER_H

#include <stdint.h>

/* One line each in the table of meter.c, in this order. */
typedef enum Meter {
    METER_STATEMENTS,
    METER_WRITES,
    METER_WRITES_FAILED,
    METER_COMMITS,
    METER_SIGN_INS,
    METER_SIGN_INS_REFUSED,
    METER_SIGN_INS_LOCKED,
    METER_HASH_BUSY,
    METER_REFUSED,
    METER_SHED,
    METER_LATE,
    METER_PUSHED_BACK,
    METER_JOBS_DONE,
    METER_JOBS_FAILED,
    METER_JOBS_CANCELLED,
    METER_CHILDREN,
    METER_EVENT_BYTES,
    METER_COUNT
} Meter;

/* n at least 0 */
void meter_add(Meter m, int64_t n);
int64_t meter_value(Meter m);
/* As Prometheus names it, with its label where it is one of several ("zhike_jobs_ended_total{state=\"done\"}"), and what it
   counts, in English. Those of one name stand together. */
const char *meter_name(Meter m);
const char *meter_about(Meter m);

#endif
