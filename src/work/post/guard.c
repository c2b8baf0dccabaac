/* Addresses in binary form. See guard.h. */
#include "work/post/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

typedef struct Net4 {
    uint32_t net;
    int bits;
} Net4;

/* Not public (RFC 6890 and its additions). */
static const Net4 closed4[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
    {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
    {0xA83F8110, 32}, /* a cloud's own services */
};

static bool public4(uint32_t ip)
{
    for (size_t i = 0; i < sizeof closed4 / sizeof *closed4; i++)
        if ((ip ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t four(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const uint8_t *p)
{
    static const uint8_t zero[12] = {0}, mapped[12] = {[10] = 0xFF, [11] = 0xFF},
                         nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(p, mapped, 12) == 0 || memcmp(p, nat64, 12) == 0)
        return public4(four(p + 12));
    if (p[0] == 0x20 && p[1] == 0x02) /* 6to4 */
        return public4(four(p + 2));
    if (p[0] == 0x20 && p[1] == 0x01 && p[2] == 0 && p[3] == 0) /* Teredo hides an IPv4 address */
        return false;
    if (p[0] == 0x20 && p[1] == 0x01 && p[2] == 0x0D && p[3] == 0xB8)
        return false;
    if (memcmp(p, zero, 12) == 0)
        return false;
    return (p[0] & 0xE0) == 0x20; /* 2000::/3 is all that is given out */
}

bool guard_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a, sizeof in);
        return public4(ntohl(in.sin_addr.s_addr));
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, a, sizeof in);
        return public6(in.sin6_addr.s6_addr);
    }
    return false;
}
