/* Children that have nothing. See spawn.h. */
#include "base/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "base/meter.h"

int spawn_lift(int fd)
{
    if (fd < 0)
        return -1;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 64);
    close(fd);
    return high;
}

int spawn_child(const char *program, char *const args[], const int *fds, int n, pid_t *pid)
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    sigset_t none, dflt;
    char *const env[] = {NULL};
    sigemptyset(&none);
    sigemptyset(&dflt);
    for (int sig = 1; sig < 32; sig++)
        if (sig != SIGKILL && sig != SIGSTOP && sig != SIGPIPE)
            sigaddset(&dflt, sig);
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    for (int i = 0; i < n; i++)
        if (fds[i] >= 0)
            posix_spawn_file_actions_adddup2(&acts, fds[i], i);
    posix_spawn_file_actions_addopen(&acts, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &dflt);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    meter_add(METER_CHILDREN, 1);
    int err = posix_spawn(pid, program, &acts, &attr, args, env);
    posix_spawn_file_actions_destroy(&acts);
    posix_spawnattr_destroy(&attr);
    return err;
}
