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

#endif
