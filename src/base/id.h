/*
 * Ids: 53-bit integers in time order, made by the program: 42 bits of ms since 2026-01-01 UTC, 4 of
 * node, 7 of counter. The ms never go back whatever the clock does; when the counter of a ms is used
 * up the next ms is taken. JavaScript reads them exactly. Safe from any thread.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

/* The node of this process, 0–15, from its lease (db/db.h). Set once before the first id. */
void id_set_node(int node);
/* Never below what the database holds: the largest id found at start. */
void id_not_before(int64_t id);
int64_t id_new(void);
/* A name for one piece of work: 32 hex digits, unlike any other with the certainty of 128 random bits, but no secret
   (random start, then counted and mixed: no system call). */
void id_trace(char out[33]);
/* The instant an id was made, ms UTC. */
int64_t id_ms(int64_t id);

#endif
