/* Settings of scope db: rows of setting laid over base/conf. Read and written here only. */
#ifndef RECORD_SETTING_H
#define RECORD_SETTING_H

#include "base/json_read.h"
#include "record/record.h"

/* Lays the stored values over the settings of this process (at start, and when they changed elsewhere). */
bool setting_load(Ctx *c);
/* All settings with label, value, default, range (right settings, asked by the gate). */
bool setting_list(Ctx *c, Buf *out);
/* {"company.name": "…"}: all or none; null goes back to the default. Audited. */
bool setting_update(Ctx *c, json_object *in);
/* Its two halves, for a larger write: are the values fit; the rows. setting_load once that is on disk. */
bool setting_check(Ctx *c, json_object *in);
bool setting_write(Ctx *c, json_object *in);

#endif
