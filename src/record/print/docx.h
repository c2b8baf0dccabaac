/*
 * Word documents as templates: places and sections ({{customer.name}}, {{#contacts}} … {{/contacts}}) in the text of an
 * administrator's .docx, filled from data (base/fill_data.h). Word cuts what somebody typed into runs as it likes; a tag is
 * found in the text of its paragraph however it is cut. A section repeats what lies between: text within a paragraph, whole
 * rows within a table, whole paragraphs elsewhere.
 *
 * The file is a stranger's as any other: it is read in a locked-up child (zhike merge-docx). Refused by name: macros,
 * ActiveX, OLE objects, references to other files, DDE and the like, DTDs, passwords, archives that unpack to too much. What
 * leaves is written while it is filled: ten thousand rows need no more memory than their values.
 */
#ifndef RECORD_PRINT_DOCX_H
#define RECORD_PRINT_DOCX_H

#include "base/fill_data.h"

enum {
    DOCX_BYTES = 20 << 20,     /* of the file */
    DOCX_XML = 16 << 20,       /* of one part that is filled, unpacked */
    DOCX_UNPACKED = 200 << 20, /* of all parts together */
    DOCX_ENTRIES = 2000,
    DOCX_ELEMENTS = 500000,
    DOCX_XML_DEPTH = 200
};

/* ---- the program's side ------------------------------------------------------------------------ */

/* Looks through the file at `path`: refused (ERR_INVALID, ERR_UNSUPPORTED_TYPE, ERR_TOO_LARGE on "file", each mistake with the
   words around it), or the tags it holds, in order, as a text for fill_parse. */
bool docx_look(Ctx *c, const char *path, const char **out_tags);
/* Fills it into the new file `to`. A picture's cell (FILL_PICTURE) is docx_picture_text. */
bool docx_make(Ctx *c, const char *path, const FillData *d, const char *to);

/* A PNG or JPEG as a value, shown width × height tenths of a millimetre large. */
char *docx_picture_text(Arena *a, const unsigned char *bytes, size_t n, int width, int height);

/* ---- what runs in the child, and what tests and fuzz programs call -------------------------- */

/* `zhike merge-docx look|fill language memory cpu output rows`: the .docx on 3, data on 4, to 1. */
_Noreturn void docx_child(int argc, char **argv);

typedef bool DocxWrite(void *arg, const char *bytes, size_t n);

/* The tags of an in-memory file, appended to out. */
bool docx_tags(Ctx *c, const char *bytes, size_t n, Buf *out);
/* At most: bytes of the parts as they become, rows put out in all. */
typedef struct DocxMost {
    int64_t bytes, rows;
} DocxMost;

/* Filled. ERR_TOO_LARGE beyond `most` (on the field "rows" where it is these). write false: ended, without a mistake. */
bool docx_fill(Ctx *c, const char *bytes, size_t n, const FillData *d, DocxMost most,
               DocxWrite *write, void *arg);

#endif
