/* What the files of the docx filler share; see docx.h. */
#ifndef RECORD_PRINT_DOCX_IMPL_H
#define RECORD_PRINT_DOCX_IMPL_H

#include "record/print/docx.h"

/* ---- the package (docx_zip.c) ------------------------------------------------------------------ */

typedef struct DocxPart {
    const char *name;    /* as in the archive */
    const char *content; /* type by [Content_Types].xml, or NULL */
    bool filled;         /* holds text of the document */
    const char *xml;     /* of types and relations, which docx_open reads; else NULL */
    size_t n;
    uint64_t entry; /* of the archive */
    int64_t size, packed;
    uint32_t crc;
    int method; /* 0 or 8 */
} DocxPart;

typedef struct DocxPackage {
    Ctx *c;
    struct zip *zip;
    DocxPart *parts;
    int n;
} DocxPackage;

/* Opens and looks through it; bytes are borrowed. Closed with the arena of c. */
bool docx_open(Ctx *c, const char *bytes, size_t n, DocxPackage *out);
/* A part unpacked, at most DOCX_XML bytes. */
bool docx_part(DocxPackage *p, int at, const char **out, size_t *n);
/* A part as it lies there, piece by piece. */
bool docx_part_packed(DocxPackage *p, int at, DocxWrite *write, void *arg);
int docx_find(const DocxPackage *p, const char *name); /* -1: none */
/* What people call a part that is filled: 正文, 页眉 … in the language of c. */
const char *docx_part_label(Ctx *c, const DocxPart *p);
/* Names and attributes of a small XML part (types, relations): fn once an element. */
typedef bool DocxElement(void *arg, const char *local, const char **attrs);
bool docx_each_element(Ctx *c, const char *xml, size_t n, const char *name, DocxElement *fn,
                       void *arg);
const char *docx_attr(const char **attrs, const char *local);
/* ERR_INVALID on "file". */
bool docx_broken(Ctx *c, const char *name, const char *why);

/* ---- one part (docx_part.c, docx_tree.c) --------------------------------------------------------- */

typedef enum DocxKind {
    DX_OTHER,
    DX_P,
    DX_TBL,
    DX_TR,
    DX_TC,
    DX_T,
    DX_HOLDER /* of paragraphs, at least one: header, footer, text box */
} DocxKind;

typedef struct DocxElem {
    DocxKind kind;
    int parent;        /* -1: the root */
    size_t start, end; /* in the XML */
    const char *text;  /* DX_T: what it says */
    size_t n;          /* bytes of it */
    int paragraph;     /* DX_T: the innermost, -1 */
    int last_p;        /* the last paragraph right in it, -1 */
    bool
        kept; /* DX_P: holds more than text (a picture, a page break, the end of a section): never dropped */
} DocxElem;

typedef struct DocxDoc {
    const char *xml;
    size_t n;
    const char *prefix; /* "w:" or "" */
    DocxElem *elems;
    int n_elems, cap;
} DocxDoc;

bool docx_parse(Ctx *c, const DocxPart *part, const char *xml, size_t n, DocxDoc *out);
/* The part as a tree: XML as it is, places, sections. Borrowed from doc. */
bool docx_tree(Ctx *c, const DocxPart *part, const DocxDoc *doc, FillNode **out);

/* ---- the new archive (docx_out.c) ------------------------------------------------------------------ */

typedef struct DocxOut DocxOut;
/* at: DOS date and time of all entries. */
DocxOut *docx_out_new(Arena *a, uint32_t at, DocxWrite *write, void *arg);
/* A part copied as it is packed. */
bool docx_out_copy(DocxOut *o, DocxPackage *p, int at);
/* A new part: begin, add, end. */
bool docx_out_begin(DocxOut *o, const char *name);
bool docx_out_add(DocxOut *o, const char *bytes, size_t n);
bool docx_out_end(DocxOut *o);
bool docx_out_whole(DocxOut *o, const char *name, const char *bytes, size_t n);
/* The list of entries. */
bool docx_out_close(DocxOut *o);

/* ---- text in XML ------------------------------------------------------------------------------------- */

/* Escaped; what XML cannot hold is left out. */
void docx_escape(Buf *out, const char *s, size_t n);

#endif
