/*
 * Numbers of records: "CUS20261121001" by a pattern such as CUS{yyyyMMdd}{seq:3}. A row of number_rule
 * lies over the pattern of the entity file. Sequences come in blocks from number_counter, reserved in a
 * short write of their own; a block grows under load (1, 2, 4 … 256) so that gaps stay small at rest.
 * The width grows past its figure (999 → 1000). A number is never given twice.
 */
#ifndef RECORD_NUMBER_H
#define RECORD_NUMBER_H

#include "record/record.h"

/* The field of e that carries the number; NULL where it has none or no pattern. */
const Field *number_field(const Entity *e);

/*
 * The next number. Outside a write: from the block of this process, or a new one. Inside a write a block that
 * was reserved before is used; without one the counter moves by one in the running transaction (undone with it).
 */
bool number_next(Ctx *c, const Entity *e, const char **out);
/* Has at least n numbers at hand (outside a write; for imports before a block of rows). */
bool number_reserve(Ctx *c, const Entity *e, int n);

/*
 * A number brought along (import_keep): letters, digits and - _ . / up to 40. Where it is one of our own
 * pattern the counter is moved past it (in the write). ERR_INVALID on the field otherwise.
 */
bool number_check_given(Ctx *c, const Field *f, const char *text);
bool number_move_past(Ctx *c, const Entity *e, const char *text);

/* Is the pattern one we can make numbers by? ERR_INVALID on field "pattern". */
bool number_check_pattern(Ctx *c, const char *pattern, const char *reset);

/* Forgets the blocks at hand (a rule changed; tests that open another database). Their rest is a gap. */
void number_forget(void);

#endif
