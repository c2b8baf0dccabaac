/* Between session.c (opening) and session_find.c (what is open) only: what is made of a token. */
#ifndef AUTH_SESSION_IMPL_H
#define AUTH_SESSION_IMPL_H

#include "auth/session.h"

enum { SESSION_SKEW = 5 * 60000 /* between the nodes of one database */ };

/* As which it is stored: SHA-256, hex. */
void session_hash(const char *token, char out[65]);

#endif
