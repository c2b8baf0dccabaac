/*
 * Custom fields: rows of custom_field become fields in the form of the entity files, laid over the
 * built-in model by the same parser and checks.
 */
#ifndef DOMAIN_UPKEEP_CUSTOM_FIELD_H
#define DOMAIN_UPKEEP_CUSTOM_FIELD_H

#include "record/hooks.h"

/*
 * The model with all custom fields as the database has them now, with one reference (for model_replace, or
 * model_release). At start (c->model must be the built-in model) and whenever topic "model" is heard of.
 */
bool custom_field_model(Ctx *c, Model **out);

#endif
