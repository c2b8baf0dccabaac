/*
 * Field changes in the stored form ({"field": [before, after]}, record/history.h) as a reader may see them: labels instead
 * of ids, fields he may not read left out, personal ones masked. For history, timeline and change requests.
 */
#ifndef RECORD_CHANGES_H
#define RECORD_CHANGES_H

#include "base/json_read.h"
#include "record/record.h"

/* Notes the links among the values; fetch the labels (link_labels_fetch) before changes_write. changes may be NULL. */
void changes_want(Ctx *c, LinkLabels *labels, const Entity *e, json_object *changes);
/* How personal fields are shown: as his roles mask them, in clear, or masked always (the record is none he may read). */
typedef enum ChangesView { CHANGES_AS_ROLES, CHANGES_CLEAR, CHANGES_MASKED } ChangesView;
/* The array [{"field", "label": {"zh", "en"}, "before", "after"}]. */
void changes_write(Ctx *c, const LinkLabels *labels, const Entity *e, json_object *changes,
                   ChangesView view, Jw *w);
/* The field of that name where the caller may read it, else NULL. */
const Field *changes_field(Ctx *c, const Entity *e, const char *name, bool *masked);
/* A stored value as text. */
char *changes_text(Ctx *c, const LinkLabels *labels, const Field *f, json_object *stored);

#endif
