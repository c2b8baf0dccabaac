/* Between images.c and undo.c only: a row in the text of configuration_import.images. */
#ifndef RECORD_CONFIGURATION_IMAGES_H
#define RECORD_CONFIGURATION_IMAGES_H

#include "record/configuration/impl.h"

/* false where it is no row (null). */
bool cfg_row_read(Ctx *c, const Entity *e, json_object *o, CfgItem *out);
/* Equal in every column and link the configuration carries. */
bool cfg_row_same(const Entity *e, const CfgItem *x, const CfgItem *y);
/* The same files: one that is added leaves the version of its row. */
bool cfg_files_same(const Entity *e, const CfgItem *x, const CfgItem *y);
/* Items by their id in decimal. */
void cfg_by_id(Ctx *c, const CfgPart *p, Map *out);
/* What was imported before this instant is not taken back any more. */
int64_t cfg_oldest(const Ctx *c);

#endif
