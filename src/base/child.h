/*
 * Readers of strangers' files: this same program, started anew as a child that locks itself up (base/confine.h) before it
 * looks at a byte. What every reader needs on both sides stands here: how many run at once, the start, its answers taken
 * with a bound in time and bytes, its end. What is said over the pipes is the reader's own.
 *
 *     0 commands, where it takes any   1 answers   2 nowhere   3… the files it is given
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHILD_FILE = 3, CHILD_FILES = 2 };

/* Exit code of a child that could not lock itself up, whichever reader it is. */
enum { CHILD_NO_LOCK = 4 };

/* The program that children are; once at the start, before there are threads. NULL: there are none, readers work in
   place (tests, fuzz programs). */
void child_program(const char *path);
/* As child_program was told; NULL for none. */
const char *child_wanted(void);

/* ---- how many at once ---------------------------------------------------------------------- */

typedef struct ChildSlots {
    pthread_mutex_t lock;
    pthread_cond_t room;
    int running, most;
} ChildSlots;

#define CHILD_SLOTS(n)                                                                             \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, (n)                                \
    }
enum { CHILD_ANY_TIME = -1 };

/* Waits until fewer than `most` run: at most wait_ms, or CHILD_ANY_TIME. false where nothing became free. */
bool child_enter(ChildSlots *s, int64_t wait_ms);
/* Behind a child_enter that was true. */
void child_leave(ChildSlots *s);

/* ---- the side of the program --------------------------------------------------------------- */

typedef struct Child {
    pid_t pid;    /* 0: it is gone */
    int to, from; /* its commands and its answers; -1 for none */
} Child;

typedef struct ChildEnd {
    int signal, code; /* what ended it: a signal, or 0 and its exit code */
} ChildEnd;

typedef bool ChildSink(void *arg, const char *bytes, size_t n);

/* Starts it with `words` (NULL-terminated, the first one the command of the program; 7 of 394 bytes in all) and
   `n` files as its descriptors 3 and up, -1 for none; the files are closed here in any case. 0, or an errno and *out
   as after child_end. */
int child_start(Child *out, const char *const *words, bool commands, const int *files, int n);
/* Up to `room` bytes of its answers. 0 at their end; -1 with errno, ETIMEDOUT where nothing came until `until`
   (clock_mono_ms). */
ssize_t child_take(const Child *ch, char *to, size_t room, int64_t until);
/* Everything it answers goes to `sink`, in pieces; then its end. It is killed where its answers have not ended after
   wait_ms, are more than `most` bytes, or sink says false. */
ChildEnd child_hear(Child *ch, int64_t wait_ms, int64_t most, ChildSink *sink, void *arg);
/* Kills it if it still runs (one that ended by itself keeps how), waits for it and closes the pipes. May be called
   again; {0, 0} then. */
ChildEnd child_end(Child *ch);

/* ---- the side of the child ----------------------------------------------------------------- */

/* First word of every child: it goes with the thread that started it. */
void child_begin(void);
/* Locks it up: `memory` bytes and `cpu_s` seconds as decimal words, nothing but its `files` open, no file written.
   Ends the process with CHILD_NO_LOCK where that cannot be had. */
void child_lock(const char *memory, const char *cpu_s, int files);

#endif
