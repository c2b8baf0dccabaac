/* Which places of the own network may be called: the setting outbound.private, which stands in the file, not in the page. */
#ifndef BASE_OUTBOUND_H
#define BASE_OUTBOUND_H

#include <stdbool.h>

/* Does outbound.private name this host ("10.0.0.5", "mail.lan", "127.0.0.1:2525"), with this port or with none? */
bool outbound_listed(const char *host, int port);

#endif
