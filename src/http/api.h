/* The handlers behind the routes. Each is thin: JSON in, one call, JSON out. One file per topic. */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "http/route.h"

/* api_metrics.c */
bool api_metrics(Request *rq);

/* api_session.c */
bool api_session_open(Request *rq);
bool api_session_verify(Request *rq);
bool api_session_close(Request *rq);
bool api_session_list(Request *rq);
bool api_session_end(Request *rq);
bool api_me(Request *rq);
bool api_me_update(Request *rq);
bool api_me_password(Request *rq);
bool api_step_up(Request *rq);
bool api_token_create(Request *rq);
bool api_token_list(Request *rq);
bool api_token_delete(Request *rq);

/* api_factor.c */
bool api_session_code(Request *rq);
bool api_step_up_code(Request *rq);
bool api_factor(Request *rq);
bool api_factor_enrol(Request *rq);
bool api_factor_confirm(Request *rq);
bool api_factor_recovery(Request *rq);
bool api_factor_leave(Request *rq);

/* api_record.c */
bool api_record_list(Request *rq);
bool api_record_groups(Request *rq);
bool api_record_bulk(Request *rq);
bool api_record_create(Request *rq);
bool api_record_get(Request *rq);
bool api_record_update(Request *rq);
bool api_record_delete(Request *rq);
bool api_record_restore(Request *rq);
bool api_record_erase(Request *rq);
bool api_record_timeline(Request *rq);
bool api_record_history(Request *rq);
bool api_record_action(Request *rq);
bool api_entity_action(Request *rq);
bool api_record_duplicates(Request *rq);
bool api_search(Request *rq);

/* api_merge.c */
bool api_merge(Request *rq);
bool api_merge_undo(Request *rq);

/* api_schema.c */
bool api_schema(Request *rq);
bool api_schema_entity(Request *rq);
bool api_settings(Request *rq);
bool api_settings_update(Request *rq);
bool api_openapi(Request *rq);

/* api_logo.c */
bool api_welcome(Request *rq);
bool api_logo(Request *rq);
bool api_logo_set(Request *rq);
bool api_logo_clear(Request *rq);

/* api_configuration.c */
bool api_configuration(Request *rq);
bool api_configuration_parts(Request *rq);
bool api_configuration_difference(Request *rq);
bool api_configuration_import(Request *rq);

/* api_day.c */
bool api_favorite_list(Request *rq);
bool api_favorite_add(Request *rq);
bool api_favorite_remove(Request *rq);
bool api_calendar(Request *rq);

/* api_metric.c */
bool api_metric(Request *rq);
bool api_metric_preview(Request *rq);
bool api_metric_file(Request *rq);

/* api_file.c */
bool api_print_choices(Request *rq);
bool api_print(Request *rq);
bool api_attachment_list(Request *rq);
bool api_attachment_add(Request *rq);
bool api_attachment_content(Request *rq);
bool api_attachment_thumbnail(Request *rq);
bool api_attachment_delete(Request *rq);

/* api_job.c */
bool api_job_list(Request *rq);
bool api_job_get(Request *rq);
bool api_job_file(Request *rq);
bool api_job_cancel(Request *rq);
bool api_job_undo(Request *rq);
bool api_job_results(Request *rq);
bool api_export(Request *rq);
bool api_import_create(Request *rq);
bool api_import_list(Request *rq);
bool api_import_get(Request *rq);
bool api_import_preview(Request *rq);
bool api_import_update(Request *rq);
bool api_import_check(Request *rq);
bool api_import_run(Request *rq);
bool api_import_undo(Request *rq);
bool api_import_cancel(Request *rq);
bool api_import_errors(Request *rq);
bool api_import_duplicates(Request *rq);
bool api_import_report(Request *rq);
bool api_import_errors_xlsx(Request *rq);
bool api_import_template(Request *rq);

/* api_notice.c */
bool api_me_notify(Request *rq);
bool api_me_notify_set(Request *rq);
bool api_reset_ask(Request *rq);
bool api_reset_look(Request *rq);
bool api_reset_confirm(Request *rq);
bool api_approval_link_look(Request *rq);
bool api_approval_link_answer(Request *rq);
bool api_my_announcements(Request *rq);
bool api_announcement_ack(Request *rq);

/* api_health.c */
bool api_healthz(Request *rq);
bool api_readyz(Request *rq);
bool api_metrics(Request *rq);

/* assets.c: the page; also every path without an extension outside /api */
bool api_asset(Request *rq);

#endif
