/*
 * Tokens, cookies and role rights as strangers send them: session_find, token_find and
 * role_rights_check must answer, whatever the bytes, and never sign anybody in.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/role.h"
#include "auth/session.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/msg.h"
#include "db/migrate.h"
#include "meta/plan.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static Db *db;
static Model *model;

static void need(bool ok, const Ctx *c)
{
    (void)c;
    if (!ok)
        abort();
}

static void start(void)
{
    static char dir[] = "/tmp/zhike-fuzz-XXXXXX";
    Ctx c;
    Arena *a = arena_new(0);
    ctx_init(&c, a);
    need(mkdtemp(dir) != NULL && crypt_init(1, 1) && msg_load() && conf_load(&c, NULL, NULL), &c);
    DbOptions o = {.dir = dir, .create = true};
    need(db_open(&c, &o, &db), &c);
    c.db = db;
    need(model_build(&c, NULL, 0, &model), &c);
    need(migrate_run(&c, plan_of_model(a, model), false, NULL), &c);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (!db)
        start();
    Ctx c;
    Arena *a = arena_new(0);
    ctx_init(&c, a);
    c.db = db;
    c.model = model;
    const char *text = arena_dup(a, (const char *)data, size);
    Actor *who;
    if (session_find(&c, text, "127.0.0.1", text, &who) ||
        token_find(&c, text, "127.0.0.1", text, &who))
        abort();
    /* the same behind a form that passes the first look */
    char shaped[47];
    memset(shaped, 'x', sizeof shaped);
    memcpy(shaped, data, size < 43 ? size : 43);
    for (int i = 0; i < 43; i++)
        if (shaped[i] == '\0')
            shaped[i] = 'y';
    shaped[43] = '\0';
    if (session_find(&c, shaped, "::1", NULL, &who) ||
        token_find(&c, arena_printf(a, "zk_%s", shaped), "::1", NULL, &who))
        abort();
    json_object *json;
    if (json_read(&c, text, size, &json))
        (void)role_rights_check(&c, "rights", json);
    unsigned rights = 0;
    EntityRight *ents = ARENA_ARRAY(a, model->n, EntityRight);
    role_add_rights(&c, model, "nobody", text, &rights, ents);
    arena_free(a);
    return 0;
}
