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

/*
 * The server itself, in two steps, each without a way back. Files first, while the process has one thread: landlock lets
 * it write below the folders named alone, read there and where the system keeps what every program reads, and connect to
 * the TCP ports named. Then, once it serves, the calls: seccomp for all its threads. Another program, a look into another
 * process, mounting, another user and the like end the process (SIGSYS); what a server does not need otherwise is
 * answered as by a kernel that has not got it.
 */
enum { CONFINE_PATHS = 24, CONFINE_PORTS = 8 };

typedef struct ConfineFiles {
    const char *read
        [CONFINE_PATHS]; /* files and folders, what is below them included; those missing are passed over */
    const char *write[CONFINE_PATHS];
    int n_read, n_write;
    int ports[CONFINE_PORTS];
    int n_ports;
    bool any_port; /* it calls whoever its users name: no rule about ports */
} ConfineFiles;

typedef struct ConfineState {
    int landlock;        /* what the kernel calls its version; 0: does not hold */
    bool seccomp;        /* holds for every thread */
    const char *missing; /* a constant: why not, or NULL */
} ConfineState;

/* Can this build be locked up at all? Not with a sanitizer in it, nor on a machine that is not known. */
bool confine_can(void);
/* Nothing is dumped (core, /proc/…/environ), no new rights, landlock. false where the kernel has no landlock of version
   2 or more, or refuses (a container may): then the rest holds all the same. */
bool confine_files(const ConfineFiles *files);
/* connects: may make connections (PostgreSQL). false where refused; the process goes on as it was. */
bool confine_calls(bool connects);
/* What holds now. */
ConfineState confine_state(void);

/* For the helper of base/spawn.h: it and what it starts write no file. As much of it as the kernel has. */
void confine_helper(void);

#endif
