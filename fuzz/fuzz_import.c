/*
 * A table of a stranger through the whole import: headers guessed, rows read, checked, written. Whatever stands in it,
 * the check and the run end, each row is counted once, and what is told of it is JSON; a file that cannot be read is
 * refused with a reason of the file's.
 */
#include "house.h"

#include "record/import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void told(Ctx *c, int64_t id, bool (*tell)(Ctx *, int64_t, Buf *))
{
    Buf b;
    json_object *o;
    buf_init(&b, c->a);
    need(tell(c, id, &b) && json_read(c, b.data, b.len, &o), c);
}

static bool errors(Ctx *c, int64_t id, Buf *b)
{
    return import_errors(c, id, NULL, NULL, 50, b);
}

static bool duplicates(Ctx *c, int64_t id, Buf *b)
{
    return import_duplicates(c, id, NULL, 50, b);
}

/* A refusal is the caller's; what says yes says nothing else. */
static bool fine(Ctx *c, bool ok)
{
    need(ok == (c->n_err == 0), c);
    for (const ErrItem *e = c->err; e; e = e->next)
        need(err_status(e->code) < 500, c);
    ctx_errors_back_to(c, 0);
    return ok;
}

static bool worked(Ctx *c, bool (*queue)(Ctx *, int64_t, int64_t *), int64_t id,
                   bool (*run)(Ctx *, Job *))
{
    int64_t at;
    Job job;
    bool found = false;
    if (!fine(c, queue(c, id, &at)))
        return false;
    const Actor *me = c->actor;
    c->actor = actor_system(c->a, CH_SYSTEM);
    need(job_claim(c, "fuzz", 30000, &job, &found) && found && job.id == at, c);
    house_admin(c, CH_JOB);
    bool ok = fine(c, run(c, &job));
    c->actor = actor_system(c->a, CH_SYSTEM);
    need(job_end(c, &job, ok ? JOB_IS_DONE : JOB_IS_FAILED, NULL, 0), c);
    c->actor = me;
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4000)
        return 0;
    Arena *a = arena_new(0);
    Ctx c;
    house_context(&c, a);
    house_admin(&c, CH_WEB);
    const char *path = attach_tmp(&c, ".csv");
    FILE *f = fopen(path, "wb");
    need(f && fwrite(data, 1, size, f) == size && fclose(f) == 0, &c);
    int64_t id;
    if (fine(&c, import_create(&c, path, "fuzz.csv", NULL, &id))) {
        told(&c, id, import_json);
        if (worked(&c, import_check, id, import_check_job)) {
            told(&c, id, import_report);
            told(&c, id, errors);
            told(&c, id, duplicates);
            if (worked(&c, import_run, id, import_run_job))
                told(&c, id, import_json);
        }
    }
    (void)unlink(path);
    db_release(&c);
    arena_free(a);
    return 0;
}
