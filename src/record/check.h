/* zhike check: does the data hold together? */
#ifndef RECORD_CHECK_H
#define RECORD_CHECK_H

#include <stdio.h>

#include "record/record.h"

/*
 * The engine's own integrity check, every link against its target, links to the own kind that circle, unique
 * numbers, the files of attachments against their digest, search documents against records, word by word, rollups against the
 * rows they sum up, texts under seal against the keys of the folder. Prints a line per finding to `to`;
 * *findings counts them. false only where the check itself could not run. The audit chain is checked by auth/audit.h.
 */
bool check_run(Ctx *c, FILE *to, int64_t *findings);

#endif
