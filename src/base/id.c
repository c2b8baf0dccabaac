/* Ids in time order. See id.h. */
#include "base/id.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/crypt.h"

static const int64_t EPOCH_MS = INT64_C(1767225600000); /* 2026-01-01T00:00:00Z */
enum { COUNTER_BITS = 7, NODE_BITS = 4 };

static atomic_int the_node;
/* ms << 7 | counter of the newest id. Adding one carries into the ms by itself when the counter is
   used up, and the larger of that and the clock never goes back. */
static _Atomic int64_t newest;

void id_set_node(int node)
{
    atomic_store(&the_node, node & 15);
}

/* Raises newest to at least value. */
static void raise_to(int64_t value)
{
    int64_t was = atomic_load(&newest);
    while (was < value && !atomic_compare_exchange_weak(&newest, &was, value)) {
    }
}

void id_not_before(int64_t id)
{
    /* The other id may be of another node, so the whole ms is taken as used up. */
    if (id > 0)
        raise_to((id >> (NODE_BITS + COUNTER_BITS)) << COUNTER_BITS | 127);
}

int64_t id_new(void)
{
    int64_t now = clock_now_ms() - EPOCH_MS;
    int64_t from_clock = now > 0 ? now << COUNTER_BITS : 0;
    int64_t was = atomic_load(&newest), next;
    do {
        next = was + 1 > from_clock ? was + 1 : from_clock;
    } while (!atomic_compare_exchange_weak(&newest, &was, next));
    int64_t node = atomic_load(&the_node);
    return (next >> COUNTER_BITS) << (NODE_BITS + COUNTER_BITS) | node << COUNTER_BITS |
           (next & 127);
}

int64_t id_ms(int64_t id)
{
    return (id >> (NODE_BITS + COUNTER_BITS)) + EPOCH_MS;
}

/* splitmix64, https://prng.di.unimi.it/splitmix64.c: a bijection, so that no two counts give the same */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t trace_start[2];
static atomic_uint_fast64_t trace_count;
static pthread_once_t trace_once = PTHREAD_ONCE_INIT;

static void trace_begin(void)
{
    crypt_random(trace_start, sizeof trace_start);
}

void id_trace(char out[33])
{
    static const char hex[] = "0123456789abcdef";
    pthread_once(&trace_once, trace_begin);
    uint64_t n = atomic_fetch_add(&trace_count, 1);
    uint64_t half[2] = {mixed(trace_start[0] + n), mixed(trace_start[1] ^ n)};
    for (int i = 0; i < 32; i++)
        out[i] = hex[half[i / 16] >> (4 * (i % 16)) & 15];
    out[32] = 0;
}
