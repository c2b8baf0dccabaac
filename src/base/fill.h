/*
 * Texts with places, as people write them: "您好 {{name}}，{{title}}". One scanner (fill_next) finds the places of the whole
 * house, in three styles; what stands where a place stood is never read again for places, so what a customer is called
 * cannot pull in something else.
 *
 *   FILL_NAMES   {{name}}, name of [a-z0-9_], blanks around it; anything else in braces is text    messages
 *   FILL_FIELDS  {name}, no blanks, at most 63 bytes; anything else in braces is text              rules
 *   FILL_TAGS    {{path}}, {{#section}} … {{/section}}, {{^section}} … {{/section}}                print templates
 *
 * In FILL_TAGS braces are never text: what is no tag is a mistake that says where it stands and what to do. A path is
 * any text without braces and line ends ("customer.name", "客户名称"); what it means is the caller's business.
 */
#ifndef BASE_FILL_H
#define BASE_FILL_H

#include "base/buf.h"
#include "base/ctx.h"

/* ---- the scanner ----------------------------------------------------------------------------- */

typedef enum FillStyle { FILL_NAMES, FILL_FIELDS, FILL_TAGS } FillStyle;

enum { FILL_PATH_MOST = 200, FILL_DEPTH = 8, FILL_NODES = 20000 };

typedef struct FillTag {
    const char *at, *end; /* the whole of it, braces included */
    const char *name;     /* not closed by NUL; blanks around it are gone */
    size_t n;
    char sign;          /* 0, '#', '^' or '/' */
    const char *broken; /* FILL_TAGS: why it is none, the key of a sentence (fill.…); else NULL */
} FillTag;

/* The first place of text [p, end): false where there is none any more. Go on at out->end. */
bool fill_next(const char *p, const char *end, FillStyle style, FillTag *out);

/* ---- texts with sections (FILL_TAGS) --------------------------------------------------------- */

typedef enum FillKind { FILL_TEXT, FILL_PLACE, FILL_EACH, FILL_UNLESS } FillKind;

/* A text taken apart: what stands there as it is, places, and sections with what is in them. */
typedef struct FillNode FillNode;
struct FillNode {
    FillKind kind;
    const char *text; /* FILL_TEXT: n bytes; else the path, closed by NUL */
    size_t n;
    FillNode *kids; /* of sections */
    FillNode *next;
};

/* Takes a tag that is not broken into a tree under construction. */
typedef struct FillTree {
    Arena *a;
    FillNode *root;
    FillNode **tail[FILL_DEPTH + 2]; /* where the next node goes, by depth */
    const FillNode *open[FILL_DEPTH + 2];
    int depth, n;
} FillTree;

void fill_tree_init(FillTree *t, Arena *a);
void fill_tree_text(FillTree *t, const char *text, size_t n); /* borrowed */
/* NULL, or the key of the sentence that says what is wrong: a close without an open, of another name, too deep, too many. */
const char *fill_tree_tag(FillTree *t, char sign, const char *name, size_t n);

/*
 * Takes a text apart. where: how the place of a mistake is said ("第 3 行"). ERR_INVALID on field, every mistake of it, at
 * most ten; a section that is not closed is told, too.
 */
bool fill_parse(Ctx *c, const char *field, const char *where, const char *text, size_t n,
                FillNode **out);
/* One mistake, in the words of all: where, what stands there, what to do. key: of FillTag.broken or fill_tree_tag. */
bool fill_wrong(Ctx *c, const char *field, const char *where, const char *key, const char *tag,
                size_t n);

/* ---- messages (FILL_NAMES) ------------------------------------------------------------------- */

typedef struct FillVar {
    const char *name; /* NULL closes the list */
    const char *value;
} FillVar;

/* How a value is written where it stands. */
typedef enum FillFor { FILL_PLAIN, FILL_LINE, FILL_HTML, FILL_JSON, FILL_URL } FillFor;
/* FILL_LINE: as plain, but control characters become blanks (headers, subjects). */

/* The text with its places filled; unknown ones become nothing. */
char *fill_text(Arena *a, const char *text, const FillVar *vars, FillFor how);
/* One value written so. */
char *fill_value(Arena *a, const char *value, FillFor how);
/* Names in text that known (NULL-terminated) does not have: ERR_INVALID on field, naming them and what there is. */
bool fill_check(Ctx *c, const char *field, const char *text, const char *const *known);

#endif
