/*
 * How much one address may have: connections open at once (http.per_address) and requests in a time (http.address_requests).
 * Of IPv6 the first 64 bits are one address, for whoever has one has them all. The peers of http.trusted_proxies hold as
 * many connections as they like; the requests they pass on count for whom they name. Programs of this machine that come
 * directly are not counted by requests. In memory, of this process; where the table is full nobody is turned away.
 */
#ifndef HTTP_DOOR_H
#define HTTP_DOOR_H

#include <sys/socket.h>

#include "base/ctx.h"

/* Room for the addresses of so many connections; a lives until after the last call. */
void door_start(Arena *a, int connections);
/* May this peer open one more? Then door_opened and door_closed count it. Between its number and twice that it may, to be
   told why it is not served; beyond, connections are closed unheard. */
bool door_may_open(const struct sockaddr *peer);
/* false: it is one too many, and its first request is to be refused. */
bool door_opened(const struct sockaddr *peer);
void door_closed(const struct sockaddr *peer);
/* ip: as text, who asks; proxied: a trusted proxy says so. ERR_LIMIT with retry_after. */
bool door_request(Ctx *c, const char *ip, bool proxied);

/* Whom an address stands for in a limit, as text: of IPv6 the first 64 bits. */
const char *door_network(Arena *a, const char *ip);

#endif
