/*
 * What every command needs: the opened data folder, engine, model and context. One struct, made by
 * app_open in the order that the floors ask for, ended by app_close.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "db/db.h"
#include "meta/model.h"

typedef struct Args {
    int n;
    char **v;
} Args;

typedef struct App {
    Arena *a;
    Ctx c;
    Db *db;
    const char *dir;
    bool writes; /* opened to change data */
} App;

typedef struct AppOptions {
    const char *dir;
    const char *database; /* --database, or NULL */
    const char *listen;   /* --listen, or NULL */
    bool create;          /* init: the folder and tables are made */
    bool keep_schema;     /* do not migrate (check, dump, audit) */
    bool guarded;         /* serve: the process locks itself up, see guard.h */
} AppOptions;

/* Settings, log, messages, engine, schema, model, lease, hooks. Prints what is wrong; false then. */
bool app_open(App *app, const AppOptions *o);
void app_close(App *app);
/* The mistakes of the context on stderr, one line each. Returns 1, the exit status. */
int app_fail(App *app);

/* The value of "--name" (taken out of args), or NULL. *missing set where the value is absent. */
const char *args_take(Args *args, const char *name);
bool args_flag(Args *args, const char *name);
/* Anything left that starts with '-' or is too many: prints usage, false. */
bool args_done(const Args *args, int max_plain);
int usage(const char *line);

/* Commands. Each returns the exit status. */
int cmd_init(Args *args);
int cmd_serve(Args *args);
int cmd_demo(Args *args);
int cmd_import(Args *args);
int cmd_user(Args *args);
int cmd_check(Args *args);
int cmd_dump(Args *args);
int cmd_audit(Args *args);
int cmd_routes(Args *args);
int cmd_configuration(Args *args);
int cmd_config(Args *args);
int cmd_key(Args *args);
int cmd_version(Args *args);

#endif
