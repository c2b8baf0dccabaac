/* A logical dump: a JSON line a row of every table, by table and id, the same on both engines. */
#ifndef RECORD_DUMP_H
#define RECORD_DUMP_H

#include <stdio.h>

#include "record/record.h"

/*
 * Left out: sessions, leases, rate windows, change log, search index, schema ledger: what belongs to a running process or can
 * be made again. Secrets (hidden fields) are written as their SHA-256, so that two dumps compare and none leaks.
 */
bool dump_write(Ctx *c, FILE *to);

#endif
