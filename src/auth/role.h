/*
 * Roles: what a role allows. The rights of a role are its stored JSON (column role.rights) where an
 * administrator changed them, else the built-in default: general rights from data/roles.json and the
 * row of the role in each entity file. An entity missing in the stored JSON falls back to its
 * default, so that an entity added by an upgrade is usable at once.
 *     {"rights": ["settings"], "entities": {"customer": {"scope": "below", "actions": "read edit", "clear": false}}}
 */
#ifndef AUTH_ROLE_H
#define AUTH_ROLE_H

#include "auth/actor.h"
#include "base/json_read.h"

/* Unites the rights of one role into *rights and ents (model->n items). rights_json: role.rights or NULL; text that cannot
   be read gives nothing at all (deny). */
void role_add_rights(Ctx *c, const Model *m, const char *code, const char *rights_json,
                     unsigned *rights, EntityRight *ents);
/* After the last role_add_rights: works out EntityRight.clear. */
void role_finish(EntityRight *ents, int n);

/* Checks rights given by a person: unknown rights, entities, scopes and actions are mistakes under `field`. */
bool role_rights_check(Ctx *c, const char *field, json_object *rights);
/* The rights that hold for a role (stored laid over the default) as the JSON above, for the page. */
bool role_rights_effective(Ctx *c, const char *code, const char *rights_json, Buf *out);

/* Writes the built-in roles that are missing (by code). Idempotent; for init and upgrade. Inside or outside a write. */
bool role_seed(Ctx *c);
/* The id of a role by code; 0 in *out where there is none. */
bool role_find(Ctx *c, const char *code, int64_t *out);

#endif
