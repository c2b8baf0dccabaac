/*
 * The words by which channels, actions, scopes and general rights are written in entity files,
 * role rights, tokens and the audit log. One table each; the enums are in actor.h.
 */
#include <string.h>

#include "auth/actor.h"

static const char *const channels[] = {"web", "api", "import", "job", "cli", "system"};
static const char *const actions[ACT__COUNT] = {
    [ACT_READ] = "read",         [ACT_CREATE] = "create", [ACT_EDIT] = "edit",
    [ACT_DELETE] = "delete",     [ACT_IMPORT] = "import", [ACT_EXPORT] = "export",
    [ACT_TRANSFER] = "transfer", [ACT_SHARE] = "share",   [ACT_APPROVE] = "approve",
    [ACT_BULK] = "bulk",         [ACT_MERGE] = "merge",   [ACT_ERASE] = "erase",
};
static const char *const scopes[SCOPE__COUNT] = {"own", "reports", "department", "below", "all"};
static const char *const rights[RIGHT__COUNT] = {
    [RIGHT_NONE] = "none",
    [RIGHT_SETTINGS] = "settings",
    [RIGHT_FIELDS] = "fields",
    [RIGHT_AUDIT] = "audit",
    [RIGHT_USERS] = "users",
    [RIGHT_ROLES] = "roles",
    [RIGHT_SESSIONS] = "sessions",
    [RIGHT_JOBS] = "jobs",
    [RIGHT_IMPORT_KEEP] = "import_keep",
};

static int index_of(const char *const *names, int first, int n, const char *name)
{
    if (!name)
        return -1;
    for (int i = first; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *channel_name(Channel ch)
{
    return channels[ch];
}

const char *action_name(Action a)
{
    return actions[a];
}

bool action_parse(const char *name, Action *out)
{
    int i = index_of(actions, 0, ACT__COUNT, name);
    if (i < 0)
        return false;
    *out = (Action)i;
    return true;
}

const char *scope_name(Scope s)
{
    return scopes[s];
}

bool scope_parse(const char *name, Scope *out)
{
    int i = index_of(scopes, 0, SCOPE__COUNT, name);
    if (i < 0)
        return false;
    *out = (Scope)i;
    return true;
}

const char *right_name(Right r)
{
    return rights[r];
}

bool right_parse(const char *name, Right *out)
{
    int i = index_of(rights, 1, RIGHT__COUNT, name);
    if (i < 0)
        return false;
    *out = (Right)i;
    return true;
}
