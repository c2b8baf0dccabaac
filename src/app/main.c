/* The command line: a table of commands. See the contract, section 1. */
#include "app/app.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "record/picture/picture.h"
#include "record/print/docx.h"
#include "record/sheet/sheet.h"

typedef struct Command {
    const char *name;
    int (*fn)(Args *args);
    const char *line; /* usage */
    const char *about;
} Command;

/* Named by the contract; they come with a later issue. */
static int later(Args *args)
{
    fprintf(stderr, "zhike: \"%s\" is not built yet\n", args->v[-1]);
    return 2;
}

static const Command commands[] = {
    {"init", cmd_init, "init --data DIR [--database URL] [--admin-password-file F]",
     "create a data folder; login \"admin\""},
    {"serve", cmd_serve, "serve --data DIR [--database URL] [--listen 127.0.0.1:8080]",
     "serve the page and the API"},
    {"demo", cmd_demo, "demo --data DIR [--customers N]", "fill with a believable company's data"},
    {"import", cmd_import,
     "import --data DIR FILE [--as LOGIN] [--entity E] [--mode M] [--match F,F] [--dry-run] "
     "[--report F.xlsx]",
     "import a workbook or CSV file"},
    {"user", cmd_user, "user import FILE | factor-off LOGIN --data DIR",
     "departments and users from JSON or a workbook; take somebody's second factor away"},
    {"check", cmd_check, "check --data DIR [--recount]",
     "integrity of database, audit chain, files, rollups"},
    {"dump", cmd_dump, "dump --data DIR --logical --sorted", "a JSON line a row"},
    {"audit", cmd_audit, "audit verify --data DIR", "walk the audit chain"},
    {"routes", cmd_routes, "routes [--json]", "every call and who may make it"},
    {"config", cmd_config, "config [--data DIR]",
     "settings, their values and where they come from"},
    {"configuration", cmd_configuration,
     "configuration export|difference|import|undo [FILE|ID] --data DIR …",
     "what an administrator set, as a file"},
    {"key", cmd_key, "key list | rotate [--lost] | drop ID [--at-once] [--wait SECONDS] --data DIR",
     "exchange the key that seals saved passwords, beside a running server"},
    {"version", cmd_version, "version", "the version of this program"},
    {"backup", later, "backup", "later"},
    {"restore", later, "restore", "later"},
    {"verify", later, "verify", "later"},
    {"upgrade", later, "upgrade", "later"},
    {"rollback", later, "rollback", "later"},
    {"doctor", later, "doctor", "later"},
    {"move", later, "move", "later"},
};

static void help(FILE *to)
{
    fprintf(to, "Zhike, customer relationship management. Commands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].fn != later)
            fprintf(to, "  zhike %-78s %s\n", commands[i].line, commands[i].about);
    fprintf(to, "A setting can come from DIR/zhike.conf, the environment (ZHIKE_…) or a flag; "
                "zhike config lists them.\n");
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "read-sheet") == 0)
        sheet_child(); /* started by ourselves, to read the file of a stranger */
    if (argc > 2 && strcmp(argv[1], "shrink-picture") == 0)
        picture_child(argc - 2, argv + 2);
    if (argc > 2 && strcmp(argv[1], "merge-docx") == 0)
        docx_child(argc - 2, argv + 2);
    child_program("/proc/self/exe");
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].fn(&(Args){.n = argc - 2, .v = argv + 2});
    fprintf(stderr, "zhike: there is no command \"%s\"; zhike help lists them\n", argv[1]);
    return 2;
}
