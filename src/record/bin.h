/*
 * The recycle bin is emptied: what lies there longer than the setting bin.days goes for good, with its history, its files
 * and whatever else speaks of it. People, departments and roles stay, for other records name them for ever.
 */
#ifndef RECORD_BIN_H
#define RECORD_BIN_H

#include "record/record.h"

/* One round: at most `blocks` writes of up to 100 records each; *out_more says whether some are left. By the program
   itself (system actor), outside a write. */
bool bin_sweep(Ctx *c, int blocks, bool *out_more);

/* One record of the bin goes now, with what belongs to it, what was merged into it, its history and files (record/erase.h): action "erase" and a
   fresh step-up (asked by the gate), in its scope. reason: 2 to 200 characters, kept in the audit log. ERR_CONFLICT where it is not in the bin. */
bool bin_erase(Ctx *c, const Entity *e, int64_t id, const char *reason);

#endif
