/* From the model to the schema wished for: tables, companion columns, indexes, rel_ tables. See docs/entity.md. */
#ifndef META_PLAN_H
#define META_PLAN_H

#include "meta/model.h"

enum { SCHEMA_FORMAT = 1 };

/* All entities and the tables the engine itself needs: */
/* history, record_share, idempotency, number_counter, match keys …; on a. */
Plan *plan_of_model(Arena *a, const Model *m);
/* One entity's tables (itself, then rel_ tables); n out. */
const PlanTable *plan_of_entity(Arena *a, const Entity *e, int *out_n);

/* The engine's own, as data, closed by one without a name. */
extern const PlanTable plan_engine_tables[];

#endif
