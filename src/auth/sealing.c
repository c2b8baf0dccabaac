/* Does the key that sealed it stay? See sealing.h. */
#include "auth/sealing.h"

#include <string.h>

#include "base/secret.h"

bool sealing_look(Ctx *c, const char *id, Sealing *out, const char **out_use)
{
    const char *use, *state;
    DbVal p[] = {db_of_text(id)};
    *out = SEALING_KEPT;
    *out_use = NULL;
    if (!db_beside(c, SEALING_LOCK) ||
        !db_one_text(c, SQL("SELECT MAX(\"id\") FROM \"secret_key\" WHERE \"state\" = 'current'"),
                     NULL, 0, &use, NULL) ||
        !db_one_text(c, SQL("SELECT MAX(\"state\") FROM \"secret_key\" WHERE \"id\" = $1"), p, 1,
                     &state, NULL))
        return false;
    *out_use = use;
    if (!use || (state && strcmp(state, "leaving") != 0 && strcmp(state, "dropped") != 0))
        return true;
    if (!secret_reload(c))
        return false;
    *out = secret_use(use) ? SEALING_ANEW : SEALING_MISSING;
    return true;
}
