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

void describe_entity(Jw *w, const Entity *e, const DescribeRights *r);
/* The short form in the list of /schema. */
void describe_entity_short(Jw *w, const Entity *e, const DescribeRights *r);

#endif
