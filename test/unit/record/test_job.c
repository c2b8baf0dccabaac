/* Jobs: of two who hold the lease of one job (a clock was set, a process stood still) the later may write, the former nothing. */
#include "base/file.h"
#include "house.h"
#include "record/attach.h"
#include "record/job.h"

static const Job nothing;

static bool done(Ctx *c, Job *job)
{
    (void)c;
    (void)job;
    return true;
}
static const JobKind kinds[] = {{"export", done}, {NULL, NULL}};

static Job add_and_claim(T *t, const char *by)
{
    Job job = nothing;
    int64_t id;
    bool found = false;
    job_register(kinds);
    OK(t, job_add(&t->c, "export", "{}", &id));
    OK(t, job_claim(&t->c, by, JOB_LEASE_MS, &job, &found));
    assert_true(found);
    assert_true(job.id == id && !job.lost);
    assert_string_equal(job.by, by);
    return job;
}

static Job claim(T *t, const char *by, bool expected)
{
    Job job = nothing;
    bool found = false;
    OK(t, job_claim(&t->c, by, JOB_LEASE_MS, &job, &found));
    assert_int_equal(found, expected);
    return job;
}

static int64_t state_of(T *t, int64_t id, const char *state)
{
    DbVal p[] = {db_of_int(id), db_of_text(state)};
    int64_t n = 0;
    OK(t, db_one_int(&t->c, SQL("SELECT COUNT(*) FROM job WHERE id = $1 AND state = $2"), p, 2, &n,
                     NULL));
    return n;
}

static void is_lost(T *t, Job *job, bool ok)
{
    assert_false(ok);
    assert_true(job->lost);
    ERR_IS(t, ERR_BUSY, NULL);
    ctx_errors_back_to(&t->c, 0);
}

typedef struct Both {
    Job *job;
    int64_t customer;
} Both;

/* As a block of an import: work, then how far it is. */
static bool work_and_tell(Ctx *c, void *arg)
{
    Both *b = arg;
    DbVal p[] = {db_of_int(b->customer)};
    return db_exec(c, SQL("UPDATE customer SET remark = 'twice' WHERE id = $1"), p, 1) &&
           job_progress(c, b->job, 5, 10, NULL, NULL, NULL);
}

static void test_overtaken(void **state)
{
    (void)state;
    T *t = t_as("boss");
    int64_t customer = make_customer(t, "围栏贸易有限公司", "13700137001");
    Job first = add_and_claim(t, "process one");
    OK(t, job_progress(&t->c, &first, 1, 10, "{\"at\":1}", NULL, NULL));
    (void)claim(t, "process two", false);
    t->c.now_ms += 86400000; /* the clock is set a day ahead */
    Job second = claim(t, "process two", true);
    assert_int_equal(second.id, first.id);
    assert_int_equal(json_int(second.progress, "at", 0), 1);
    is_lost(t, &first, job_progress(&t->c, &first, 2, 10, NULL, NULL, NULL));
    is_lost(t, &first, job_touch(&t->c, &first, JOB_LEASE_MS));
    is_lost(t, &first, job_end(&t->c, &first, JOB_IS_FAILED, "no", 0));
    Both b = {&first, customer};
    is_lost(t, &first, db_write(&t->c, work_and_tell, &b));
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE remark = 'twice' AND id = $1"), customer),
        0);
    b.job = &second;
    OK(t, db_write(&t->c, work_and_tell, &b)); /* the control: who holds it does write */
    assert_int_equal(
        t_int(t, SQL("SELECT COUNT(*) FROM customer WHERE remark = 'twice' AND id = $1"), customer),
        1);
    OK(t, job_end(&t->c, &second, JOB_IS_DONE, NULL, 0));
    OK(t, job_end(&t->c, &second, JOB_IS_DONE, NULL, 0)); /* it has ended itself: no harm */
    assert_false(second.lost);
    is_lost(t, &first, job_end(&t->c, &first, JOB_IS_FAILED, "no", 0));
    assert_int_equal(state_of(t, first.id, "done"), 1);
    t_end(t);
}

/* Two threads of one process have one name; the number of the attempt tells them apart. */
static void test_same_process(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Job first = add_and_claim(t, "one name");
    t->c.now_ms += 86400000;
    Job second = claim(t, "one name", true);
    is_lost(t, &first, job_touch(&t->c, &first, JOB_LEASE_MS));
    OK(t, job_touch(&t->c, &second, JOB_LEASE_MS));
    OK(t, job_end(&t->c, &second, JOB_IS_DONE, NULL, 0));
    t_end(t);
}

/* The clock is set back ten years while the holder dies: its lease would last ten years. */
static void test_set_back(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Job first = add_and_claim(t, "dead soon");
    t->c.now_ms -= 60000;
    (void)claim(t, "other", false); /* clocks differ a little: that is no reason */
    t->c.now_ms -= INT64_C(315360000000);
    Job second = claim(t, "other", true);
    assert_int_equal(second.id, first.id);
    OK(t, job_end(&t->c, &second, JOB_IS_DONE, NULL, 0));
    t_end(t);
}

/* Who comes on is never given up; who ends the process again and again at the same place is. */
static void test_tries(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Job job = add_and_claim(t, "one");
    for (int i = 1; i <= 12; i++) { /* interrupted twelve times, each time a little further */
        OK(t, job_progress(&t->c, &job, i, 100, NULL, NULL, NULL));
        OK(t, job_touch(&t->c, &job, -1000));
        job = claim(t, "one", true);
        assert_int_equal(job.attempts, i + 1);
        assert_int_equal(job.tries, 1);
    }
    for (int i = 2; i <= 5; i++) {
        OK(t, job_progress(&t->c, &job, 12, 100, NULL, NULL, NULL)); /* no further */
        OK(t, job_touch(&t->c, &job, -1000));
        job = claim(t, "one", true);
        assert_int_equal(job.tries, i);
    }
    OK(t, job_touch(&t->c, &job, -1000));
    (void)claim(t, "one", false);
    assert_int_equal(state_of(t, job.id, "failed"), 1);
    t_end(t);
}

/* A file is there only with the end of its job. */
static bool ends(Ctx *c, void *job, int64_t file)
{
    return job_end(c, job, JOB_IS_DONE, NULL, file);
}

static void test_file_with_end(void **state)
{
    (void)state;
    T *t = t_as("boss");
    Job first = add_and_claim(t, "one");
    t->c.now_ms += 86400000;
    Job second = claim(t, "two", true), *both[] = {&first, &second};
    OK(t, file_make_dirs(&t->c, arena_printf(t->a, "%s/tmp", attach_dir()), 0700));
    for (int i = 0; i < 2; i++) {
        const char *path = attach_tmp(&t->c, ".csv");
        int64_t file = 0;
        OK(t, file_write(&t->c, path, "a", 1, 0600));
        AttachNew n = {.path = path,
                       .name = "a.csv",
                       .parent_type = "job",
                       .parent = first.id,
                       .with = ends,
                       .arg = both[i]};
        bool ok = attach_store(&t->c, &n, &file);
        if (i == 0)
            is_lost(t, &first, ok);
        else
            OK(t, ok);
        assert_int_equal(t_int(t,
                               SQL("SELECT COUNT(*) FROM attachment WHERE parent_type = 'job' AND "
                                   "parent_id = $1"),
                               first.id),
                         i);
    }
    t_end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {HOUSE_TEST(test_overtaken), HOUSE_TEST(test_same_process),
                                       HOUSE_TEST(test_set_back), HOUSE_TEST(test_tries),
                                       HOUSE_TEST(test_file_with_end)};
    return house_run(tests);
}
