/*
 * Starting a program of ours as a child that has nothing but the descriptors it is given: no environment, no signal
 * handlers, no other open file. Used for the readers of strangers' files, which then lock themselves up (base/confine.h).
 *
 * A server that has locked itself up may start no program. So before that it makes a helper: a process of ours that does
 * nothing but start this very program, by spawn_child's words, with the server as the child's parent. Who has taken over
 * the server can have a reader started by it, and nothing else.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

/* Moves a descriptor above those a child numbers its own by, so that none is overwritten before it was copied; the old
   one is closed. -1 stays -1. */
int spawn_lift(int fd);

/* Starts program with args (NULL-terminated, args[0] its name; 400 bytes in all). fds[i] becomes descriptor i of the
   child, n of them, at most 8; -1 for none. Standard error goes nowhere. 0 or an errno. With a helper, program must be
   /proc/self/exe, and descriptors not given are closed or /dev/null. */
int spawn_child(const char *program, char *const args[], const int *fds, int n, pid_t *pid);

/* Makes the helper; called once, while the process has one thread, and before it has opened anything of its own. It ends
   with the process, however that ends. false where it cannot be had: then children are started as without one. */
bool spawn_helper_start(void);
/* Ends it and waits for its end. Nothing where there is none. */
void spawn_helper_stop(void);

#endif
