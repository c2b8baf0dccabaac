/* Both sides of a reader that is a locked-up child. See child.h. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/spawn.h"
#include "base/whole.h"

enum { WORDS = 8, WORDS_ROOM = 400, STEP = 16 * 1024 };

static const char *program;

void child_program(const char *path)
{
    program = path;
}

const char *child_wanted(void)
{
    return program;
}

/* ---- how many at once ---------------------------------------------------------------------- */

bool child_enter(ChildSlots *s, int64_t wait_ms)
{
    struct timespec until = clock_after_ms(wait_ms);
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    while (s->running >= s->most && rc == 0)
        rc = wait_ms < 0 ? pthread_cond_wait(&s->room, &s->lock)
                         : pthread_cond_clockwait(&s->room, &s->lock, CLOCK_MONOTONIC, &until);
    bool in = s->running < s->most;
    s->running += in;
    pthread_mutex_unlock(&s->lock);
    return in;
}

void child_leave(ChildSlots *s)
{
    pthread_mutex_lock(&s->lock);
    s->running--;
    pthread_cond_signal(&s->room);
    pthread_mutex_unlock(&s->lock);
}

/* ---- the side of the program --------------------------------------------------------------- */

/* The words as a program is given them, its name before them. */
static bool copy_words(const char *const *words, char room[WORDS_ROOM], char *args[WORDS + 1])
{
    const char *word = "zhike";
    size_t at = 0;
    int n = 0;
    for (; word; word = *words++) {
        size_t len = strlen(word) + 1;
        if (n == WORDS || at + len > WORDS_ROOM)
            return false;
        args[n++] = memcpy(room + at, word, len);
        at += len;
    }
    args[n] = NULL;
    return true;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int start(Child *out, const char *const *words, bool commands, int *fds, int n)
{
    char room[WORDS_ROOM], *args[WORDS + 1];
    int two[2];
    if (!program || !copy_words(words, room, args))
        return program ? E2BIG : ENOENT;
    if (commands) {
        if (pipe2(two, O_CLOEXEC) != 0)
            return errno;
        fds[STDIN_FILENO] = spawn_lift(two[0]);
        out->to = two[1];
    }
    if (pipe2(two, O_CLOEXEC) != 0)
        return errno;
    out->from = two[0];
    fds[STDOUT_FILENO] = spawn_lift(two[1]);
    return spawn_child(program, args, fds, CHILD_FILE + n, &out->pid);
}

int child_start(Child *out, const char *const *words, bool commands, const int *files, int n)
{
    int fds[CHILD_FILE + CHILD_FILES] = {-1, -1, -1, -1, -1};
    *out = (Child){.to = -1, .from = -1};
    for (int i = 0; i < n && i < CHILD_FILES; i++)
        fds[CHILD_FILE + i] = spawn_lift(files[i]);
    int err = start(out, words, commands, fds, n < CHILD_FILES ? n : CHILD_FILES);
    for (int i = 0; i < CHILD_FILE + CHILD_FILES; i++)
        close_one(&fds[i]);
    if (!err)
        return 0;
    out->pid = 0;
    close_one(&out->to);
    close_one(&out->from);
    return err;
}

ssize_t child_take(const Child *ch, char *to, size_t room, int64_t until)
{
    for (;;) {
        struct pollfd p = {.fd = ch->from, .events = POLLIN};
        int64_t left = until - clock_mono_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        ssize_t n = ready > 0 ? read(ch->from, to, room) : ready;
        if (n < 0 && errno == EINTR)
            continue;
        if (ready == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        return n;
    }
}

ChildEnd child_hear(Child *ch, int64_t wait_ms, int64_t most, ChildSink *sink, void *arg)
{
    char step[STEP];
    int64_t until = clock_mono_ms() + wait_ms;
    ssize_t n;
    do {
        n = child_take(ch, step, sizeof step, until);
        most -= n;
    } while (n > 0 && most >= 0 && sink(arg, step, (size_t)n));
    return child_end(ch);
}

ChildEnd child_end(Child *ch)
{
    int status = 0;
    if (ch->pid) { /* its answers end when it does: how it ended is settled by then */
        (void)kill(ch->pid, SIGKILL);
        while (waitpid(ch->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    ch->pid = 0;
    close_one(&ch->to);
    close_one(&ch->from);
    if (WIFSIGNALED(status))
        return (ChildEnd){.signal = WTERMSIG(status)};
    return (ChildEnd){.code = WEXITSTATUS(status)};
}

/* ---- the side of the child ----------------------------------------------------------------- */

void child_begin(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void child_lock(const char *memory, const char *cpu_s, int files)
{
    ConfineLimits l = {.file = 0, .descriptors = CHILD_FILE + files};
    const char *why;
    if (!whole_number(memory, 1, INT64_MAX, &l.memory) ||
        !whole_number(cpu_s, 1, INT64_MAX, &l.cpu_s) || !confine_self(&l, &why))
        _exit(CHILD_NO_LOCK);
}
