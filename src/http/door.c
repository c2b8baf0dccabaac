/* Limits per address. See door.h. */
#include "http/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/meter.h"

enum { PROBE = 16, LEAST_SLOTS = 8192, PROXIES_MAX = 64 };

typedef struct Slot {
    uint64_t key; /* 0: free */
    int64_t seen; /* monotonic ms of the last request */
    double left;  /* requests it may still make at `seen` */
    int open;
} Slot;

static struct {
    pthread_mutex_t lock;
    Slot *slots;
    size_t n; /* a power of two */
    struct in6_addr proxies[PROXIES_MAX];
    int n_proxies;
} door = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* IPv4 as IPv6 has it, ::ffff:1.2.3.4: a socket that listens on both gives it so. */
static struct in6_addr mapped(struct in_addr four)
{
    struct in6_addr six = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&six.s6_addr[12], &four, 4);
    return six;
}

static bool of_text(const char *text, struct in6_addr *out)
{
    struct in_addr four;
    if (inet_pton(AF_INET, text, &four) == 1) {
        *out = mapped(four);
        return true;
    }
    return inet_pton(AF_INET6, text, out) == 1;
}

static bool of_peer(const struct sockaddr *peer, struct in6_addr *out)
{
    if (peer->sa_family == AF_INET)
        *out = mapped(((const struct sockaddr_in *)(const void *)peer)->sin_addr);
    else if (peer->sa_family == AF_INET6)
        *out = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    else
        return false;
    return true;
}

static bool is_proxy(const struct in6_addr *a)
{
    for (int i = 0; i < door.n_proxies; i++)
        if (memcmp(&door.proxies[i], a, sizeof *a) == 0)
            return true;
    return false;
}

static bool is_here(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static uint64_t key_of(const struct in6_addr *a)
{
    uint64_t k = 0;
    memcpy(&k, &a->s6_addr[IN6_IS_ADDR_V4MAPPED(a) ? 8 : 0],
           sizeof k); /* 8: 0000 ffff and the four bytes */
    return k ? k : 1;
}

/* The slot of a key under the lock: its own, else a free one, else that of who has not asked for longest and has nothing
   open. NULL: every neighbour is in use. */
static Slot *slot_of(uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 20;
    Slot *best = NULL;
    for (size_t i = 0; i < PROBE; i++) {
        Slot *s = &door.slots[(at + i) & (door.n - 1)];
        if (s->key == key)
            return s;
        if (s->open == 0 && (!best || (best->key && (!s->key || s->seen < best->seen))))
            best = s;
    }
    if (best)
        *best = (Slot){.key = key, .left = -1};
    return best;
}

bool door_may_open(const struct sockaddr *peer)
{
    struct in6_addr a;
    if (!of_peer(peer, &a) || is_proxy(&a))
        return true;
    pthread_mutex_lock(&door.lock);
    const Slot *s = slot_of(key_of(&a));
    bool ok = !s || s->open < 2 * conf_int("http.per_address");
    pthread_mutex_unlock(&door.lock);
    if (!ok)
        meter_add(METER_PUSHED_BACK, 1);
    return ok;
}

/* -> how many are open now; 0: not counted */
static int count(const struct sockaddr *peer, int by)
{
    struct in6_addr a;
    if (!of_peer(peer, &a) || is_proxy(&a))
        return 0;
    pthread_mutex_lock(&door.lock);
    Slot *s = slot_of(key_of(&a));
    if (s && s->open + by >= 0)
        s->open += by;
    int open = s ? s->open : 0;
    pthread_mutex_unlock(&door.lock);
    return open;
}

bool door_opened(const struct sockaddr *peer)
{
    if (count(peer, 1) <= conf_int("http.per_address"))
        return true;
    meter_add(METER_PUSHED_BACK, 1);
    return false;
}

void door_closed(const struct sockaddr *peer)
{
    count(peer, -1);
}

bool door_request(Ctx *c, const char *ip, bool proxied)
{
    struct in6_addr a;
    if (!of_text(ip, &a) || (!proxied && is_here(&a)))
        return true;
    ConfRate r = conf_rate("http.address_requests");
    int64_t now = clock_mono_ms();
    double each = (double)r.per_ms / (double)r.n; /* ms until one more */
    double left = 1;
    pthread_mutex_lock(&door.lock);
    Slot *s = slot_of(key_of(&a));
    if (s) {
        left = s->left < 0 ? (double)r.n : s->left + (double)(now - s->seen) / each;
        left = left > (double)r.n ? (double)r.n : left;
        s->left = left >= 1 ? left - 1 : left;
        s->seen = now;
    }
    pthread_mutex_unlock(&door.lock);
    if (left >= 1)
        return true;
    meter_add(METER_PUSHED_BACK, 1);
    c->retry_after_s = 1 + (int)((1 - left) * each / 1000);
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", ctx_num(c, c->retry_after_s));
}

void door_start(Arena *a, int connections)
{
    door.n = LEAST_SLOTS;
    while (door.n < (size_t)connections * 4)
        door.n *= 2;
    door.slots = ARENA_ARRAY(a, door.n, Slot);
    door.n_proxies = 0;
    for (const char *const *p = conf_list("http.trusted_proxies"); *p; p++)
        if (door.n_proxies < PROXIES_MAX && of_text(*p, &door.proxies[door.n_proxies]))
            door.n_proxies++;
}

const char *door_network(Arena *a, const char *ip)
{
    struct in6_addr six;
    if (!strchr(ip, ':') || inet_pton(AF_INET6, ip, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
        return ip;
    const uint8_t *p = six.s6_addr;
    return arena_printf(a, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", p[0], p[1], p[2], p[3], p[4],
                        p[5], p[6], p[7]);
}
