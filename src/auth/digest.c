/* A digest of the rights of the caller, so that an ETag of the schema changes when they do. */
#include "auth/access.h"

#include <string.h>

#include "base/crypt.h"

const char *access_digest(Ctx *c)
{
    const Actor *a = c->actor;
    CryptSha256 s;
    char *hex = arena_alloc(c->a, 65);
    crypt_sha256_start(&s);
    crypt_sha256_add(&s, &a->user, sizeof a->user);
    crypt_sha256_add(&s, &a->rights, sizeof a->rights);
    for (int i = 0; a->entities && i < c->model->n; i++) {
        const EntityRight *r = &a->entities[i];
        crypt_sha256_add(&s, &r->actions, sizeof r->actions);
        crypt_sha256_add(&s, r->action_scopes, sizeof r->action_scopes);
        crypt_sha256_add(&s, r->clear ? "1" : "0", 1);
    }
    crypt_sha256_end(&s, hex);
    hex[16] = 0;
    return hex;
}
