/* See outbound.h. */
#include "base/outbound.h"

#include <stdio.h>
#include <strings.h>

#include "base/conf.h"

bool outbound_listed(const char *host, int port)
{
    char full[300];
    snprintf(full, sizeof full, "%s:%d", host, port);
    for (const char *const *w = conf_list("outbound.private"); *w; w++)
        if (strcasecmp(*w, host) == 0 || strcasecmp(*w, full) == 0)
            return true;
    return false;
}
