/*
 * Locks the process that calls it up, for programs of ours that read the files of strangers: no new file, no
 * network, no other program, bounded memory and time. What is open stays usable. Made of limits (setrlimit),
 * landlock where the kernel has it, and a seccomp filter that lets some forty harmless calls through; opening a
 * file fails with EACCES, everything else ends the process (SIGSYS). There is no way back.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ConfineLimits {
    int64_t memory;  /* bytes of heap and private maps; behind it malloc fails */
    int64_t cpu_s;   /* seconds of work, then SIGXCPU */
    int64_t file;    /* largest file it may write, bytes */
    int descriptors; /* those from this one on are closed; 8 more may be made by dup */
} ConfineLimits;

/* For a process of one thread. false with a reason (a constant) where the kernel refuses; nothing of strangers may
   be read then. */
bool confine_self(const ConfineLimits *limits, const char **why);

#endif
