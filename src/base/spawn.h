/*
 * Starting a program of ours as a child that has nothing but the descriptors it is given: no environment, no signal
 * handlers, no other open file. Used for the readers of strangers' files, which then lock themselves up (base/confine.h).
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <sys/types.h>

/* Moves a descriptor above those a child numbers its own by, so that none is overwritten before it was copied; the old
   one is closed. -1 stays -1. */
int spawn_lift(int fd);

/* Starts program with args (NULL-terminated, args[0] its name). fds[i] becomes descriptor i of the child, n of them; -1
   for none. Standard error goes nowhere. 0 or an errno. */
int spawn_child(const char *program, char *const args[], const int *fds, int n, pid_t *pid);

#endif
