/*
 * A house for fuzz programs that need a database: the whole model with its hooks, an administrator who may everything,
 * and a row of each thing that calls name; "@c" in an input stands for the id of the customer, see house_rows.
 */
#ifndef FUZZ_HOUSE_H
#define FUZZ_HOUSE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/role.h"
#include "auth/user.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "db/migrate.h"
#include "meta/plan.h"
#include "record/attach.h"
#include "record/hooks.h"
#include "record/job.h"
#include "record/record.h"

#include "hooks_gen.c" /* which hooks belong to which entity, as in the program */

static Db *house_db;
static char house_dir[64];
static struct {
    char sign;
    const char *entity, *body;
    char id[24];
} house_rows[] = {
    {'c', "customer",
     "{\"name\": \"云杉科技\", \"phone\": \"13900000001\", \"industry\": \"it\", \"source\": "
     "\"website\"}",
     ""},
    {'k', "contact", "{\"name\": \"赵六\", \"customer\": @c, \"mobile\": \"13900000002\"}", ""},
    {'f', "follow_up",
     "{\"customer\": @c, \"method\": \"phone\", \"content\": \"谈了报价和交期\", "
     "\"customer_need\": \"报价单\", \"next_plan\": \"下周再谈\"}",
     ""},
    {'t', "task", "{\"title\": \"回电\", \"customer\": @c}", ""},
    {'v', "saved_view", "{\"name\": \"我的\", \"entity\": \"customer\"}", ""},
    {'g', "tag", "{\"name\": \"重要\"}", ""},
    {'d', "department", "{\"name\": \"部\", \"code\": \"F1\"}", ""},
    {'x', "custom_field",
     "{\"entity\": \"customer\", \"code\": \"fz\", \"label_zh\": \"字\", \"type\": \"string\"}",
     ""},
    {'u', NULL, NULL, ""},
};

static void need(bool ok, const Ctx *c)
{
    if (ok)
        return;
    for (const ErrItem *e = c ? c->err : NULL; e; e = e->next)
        fprintf(stderr, "%s: %s (%s) %s\n", e->field ? e->field : "-", e->message,
                err_name(e->code), e->detail ? e->detail : "");
    abort();
}

static void house_context(Ctx *c, Arena *a)
{
    ctx_init(c, a);
    c->db = house_db;
    Model *m = model_hold();
    c->model = m;
    if (m)
        arena_defer(a, model_release, m);
    c->zone = "Asia/Shanghai";
}

/* "@c" becomes the id of that row; a byte that belongs to none stays. */
static const char *house_filled(Arena *a, const char *text, size_t size, size_t *out_n)
{
    Buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < size; i++) {
        const char *id = NULL;
        for (size_t k = 0;
             text[i] == '@' && i + 1 < size && k < sizeof house_rows / sizeof *house_rows; k++)
            if (house_rows[k].sign == text[i + 1])
                id = house_rows[k].id;
        if (id) {
            buf_add(&b, id, strlen(id));
            i++;
        } else {
            buf_add(&b, text + i, 1);
        }
    }
    *out_n = b.len;
    return arena_dup(a, b.len ? b.data : "", b.len);
}

static void house_fill(Ctx *c)
{
    const SaveOptions o = {.if_version = -1, .origin = "web"};
    for (size_t i = 0; i < sizeof house_rows / sizeof *house_rows; i++) {
        int64_t id = c->actor->user;
        size_t n;
        const char *text = house_rows[i].entity ? house_filled(c->a, house_rows[i].body,
                                                               strlen(house_rows[i].body), &n)
                                                : NULL;
        json_object *in;
        if (text)
            need(json_read(c, text, n, &in) &&
                     rec_create(c, model_entity(c->model, house_rows[i].entity), in, &o, &id),
                 c);
        (void)snprintf(house_rows[i].id, sizeof house_rows[i].id, "%lld", (long long)id);
    }
}

static void house_leave(void)
{
    char cmd[96];
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", house_dir);
    (void)!system(cmd);
}

static void house_start(void)
{
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    (void)snprintf(house_dir, sizeof house_dir, "%s/zhike-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    need(mkdtemp(house_dir) && crypt_init(1, 1) && msg_load() && conf_load(&c, NULL, NULL), &c);
    char below[80];
    (void)snprintf(below, sizeof below, "%s/tmp", house_dir);
    need(mkdir(below, 0700) == 0, &c);
    (void)snprintf(below, sizeof below, "%s/files", house_dir);
    need(mkdir(below, 0700) == 0, &c);
    (void)atexit(house_leave);
    log_open("/dev/null", "error", 0);
    attach_set_dir(house_dir);
    DbOptions o = {.dir = house_dir, .create = true};
    need(db_open(&c, &o, &house_db), &c);
    c.db = house_db;
    Model *m;
    need(model_build(&c, NULL, 0, &m) && migrate_run(&c, plan_of_model(a, m), false, NULL), &c);
    model_replace(m);
    hooks_register(hook_table);
    house_context(&c, a);
    c.actor = actor_system(a, CH_SYSTEM);
    const char *token;
    Actor *me;
    need(role_seed(&c) && user_create_admin(&c, "admin", "Fuzz-Admin-2026", &token) &&
             actor_of_login(&c, "admin", CH_WEB, &me),
         &c);
    c.actor = me;
    house_fill(&c);
    arena_free(a);
}

/* Before the first input, whose time counts: making a house takes seconds on a busy machine. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    house_start();
    return 0;
}

/* The administrator of the house, stepped up. */
static void house_admin(Ctx *c, Channel ch)
{
    Actor *me;
    need(actor_of_login(c, "admin", ch, &me), c);
    me->step_up_until = INT64_MAX;
    me->must_change_password = false;
    c->actor = me;
}

#endif
