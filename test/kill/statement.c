/*
 * Put in front of libsqlite3 and libpq (LD_PRELOAD) by statement.test.mjs; never part of the program. Fails the n-th
 * statement that certain threads of the server hand to the database, as a small shared file says that the test writes
 * while the server runs (ZHIKE_STATEMENT_CTL). statement.mjs is the other side.
 *   SQLite      a step or a compilation returns the code wanted and does nothing. Only what the program itself calls:
 *               the library reads its schema by the same functions, and takes such an answer for an empty one. ROLLBACK
 *               is passed: it needs neither room nor a sync, and what fails there really ends the connection.
 *   PostgreSQL  in place of the statement one is sent that raises the state wanted, so that the server's transaction
 *               is as broken as after a real failure; or the connection is cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREAD_HTTP = 1, THREAD_JOB = 2, THREAD_POST = 4, THREAD_WRITER = 8, THREAD_KEEPER = 16 };
enum { TEXT = 1000, MATCH = 64 };

/* The shared file; statement.mjs knows the same offsets. */
typedef struct Control {
    _Atomic int32_t armed;   /* 0 */
    _Atomic int32_t threads; /* 4: whose statements count */
    _Atomic int32_t left;    /* 8: statements that still go well, counting down to 0 */
    _Atomic int32_t times;   /* 12: how many fail from there */
    _Atomic int32_t hits;    /* 16: how many did */
    _Atomic int32_t calls;   /* 20: statements of these threads, while armed */
    _Atomic int32_t code;    /* 24: SQLite's code; on PostgreSQL 0 cuts the connection */
    char state[8];           /* 28: SQLSTATE on PostgreSQL */
    char text[TEXT];         /* 36: what was struck last */
    char match[MATCH];       /* 1036: only statements that begin so count; SQLite only */
} Control;

static Control nothing, *control = &nothing;
static _Thread_local int me;
static uintptr_t program_from, program_to;

/* The first one told of is the program. */
static int program(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    program_from = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        program_from = from < program_from ? from : program_from;
        if (from + info->dlpi_phdr[i].p_memsz > program_to)
            program_to = from + info->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

static bool from_program(const void *caller)
{
    return (uintptr_t)caller >= program_from && (uintptr_t)caller < program_to;
}

__attribute__((constructor)) static void begin(void)
{
    const char *ctl = getenv("ZHIKE_STATEMENT_CTL");
    dl_iterate_phdr(program, NULL);
    int fd = ctl ? (int)syscall(SYS_openat, AT_FDCWD, ctl, O_RDWR | O_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED)
        control = p;
    syscall(SYS_close, fd);
}

static int thread_of_mine(void)
{
    static const struct {
        const char *name;
        int bit;
    } names[] = {{"zhike-http", THREAD_HTTP},
                 {"MHD-worker", THREAD_HTTP}, /* answers what is short by itself */
                 {"zhike-job", THREAD_JOB},
                 {"zhike-post", THREAD_POST},
                 {"zhike-writer", THREAD_WRITER},
                 {"zhike-keeper", THREAD_KEEPER}};
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof(name));
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(name, names[i].name))
            return names[i].bit;
    return 1 << 30;
}

/* true: this statement is to fail. text: what it says, for the report. */
static bool strikes(const char *text)
{
    Control *k = control;
    if (!k->armed)
        return false;
    if (!me)
        me = thread_of_mine();
    if (!(k->threads & me) || (text && !strncmp(text, "ROLLBACK", 8)))
        return false;
    if (*k->match && (!text || strncmp(text, k->match, strlen(k->match)) != 0))
        return false;
    atomic_fetch_add(&k->calls, 1);
    if (atomic_fetch_sub(&k->left, 1) > 0 || atomic_fetch_add(&k->hits, 1) >= k->times)
        return false;
    snprintf(k->text, sizeof(k->text), "%s", text ? text : "");
    return true;
}

#define NEXT(name, type)                                                                           \
    static type *real;                                                                             \
    if (!real)                                                                                     \
    real = (type *)(uintptr_t)dlsym(RTLD_NEXT, name)

/* --- SQLite ---------------------------------------------------------------------------------- */

typedef int Busy(void *);

/* Of the rows of a statement the first counts, and the second stands for all that follow. */
static bool counted(void *st)
{
    static _Thread_local void *going;
    static Busy *busy;
    if (!busy)
        busy = (Busy *)(uintptr_t)dlsym(RTLD_NEXT, "sqlite3_stmt_busy");
    bool before = going == st;
    bool under_way = busy(st) != 0;
    going = under_way ? st : NULL;
    return under_way && before;
}

typedef int Step(void *);
typedef int Exec(void *, const char *, void *, void *, char **);
typedef const char *Text(void *);
typedef int Prepare(void *, const char *, int, unsigned, void **, const char **);

int sqlite3_step(void *st)
{
    NEXT("sqlite3_step", Step);
    static Text *sql;
    if (!sql)
        sql = (Text *)(uintptr_t)dlsym(RTLD_NEXT, "sqlite3_sql");
    if (!control->armed || !from_program(__builtin_return_address(0)))
        return real(st);
    return !counted(st) && strikes(sql(st)) ? control->code : real(st);
}

int sqlite3_exec(void *h, const char *text, void *row, void *arg, char **why)
{
    NEXT("sqlite3_exec", Exec);
    bool ours = from_program(__builtin_return_address(0));
    return ours && strikes(text) ? control->code : real(h, text, row, arg, why);
}

int sqlite3_prepare_v3(void *h, const char *text, int n, unsigned flags, void **st,
                       const char **tail)
{
    NEXT("sqlite3_prepare_v3", Prepare);
    if (!from_program(__builtin_return_address(0)) || !strikes(text))
        return real(h, text, n, flags, st, tail);
    *st = NULL;
    return control->code;
}

/* --- PostgreSQL ------------------------------------------------------------------------------ */

typedef int Socket(void *);
typedef int Params(void *, const char *, int, const unsigned *, const char *const *, const int *,
                   const int *, int);
typedef int Query(void *, const char *);
typedef int Prepared(void *, const char *, int, const char *const *, const int *, const int *, int);
typedef int PrepareIt(void *, const char *, const char *, int, const unsigned *);

/* true: instead of the statement one that fails was sent; false: it is to be sent, over what is left of the connection */
static bool spoil(void *h, int *sent)
{
    static Socket *socket_of;
    static Params *params;
    if (!socket_of)
        socket_of = (Socket *)(uintptr_t)dlsym(RTLD_NEXT, "PQsocket");
    if (!params)
        params = (Params *)(uintptr_t)dlsym(RTLD_NEXT, "PQsendQueryParams");
    if (!control->code) {
        shutdown(socket_of(h), SHUT_RDWR);
        return false;
    }
    char text[120];
    snprintf(text, sizeof(text), "DO $$BEGIN RAISE EXCEPTION 'shim' USING ERRCODE = '%.5s'; END$$",
             control->state);
    *sent = params(h, text, 0, NULL, NULL, NULL, NULL, 0);
    return true;
}

int PQsendQuery(void *h, const char *text)
{
    NEXT("PQsendQuery", Query);
    int sent;
    return strikes(text) && spoil(h, &sent) ? sent : real(h, text);
}

int PQsendQueryPrepared(void *h, const char *name, int n, const char *const *values,
                        const int *lengths, const int *formats, int format)
{
    NEXT("PQsendQueryPrepared", Prepared);
    int sent;
    return strikes(name) && spoil(h, &sent) ? sent
                                            : real(h, name, n, values, lengths, formats, format);
}

int PQsendPrepare(void *h, const char *name, const char *text, int n, const unsigned *types)
{
    NEXT("PQsendPrepare", PrepareIt);
    int sent;
    return strikes(text) && spoil(h, &sent) ? sent : real(h, name, text, n, types);
}
