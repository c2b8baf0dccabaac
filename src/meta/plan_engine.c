/* The tables of the engine itself, which belong to no entity, as data. See plan.h. */
#include "meta/plan.h"

#include <stddef.h>

#define COLUMNS(a) .columns = (a), .n_columns = (int)(sizeof(a) / sizeof *(a))
#define INDEXES(a) .indexes = (a), .n_indexes = (int)(sizeof(a) / sizeof *(a))

/* What happened to a record, with values; erasing a person rewrites it. */
static const PlanColumn history_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
    {.name = "user_id", .type = COL_INT},
    {.name = "action", .type = COL_TEXT, .not_null = true},
    {.name = "channel", .type = COL_TEXT},
    {.name = "changes", .type = COL_TEXT},
};
static const PlanIndex history_indexes[] = {
    {.name = "ix_history_record",
     .columns = (const char *const[]){"entity", "record_id", "-at", "-id", NULL}},
};

static const PlanColumn share_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "can_write", .type = COL_INT, .not_null = true},
    {.name = "until", .type = COL_INT},
    {.name = "at", .type = COL_INT, .not_null = true},
    {.name = "by_id", .type = COL_INT},
};
static const PlanIndex share_indexes[] = {
    {.name = "ux_record_share_pair",
     .columns = (const char *const[]){"entity", "record_id", "user_id", NULL},
     .unique = true},
    {.name = "ix_record_share_user",
     .columns = (const char *const[]){"user_id", "entity", "record_id", NULL}},
};

static const PlanColumn idempotency_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "digest", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};
static const PlanIndex idempotency_indexes[] = {
    {.name = "ix_idempotency_at", .columns = (const char *const[]){"at", NULL}},
};

/* Numbers are taken in blocks: value is the last one handed out. */
static const PlanColumn counter_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "value", .type = COL_INT, .not_null = true},
};

static const PlanColumn rate_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "n", .type = COL_INT, .not_null = true},
    {.name = "started_at", .type = COL_INT, .not_null = true},
    {.name = "last_at", .type = COL_INT, .not_null = true},
};
static const PlanIndex rate_indexes[] = {
    {.name = "ix_rate_hit_last", .columns = (const char *const[]){"last_at", NULL}},
};

/* Links that set a password, by the digest of their token. */
static const PlanColumn reset_columns[] = {
    {.name = "hash", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "kind", .type = COL_TEXT, .not_null = true},
    {.name = "made_at", .type = COL_INT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
};
static const PlanIndex reset_indexes[] = {
    {.name = "ix_reset_token_user", .columns = (const char *const[]){"user_id", NULL}},
};

/* What is asked of somebody as a second step just now, and his codes on paper (auth/second.c, factor.c). */
static const PlanColumn second_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
    {.name = "mobile", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT},
    {.name = "code_until", .type = COL_INT},
    {.name = "sent_at", .type = COL_INT},
    {.name = "made_at", .type = COL_INT, .not_null = true},
    {.name = "expires_at", .type = COL_INT, .not_null = true},
    {.name = "tries", .type = COL_INT, .not_null = true},
    {.name = "sendings", .type = COL_INT, .not_null = true},
};
static const PlanIndex second_indexes[] = {
    {.name = "ix_second_step_user", .columns = (const char *const[]){"user_id", NULL}},
};
static const PlanColumn recovery_columns[] = {
    {.name = "hash", .type = COL_TEXT, .not_null = true},
    {.name = "user_id", .type = COL_INT, .not_null = true},
};
static const PlanIndex recovery_indexes[] = {
    {.name = "ix_recovery_code_user", .columns = (const char *const[]){"user_id", NULL}},
};

/* Which key of secret.key seals, which processes have which and seal with which (record/secret_key.h). */
static const PlanColumn secret_key_columns[] = {
    {.name = "id", .type = COL_TEXT, .not_null = true},
    {.name = "state", .type = COL_TEXT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};
static const PlanColumn secret_held_columns[] = {
    {.name = "holder", .type = COL_TEXT, .not_null = true},
    {.name = "ids", .type = COL_TEXT, .not_null = true},
    {.name = "seals", .type = COL_TEXT}, /* with which one; NULL: programs before noted none */
};

/* What became of each row of a file, and what was wrong with its cells. The newest check or run of an import. */
static const PlanColumn import_row_columns[] = {
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "outcome", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT},
    {.name = "record_id", .type = COL_INT},
    {.name = "version", .type = COL_INT},
    {.name = "former", .type = COL_TEXT}, /* of an update: the input that brings back what was */
};
static const PlanIndex import_row_indexes[] = {
    {.name = "ix_import_row_record",
     .columns = (const char *const[]){"record_id", NULL},
     .where_not_null = "record_id"},
};
static const PlanColumn import_error_columns[] = {
    {.name = "id", .type = COL_INT},
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "col", .type = COL_INT},
    {.name = "header", .type = COL_TEXT},
    {.name = "value", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT, .not_null = true},
    {.name = "message", .type = COL_TEXT, .not_null = true},
    {.name = "kind", .type = COL_TEXT}, /* NULL: of the check or run; "undo" */
};
static const PlanIndex import_error_indexes[] = {
    {.name = "ix_import_row_error_place",
     .columns = (const char *const[]){"import_id", "sheet", "row", "id", NULL}},
};

/* What a job did to each row it touched, and what the row was before: results and undo of bulk changes. */
static const PlanColumn job_row_columns[] = {
    {.name = "job_id", .type = COL_INT, .not_null = true},
    {.name = "n", .type = COL_INT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "outcome", .type = COL_TEXT, .not_null = true},
    {.name = "version", .type = COL_INT},
    {.name = "field", .type = COL_TEXT},
    {.name = "code", .type = COL_TEXT},
    {.name = "message", .type = COL_TEXT},
    {.name = "before", .type = COL_TEXT},
};

static const PlanIndex job_row_indexes[] = {
    {.name = "ix_job_row_record", .columns = (const char *const[]){"record_id", NULL}},
};

/* What a merge moved, row by row, for its undo: whose (table, column), where it led before, and how it was moved. */
static const PlanColumn merge_row_columns[] = {
    {.name = "merge_id", .type = COL_INT, .not_null = true},
    {.name = "kind", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "field", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT, .not_null = true},
    {.name = "was", .type = COL_INT, .not_null = true},
};
static const PlanIndex merge_row_indexes[] = {
    {.name = "ix_merge_row_record", .columns = (const char *const[]){"record_id", NULL}},
};

/* Work that is owed and must not be forgotten over a restart: what, and since when (ms). */
static const PlanColumn chore_columns[] = {
    {.name = "key", .type = COL_TEXT, .not_null = true},
    {.name = "at", .type = COL_INT, .not_null = true},
};

/* Rows of a file that a rule for duplicates holds against each other or against a record. */
static const PlanColumn import_dup_columns[] = {
    {.name = "import_id", .type = COL_INT, .not_null = true},
    {.name = "grp", .type = COL_TEXT, .not_null = true},
    {.name = "sheet", .type = COL_INT, .not_null = true},
    {.name = "row", .type = COL_INT, .not_null = true},
    {.name = "rule", .type = COL_TEXT, .not_null = true},
    {.name = "entity", .type = COL_TEXT, .not_null = true},
    {.name = "record_id", .type = COL_INT},
};

static const PlanIndex import_dup_indexes[] = {
    {.name = "ix_import_dup_record",
     .columns = (const char *const[]){"record_id", NULL},
     .where_not_null = "record_id"},
};

const PlanTable plan_engine_tables[] = {
    {.name = "history", COLUMNS(history_columns), INDEXES(history_indexes)},
    {.name = "record_share", COLUMNS(share_columns), INDEXES(share_indexes)},
    {.name = "idempotency",
     COLUMNS(idempotency_columns),
     .key = (const char *const[]){"key", "user_id", NULL},
     INDEXES(idempotency_indexes)},
    {.name = "number_counter", COLUMNS(counter_columns), .key = (const char *const[]){"key", NULL}},
    {.name = "rate_hit",
     COLUMNS(rate_columns),
     .key = (const char *const[]){"key", NULL},
     INDEXES(rate_indexes)},
    {.name = "import_row",
     COLUMNS(import_row_columns),
     .key = (const char *const[]){"import_id", "sheet", "row", NULL},
     INDEXES(import_row_indexes)},
    {.name = "import_row_error", COLUMNS(import_error_columns), INDEXES(import_error_indexes)},
    {.name = "job_row",
     COLUMNS(job_row_columns),
     .key = (const char *const[]){"job_id", "n", NULL},
     INDEXES(job_row_indexes)},
    {.name = "merge_row",
     COLUMNS(merge_row_columns),
     .key = (const char *const[]){"merge_id", "entity", "field", "kind", "record_id", "was", NULL},
     INDEXES(merge_row_indexes)},
    {.name = "chore", COLUMNS(chore_columns), .key = (const char *const[]){"key", NULL}},
    {.name = "import_dup",
     COLUMNS(import_dup_columns),
     .key = (const char *const[]){"import_id", "grp", "sheet", "row", NULL},
     INDEXES(import_dup_indexes)},
    {.name = "reset_token",
     COLUMNS(reset_columns),
     .key = (const char *const[]){"hash", NULL},
     INDEXES(reset_indexes)},
    {.name = "second_step",
     COLUMNS(second_columns),
     .key = (const char *const[]){"key", NULL},
     INDEXES(second_indexes)},
    {.name = "recovery_code",
     COLUMNS(recovery_columns),
     .key = (const char *const[]){"hash", NULL},
     INDEXES(recovery_indexes)},
    {.name = "secret_key", COLUMNS(secret_key_columns), .key = (const char *const[]){"id", NULL}},
    {.name = "secret_key_held",
     COLUMNS(secret_held_columns),
     .key = (const char *const[]){"holder", NULL}},
    {.name = NULL},
};
