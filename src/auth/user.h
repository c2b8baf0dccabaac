/*
 * Accounts and departments as the commands make them: the first administrator, the import of users,
 * and the upkeep of what hangs on the tree of departments. People edit users through record/.
 */
#ifndef AUTH_USER_H
#define AUTH_USER_H

#include "auth/actor.h"
#include "base/json_read.h"

/*
 * The first account, with the roles system_admin, security_admin, management and auditor (role_seed
 * ran before). With a password (checked against the policy, field "password"); with NULL, *out_token
 * is a one-time token that is accepted once as the password and then asks for one. ERR_CONFLICT
 * where the login exists. Outside a write.
 */
bool user_create_admin(Ctx *c, const char *login, const char *password, const char **out_token);

/*
 * {"departments": [{code, name, parent}], "users": [{login, name, password, department, position,
 * manager, roles, must_change, email, mobile, staff_no}]}: makes what is missing and updates what is
 * there, by code and login, all or nothing. A member that is absent leaves the old value. All
 * mistakes at once, under fields like "users[3].password". Outside a write: hashing takes 0.2 s a
 * password, on all cores.
 */
bool user_import(Ctx *c, json_object *doc, int *out_created, int *out_updated);

/* Is there any account yet? */
bool user_any(Ctx *c, bool *out);

/* Works out department.path ("/1/5/") anew where it differs; ERR_CONFLICT for a ring. Inside a write; for the hook of
   department, too. Writes topic "access" when something changed. */
bool user_refresh_paths(Ctx *c);
/* The records of an owner follow him to his new department (0: none): owner_department of every entity. Inside a write. */
bool user_move_rows(Ctx *c, int64_t owner, int64_t department);
/* What follows a change of roles, status, department or manager: topic "access", and where he lost something (roles,
   status) all sessions but the given one end. Inside a write. */
bool user_access_changed(Ctx *c, int64_t user, bool end_sessions);

#endif
