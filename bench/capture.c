/* See capture.h. */
#include "capture.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Arena *kept_in;
static Captured *list;
static int n_list, cap_list;

void capture_start(Arena *a)
{
    pthread_mutex_lock(&lock);
    kept_in = a;
    list = NULL;
    n_list = cap_list = 0;
    pthread_mutex_unlock(&lock);
}

const Captured *capture_stop(int *n)
{
    pthread_mutex_lock(&lock);
    kept_in = NULL;
    *n = n_list;
    pthread_mutex_unlock(&lock);
    return list;
}

static void note(const Ctx *c, SqlText sql, const DbVal *params, int n, bool rows)
{
    pthread_mutex_lock(&lock);
    if (kept_in) {
        if (n_list == cap_list) {
            int cap = cap_list ? cap_list * 2 : 32;
            Captured *grown = ARENA_ARRAY(kept_in, cap, Captured);
            if (n_list)
                memcpy(grown, list, (size_t)n_list * sizeof *grown);
            list = grown;
            cap_list = cap;
        }
        Captured *s = &list[n_list++];
        *s = (Captured){
            .text = arena_str(kept_in, sql.text), .n = n, .rows = rows, .in_write = db_in_write(c)};
        s->params = ARENA_ARRAY(kept_in, n + 1, DbVal);
        for (int i = 0; i < n; i++) {
            s->params[i] = params[i];
            if (params[i].kind == DB_TEXT || params[i].kind == DB_BLOB)
                s->params[i].s = arena_dup(kept_in, params[i].s, params[i].n);
        }
    }
    pthread_mutex_unlock(&lock);
}

DbRows *__real_db_query(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __real_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __real_db_send(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __real_db_one_int(Ctx *c, SqlText sql, const DbVal *params, int n, int64_t *out, bool *found);
bool __real_db_one_text(Ctx *c, SqlText sql, const DbVal *params, int n, const char **out,
                        bool *found);
DbRows *__wrap_db_query(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_send(Ctx *c, SqlText sql, const DbVal *params, int n);
bool __wrap_db_one_int(Ctx *c, SqlText sql, const DbVal *params, int n, int64_t *out, bool *found);
bool __wrap_db_one_text(Ctx *c, SqlText sql, const DbVal *params, int n, const char **out,
                        bool *found);

DbRows *__wrap_db_query(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    note(c, sql, params, n, true);
    return __real_db_query(c, sql, params, n);
}

bool __wrap_db_exec(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    note(c, sql, params, n, false);
    return __real_db_exec(c, sql, params, n);
}

bool __wrap_db_send(Ctx *c, SqlText sql, const DbVal *params, int n)
{
    note(c, sql, params, n, false);
    return __real_db_send(c, sql, params, n);
}

bool __wrap_db_one_int(Ctx *c, SqlText sql, const DbVal *params, int n, int64_t *out, bool *found)
{
    note(c, sql, params, n, true);
    return __real_db_one_int(c, sql, params, n, out, found);
}

bool __wrap_db_one_text(Ctx *c, SqlText sql, const DbVal *params, int n, const char **out,
                        bool *found)
{
    note(c, sql, params, n, true);
    return __real_db_one_text(c, sql, params, n, out, found);
}
