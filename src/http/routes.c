/*
 * The table of routes: every call there is, who may make it, and one line about it. Nothing else
 * registers routes.
 */
#include "http/api.h"

#define API "/api/v1"
#define SECRET_BODY                                                                                \
    (2 << 20) /* a password of a megabyte is told that it is too long, like any other */

const Route routes[] = {
    /* who am I */
    {POST, API "/session", api_session_open, .who = WHO_ANYONE, .max_body = SECRET_BODY,
     .about = "Sign in"},
    {POST, API "/session/verify", api_session_verify, .who = WHO_ANYONE, .max_body = 4096,
     .about = "Second factor of a sign-in"},
    {DELETE_, API "/session", api_session_close, .who = WHO_USER, .about = "Sign out"},
    {GET, API "/me", api_me, .who = WHO_USER, .quick = true, .about = "Who am I, what may I do"},
    {PATCH, API "/me", api_me_update, .who = WHO_USER, .max_body = 4096,
     .about = "Change one's own language or time zone"},
    {POST, API "/me/password", api_me_password, .who = WHO_USER, .max_body = SECRET_BODY,
     .about = "Change one's own password"},
    {POST, API "/step-up", api_step_up, .who = WHO_USER, .max_body = SECRET_BODY,
     .about = "Second verification for sensitive operations"},
    {GET, API "/tokens", api_token_list, .who = WHO_USER, .about = "One's own bearer tokens"},
    {POST, API "/tokens", api_token_create, .who = WHO_USER, .step_up = true, .max_body = 16384,
     .about = "Make a bearer token, shown once"},
    {DELETE_, API "/tokens/:id", api_token_delete, .who = WHO_USER, .about = "End a bearer token"},

    /* what is there */
    {GET, API "/schema", api_schema, .who = WHO_USER, .quick = true,
     .about = "Entities as the caller may see them"},
    {GET, API "/schema/:entity", api_schema_entity, .who = WHO_USER, .quick = true,
     .about = "One entity: fields, actions, layouts"},
    {GET, API "/search", api_search, .who = WHO_USER, .query = "q limit entity",
     .about = "Search over all entities"},
    {GET, API "/settings", api_settings, .who = WHO_USER, .right = RIGHT_SETTINGS,
     .about = "Settings"},
    {PATCH, API "/settings", api_settings_update, .who = WHO_USER, .right = RIGHT_SETTINGS,
     .max_body = 65536, .about = "Change settings"},
    {GET, API "/openapi.json", api_openapi, .who = WHO_ANYONE, .about = "This document"},

    /* jobs, exports, imports, files */
    {GET, API "/jobs", api_job_list, .who = WHO_USER, .query = "limit cursor",
     .about = "One's own jobs"},
    {GET, API "/jobs/:id", api_job_get, .who = WHO_USER, .about = "State and progress of a job"},
    {GET, API "/jobs/:id/file", api_job_file, .who = WHO_USER, .about = "The file a job made"},
    {POST, API "/jobs/:id/cancel", api_job_cancel, .who = WHO_USER, .max_body = 1024,
     .about = "Stop a job"},
    {POST, API "/imports", api_import_create, .who = WHO_USER, .upload = true, .import_sized = true,
     .query = "entity", .about = "Upload a workbook or CSV file"},
    {GET, API "/imports", api_import_list, .who = WHO_USER, .query = "limit cursor",
     .about = "One's own imports"},
    {GET, API "/imports/:id", api_import_get, .who = WHO_USER,
     .about = "State, sheets and counts of an import"},
    {PATCH, API "/imports/:id", api_import_update, .who = WHO_USER, .max_body = 1 << 20,
     .about = "Mapping, mode, keys, encoding"},
    {POST, API "/imports/:id/check", api_import_check, .who = WHO_USER, .max_body = 1024,
     .about = "The run without the writing"},
    {POST, API "/imports/:id/run", api_import_run, .who = WHO_USER, .max_body = 1024,
     .about = "Run the import"},
    {POST, API "/imports/:id/undo", api_import_undo, .who = WHO_USER, .max_body = 1024,
     .about = "Take the import back"},
    {POST, API "/imports/:id/cancel", api_import_cancel, .who = WHO_USER, .max_body = 1024,
     .about = "Stop a running import"},
    {GET, API "/imports/:id/errors", api_import_errors, .who = WHO_USER, .query = "cursor limit",
     .about = "Refused cells"},
    {GET, API "/imports/:id/errors.xlsx", api_import_errors_xlsx, .who = WHO_USER,
     .about = "Refused rows as a workbook with reasons"},
    {GET, API "/import-templates/:file", api_import_template, .who = WHO_USER,
     .about = "Template workbook of an entity"},
    {GET, API "/attachments/:id/content", api_attachment_content, .who = WHO_USER,
     .about = "A file"},
    {DELETE_, API "/attachments/:id", api_attachment_delete, .who = WHO_USER,
     .about = "Remove a file"},

    /* records of any entity; the fixed words stand before ":id" */
    {GET, API "/:plural", api_record_list, .who = WHO_USER, ROUTE_ACT(ACT_READ), .quick = true,
     .query = "filter sort limit cursor fields q count view deleted", .about = "List"},
    {POST, API "/:plural", api_record_create, .who = WHO_USER, ROUTE_ACT(ACT_CREATE),
     .max_body = 1 << 20, .in_answer = true, .about = "Create"},
    {POST, API "/:plural/duplicates", api_record_duplicates, .who = WHO_USER, ROUTE_ACT(ACT_CREATE),
     .max_body = 65536, .about = "Records like this one"},
    {POST, API "/:plural/export", api_export, .who = WHO_USER, ROUTE_ACT(ACT_EXPORT),
     .max_body = 65536, .about = "Export as a job"},
    {POST, API "/:plural/actions/:action", api_entity_action, .who = WHO_USER, ROUTE_ACT(ACT_READ),
     .max_body = 1 << 20, .about = "An action of the entity"},
    {GET, API "/:plural/:id", api_record_get, .who = WHO_USER, ROUTE_ACT(ACT_READ), .quick = true,
     .query = "deleted", .in_answer = true, .about = "Read"},
    {PATCH, API "/:plural/:id", api_record_update, .who = WHO_USER, ROUTE_ACT(ACT_EDIT),
     .max_body = 1 << 20, .in_answer = true, .about = "Change (merge patch, If-Match)"},
    {DELETE_, API "/:plural/:id", api_record_delete, .who = WHO_USER, ROUTE_ACT(ACT_DELETE),
     .about = "To the recycle bin (If-Match)"},
    {POST, API "/:plural/:id/restore", api_record_restore, .who = WHO_USER, ROUTE_ACT(ACT_DELETE),
     .max_body = 1024, .in_answer = true, .about = "Back from the recycle bin"},
    {GET, API "/:plural/:id/timeline", api_record_timeline, .who = WHO_USER, ROUTE_ACT(ACT_READ),
     .quick = true, .query = "cursor limit", .about = "What happened, newest first"},
    {GET, API "/:plural/:id/history", api_record_history, .who = WHO_USER, ROUTE_ACT(ACT_READ),
     .quick = true, .query = "cursor limit", .about = "Field changes"},
    {GET, API "/:plural/:id/attachments", api_attachment_list, .who = WHO_USER, ROUTE_ACT(ACT_READ),
     .about = "Files of a record"},
    {POST, API "/:plural/:id/attachments", api_attachment_add, .who = WHO_USER, ROUTE_ACT(ACT_READ),
     .upload = true, .about = "Add a file"},
    {POST, API "/:plural/:id/actions/:action", api_record_action, .who = WHO_USER,
     ROUTE_ACT(ACT_READ), .max_body = 1 << 20, .about = "What a record can do beyond fields"},

    /* health, and the page */
    {GET, "/healthz", api_healthz, .who = WHO_ANYONE, .quick = true, .about = "The process lives"},
    {GET, "/readyz", api_readyz, .who = WHO_ANYONE,
     .about = "The database answers and takes writes"},
    {GET, "/openapi.json", api_openapi, .who = WHO_ANYONE, .about = "This document"},
    {GET, API "/healthz", api_healthz, .who = WHO_ANYONE, .quick = true,
     .about = "The process lives"},
    {GET, API "/readyz", api_readyz, .who = WHO_ANYONE,
     .about = "The database answers and takes writes"},
    {GET, "/*", api_asset, .who = WHO_ANYONE, .query = "*", .about = "The page"},
};

const int n_routes = sizeof routes / sizeof *routes;
