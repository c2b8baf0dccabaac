/* Templates as print.c and places.c need them; see print.h. */
#ifndef RECORD_PRINT_TEMPLATE_H
#define RECORD_PRINT_TEMPLATE_H

#include "record/print/impl.h"

/* The templates of e in order, those switched on and complete; only: this one, on or off. -1 with the mistake. */
int print_templates(Ctx *c, const Entity *e, int64_t only, PrintTemplate **out);
/* The path of the Word document of a template. ERR_NOT_FOUND. */
bool print_document(Ctx *c, int64_t template, const char **out);
/* An entity that is printed; NULL with ERR_INVALID on "entity". */
const Entity *print_entity(Ctx *c, const char *name);
bool print_body_check(Ctx *c, const Entity *e, const char *text, json_object *lists);
ReportPaper print_paper(const char *name);

/* A report template as one value after another: data, blocks, and what it is drawn of. */
typedef struct PrintRun {
    PrintWant want;
    Body *body;
    FillData data;
    int rows;
} PrintRun;
/* Reads what t wants of record id (0: examples), with the values that belong to no field. */
bool print_run(Ctx *c, const PrintTemplate *t, int64_t id, const char *base, PrintRun *out);

#endif
