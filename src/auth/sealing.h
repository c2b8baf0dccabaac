/*
 * What is stored under a key of the data folder (base/secret.h) is stored under one that stays. A process may have sealed with a
 * key that is dropped meanwhile (record/secret_key.h): it stood still, or had not heard of the exchange yet. So each write that
 * stores a sealed text or a digest asks here, and what a key that leaves made is made anew.
 */
#ifndef AUTH_SEALING_H
#define AUTH_SEALING_H

#include "db/db.h"

/* A key that is dropped is alone past this name when it is marked to leave and when it goes; who stores, or reads to store again what
   is sealed, is beside. */
#define SEALING_LOCK "sealing"

typedef enum Sealing {
    SEALING_KEPT, /* stays readable: the drop waits for this write and then seals anew what it stored */
    SEALING_ANEW, /* the key leaves or is unknown; this process seals with the one in use now: do it again */
    SEALING_MISSING /* likewise, but secret.key here lacks the one in use */
} Sealing;

/* Inside the write that stores it: id of the key that made it. *out_use: the key in use, for words; NULL where none is named
   yet. Holds to the end of the write. */
bool sealing_look(Ctx *c, const char *id, Sealing *out, const char **out_use);

#endif
