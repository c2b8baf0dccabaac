/* The clock that sessions go by. See session_now in session.h. */
#include <pthread.h>

#include "auth/session.h"
#include "base/clock.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t base_ms, base_mono; /* base_ms 0: not started */

int64_t session_now(const Ctx *c)
{
    int64_t mono = clock_mono_ms(), now = c->now_ms;
    pthread_mutex_lock(&lock);
    int64_t least = base_ms == 0 ? now : base_ms + (mono - base_mono);
    if (now < least)
        now = least;
    base_ms = now;
    base_mono = mono;
    pthread_mutex_unlock(&lock);
    return now;
}

void session_clock_reset(void)
{
    pthread_mutex_lock(&lock);
    base_ms = base_mono = 0;
    pthread_mutex_unlock(&lock);
}
