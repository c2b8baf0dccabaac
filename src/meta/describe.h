/* The model as JSON for the page and integrations: /schema/{entity}, docs/api.md. */
#ifndef META_DESCRIBE_H
#define META_DESCRIBE_H

#include "base/json_write.h"
#include "meta/model.h"

typedef enum FieldRight { FR_NONE, FR_READ, FR_EDIT } FieldRight;

typedef struct DescribeRights {
    FieldRight (*field)(const void *arg, const Field *f, bool *out_masked);
    bool (*can)(const void *arg, const Entity *e, const char *action);
    const void *arg;
} DescribeRights;

/*
 * An arrangement of fields that goes before the one of the entity file. Names that are none, or that the caller may not
 * see, are left out; fields of a form or detail that stand nowhere close the last section, custom columns the list.
 */
typedef enum LayoutKind { LK_LIST, LK_FORM, LK_CARD, LK_DETAIL, LK__COUNT } LayoutKind;
typedef struct LayoutSection {
    Label label; /* zh NULL in list and card */
    const char *const *fields;
    int n;
} LayoutSection;
typedef struct Layout {
    const LayoutSection *sections; /* list and card: one */
    int n;
    const char *const *hidden;
    int n_hidden;
} Layout;
typedef struct Layouts {
    const Layout *of[LK__COUNT]; /* NULL: as the entity file has it */
} Layouts;

/* r, l: NULL for everything, and for the arrangement of the file. */
void describe_entity(Jw *w, const Entity *e, const DescribeRights *r, const Layouts *l);
/* The short form in the list of /schema. */
void describe_entity_short(Jw *w, const Entity *e, const DescribeRights *r);

#endif
