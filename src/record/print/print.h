/*
 * Records printed by templates (entity print_template): a report drawn from a text with places (PDF, HTML), or a Word
 * document (docx.h). Whoever reads a record may print it; what is printed is what he reads: masked where he reads masked,
 * without the fields and rows he does not see. Each print is in the audit log and counts its rows as an export does.
 */
#ifndef RECORD_PRINT_PRINT_H
#define RECORD_PRINT_PRINT_H

#include "record/record.h"

typedef struct PrintFile {
    const char *path, *name, *mime; /* a temporary file; the caller takes it away */
} PrintFile;

typedef struct PrintAsk {
    const char *template, *format; /* as asked, or NULL */
    const char
        *base; /* "https://crm.example.com", for the address of the record; "" where nobody knows */
} PrintAsk;

/* template: an id, or NULL or "" for the first of the entity that makes the format (the built-in one where none does), or
   "builtin".
   format: "pdf", "html", "docx", or NULL for what the template makes. ERR_NOT_FOUND for a record he does not see, before
   anything is said of the template. */
bool print_record(Ctx *c, const Entity *e, int64_t id, const PrintAsk *ask, PrintFile *out);
/* The templates with which he may print this record: {"data": [{"id", "name", "kind", "formats"}]}, the built-in one last. */
bool print_choices(Ctx *c, const Entity *e, int64_t id, Buf *out);

/* ---- for the editor of templates (domain/upkeep/print_template.c); right asked by the entity ---- */

/* A row that is going to be saved: its body and lists fit the entity. Mistakes on "entity", "body", "lists". */
bool print_template_check(Ctx *c, const DbVal *values);
/* The Word document at path, its tags into *tags (path NULL: they were read before), and whether it fits the entity of the template
   (NULL: not asked). Mistakes on "file". */
bool print_document_check(Ctx *c, const Record *template, const char *path, const char **tags);
/* {"fields": [{"path", "label", "type"}], "links": […], "lists": […], "others": […], "entities": […], "starter": text} of an entity. */
bool print_places(Ctx *c, const Entity *e, Buf *out);
/* A draft on a record the caller reads (0: the newest): {"html", "record": {"id", "label"}}; on the examples of the fields
   where he reads none: record null. */
bool print_preview(Ctx *c, json_object *in, Buf *out);

/* The rows of data/print_templates.json, where there has never been a template. */
bool print_seed(Ctx *c);

#endif
