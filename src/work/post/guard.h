/*
 * Whom the program may call. An administrator's address must not become a way into the house's own network (SSRF): the
 * address is resolved, looked at in binary form, and the socket goes to that very address. Private places are called only where
 * the setting outbound.private names them, which stands in the file, not in the page.
 */
#ifndef WORK_POST_GUARD_H
#define WORK_POST_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/* Is it an address of the public network? Loopback, private, link-local, multicast, shared, reserved, and such inside
   IPv6 (mapped, NAT64, 6to4) are not. */
bool guard_public(const struct sockaddr *a);
#endif
