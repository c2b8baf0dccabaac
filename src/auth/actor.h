/*
 * Who asks. Made once per request from the session or token (or for a command or job: system, or
 * --as LOGIN) and cached per user until something under topic "access" changes. Immutable; counted
 * by the cache, held by the request through its arena.
 */
#ifndef AUTH_ACTOR_H
#define AUTH_ACTOR_H

#include "meta/filter.h"

typedef enum Channel { CH_WEB, CH_API, CH_IMPORT, CH_JOB, CH_CLI, CH_SYSTEM } Channel;
const char *channel_name(Channel ch); /* "web" … as in audit_log.channel and origin */

/* What one entity allows this actor, united over his roles. */
typedef struct EntityRight {
    unsigned actions;           /* 1u << ACT_… */
    unsigned scopes;            /* 1u << SCOPE_… : for reading */
    unsigned action_scopes[24]; /* per action */
    unsigned clear_scopes;      /* scopes of the roles that read personal fields in clear */
    bool clear;                 /* personal fields in clear in every scope he reads */
} EntityRight;

typedef enum Action {
    ACT_READ,
    ACT_CREATE,
    ACT_EDIT,
    ACT_DELETE,
    ACT_IMPORT,
    ACT_EXPORT,
    ACT_TRANSFER,
    ACT_SHARE,
    ACT_APPROVE,
    ACT_BULK,
    ACT_MERGE,
    ACT_ERASE, /* for good, out of the recycle bin */
    ACT__COUNT
} Action;
bool action_parse(const char *name, Action *out);
const char *action_name(Action a);
typedef enum Scope {
    SCOPE_OWN,
    SCOPE_REPORTS,
    SCOPE_DEPARTMENT,
    SCOPE_BELOW,
    SCOPE_ALL,
    SCOPE__COUNT
} Scope;

typedef enum Right {
    RIGHT_NONE,
    RIGHT_SETTINGS,
    RIGHT_FIELDS,
    RIGHT_AUDIT,
    RIGHT_USERS,
    RIGHT_ROLES,
    RIGHT_SESSIONS,
    RIGHT_JOBS,
    RIGHT_IMPORT_KEEP,
    RIGHT__COUNT
} Right;
const char *right_name(Right r);
bool right_parse(const char *name, Right *out);
const char *scope_name(Scope s);
bool scope_parse(const char *name, Scope *out);

typedef struct Actor {
    int64_t user; /* 0 for system */
    const char *login, *name;
    int64_t department; /* 0 for none */
    const char *department_path;
    const char *const *roles;    /* codes, NULL-terminated */
    unsigned rights;             /* 1u << RIGHT_… */
    bool is_system;              /* may everything; scopes are TRUE */
    const EntityRight *entities; /* by Entity.index of the model it was made with */
    int n_entities;
    const bool
        *menu_hidden; /* by Entity.index: each of his roles leaves it out of the menu; or NULL */
    const int64_t *below; /* departments at or under his (for SCOPE_BELOW), */
    int n_below;
    const int64_t
        *reports; /* users under him by manager at any depth, disabled included (SCOPE_REPORTS) */
    int n_reports;
    const char *locale, *zone;
    bool must_change_password;
    bool factor_due; /* a second factor is required of him, and he has none */
    /* of this request, not cached */
    Channel channel;
    const char *ip, *agent;
    int64_t session;                 /* id, 0 for none */
    int64_t api_key;                 /* id, 0 for none */
    int64_t step_up_until;           /* ms UTC, 0 for none */
    bool verified;                   /* a job: it was stepped up when it was asked for */
    const char *const *token_scopes; /* of an api key: entity or entity:action, NULL for all */
} Actor;

/* The system actor (maintenance, demo, sealer). */
const Actor *actor_system(Arena *a, Channel ch);
/* The actor of a user; ERR_NOT_SIGNED_IN where he is not active. Copies from the cache into c->a. */
bool actor_of_user(Ctx *c, int64_t user, Channel ch, Actor **out);
bool actor_of_login(Ctx *c, const char *login, Channel ch, Actor **out);
bool actor_has(const Actor *a, Right r);
bool actor_stepped_up(const Ctx *c); /* step-up still valid at c->now_ms; system always */
/* Drops the cache (topic "access" changed, or the model). */
void actor_cache_clear(void);

#endif
