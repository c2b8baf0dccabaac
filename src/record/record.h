/*
 * The record engine: the one way to rows of entities. Every call asks auth/access, sees only what the
 * caller in c->actor may see, and answers with mistakes in c. Nothing here knows HTTP.
 *
 * A record in memory is an array of DbVal by Field.index (with all standard fields), NULL kinds where
 * there is no value. It belongs to the arena of the context.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "auth/access.h"
#include "auth/audit.h"
#include "base/json_write.h"
#include "db/sql.h"

typedef struct Record {
    const Entity *e;
    DbVal *v; /* n_fields values */
    int64_t id;
    int64_t version;
} Record;

/* ---- reading ------------------------------------------------------------------------------- */

/* One record the caller may read (deleted ones only with with_deleted and the right to delete). ERR_NOT_FOUND otherwise. */
bool rec_get(Ctx *c, const Entity *e, int64_t id, bool with_deleted, Record *out);
/* The same for a record on which he may do act; ERR_NOT_FOUND where he may not even read it, else ERR_FORBIDDEN. */
bool rec_get_for(Ctx *c, const Entity *e, int64_t id, Action act, Record *out);
/* Does the filter hold for this row (deleted or not)? FALSE also where there is no such row, and on failure. */
bool rec_within(Ctx *c, const Entity *e, int64_t id, const Filter *f);
/* Internal look (hooks, jobs): no permission, deleted ones too. false where there is none (no mistake). */
bool rec_load(Ctx *c, const Entity *e, int64_t id, Record *out);
/* Writes the record as JSON object as the caller may see it: masks, link labels, can. ERR_NOT_FOUND where he may not
   read it. out_version may be NULL. A fixed number of statements: the row, then one for links to many and labels. */
bool rec_json(Ctx *c, const Entity *e, int64_t id, bool with_deleted, Buf *out,
              int64_t *out_version);

typedef struct ListQuery {
    json_object *filter; /* or NULL */
    const char *q;       /* search words, or NULL */
    const char *sort;    /* "-created_at", or NULL for the entity's own order */
    const char *cursor;  /* from next_cursor, or NULL */
    const char *fields;  /* "name,phone" or NULL for the list fields */
    int limit;           /* 1–200, 0 = 50 */
    enum { COUNT_NONE, COUNT_CAPPED, COUNT_EXACT } count;
    bool deleted; /* the recycle bin */
    /* archived records are out of sight unless asked for */
    enum { ARCHIVED_NOT, ARCHIVED_ONLY, ARCHIVED_TOO } archived;
    json_object *of_view; /* the filter of a saved view, joined with filter by AND; or NULL */
} ListQuery;

/* Writes {"data": […], "next_cursor": …, "count": …} straight from the rows. Statements per page, however many rows there
   are: the page, or some tries for it where a filter or a scope leaves few (list_way.h), labels of links, the count. */
bool rec_list(Ctx *c, const Entity *e, const ListQuery *q, Buf *out);
/* Whether a list of the caller may be asked for in this order; the mistake under "sort" where not. */
bool rec_list_sort(Ctx *c, const Entity *e, const char *text);
/* Appends " ORDER BY … LIMIT n" of such a list to a statement over e AS t0, for one that is read whole. */
bool rec_list_order(Ctx *c, Sql *q, const Entity *e, const char *sort, int limit);
/* The filter a list query means, scope included (for exports, bulk, counts). */
bool rec_list_filter(Ctx *c, const Entity *e, const ListQuery *q, Action act, Filter **out);
/* Appends " WHERE …" of a list to a statement over e AS t0: live or deleted, archived, filter, search words. found: how
   these are looked for (record/search.h), or NULL. */
struct SearchFound;
void rec_list_where(Ctx *c, Sql *q, const Entity *e, const Filter *f, const ListQuery *lq,
                    const struct SearchFound *found);
/* Rows of a list by the values of one field, with sums: {"data": [{"value", "label", "count", "sums": {…}}], "more",
   "total": {"count", "sums"}}, the largest groups first, at most 200. by: an option, yes/no, link, list of links, region
   (by province) or date (by month) the caller reads in clear, or NULL for the total alone; sums: "a,b", numbers and money. Two statements, and one per
   linked entity. */
bool rec_groups(Ctx *c, const Entity *e, const ListQuery *q, const char *by, const char *sums,
                Buf *out);
/* Walks all rows of a filter in id order, block by block (500), with one step arena; fn false stops. */
bool rec_each(Ctx *c, const Entity *e, Filter *f, bool (*fn)(Ctx *c, const Record *r, void *arg),
              void *arg);

/* {"data": [{entity, id, label, detail}]} over all entities that get search. */
bool rec_search(Ctx *c, const char *q, const char *only_entity, int limit, Buf *out);

/* Labels of linked rows: id → text for those the caller may see (own name or number), in one statement for all. */
typedef struct LinkLabels LinkLabels;
LinkLabels *link_labels_new(Ctx *c);
void link_labels_want(LinkLabels *l, const Entity *to, int64_t id);
/* Rows of a table of pairs (a link to many) whose id is one of ids: each is told by got at the next fetch, in no order,
   and its target has a label from then on. to NULL: targets without labels. ids are borrowed until the fetch. */
typedef void LinkPair(Ctx *c, void *arg, int64_t id, int64_t target);
bool link_labels_pairs(LinkLabels *l, const char *table, const Entity *to, const int64_t *ids,
                       int n, LinkPair *got, void *arg);
/* What is wanted and not there yet, in one statement (more where thousands of ids are wanted). */
bool link_labels_fetch(Ctx *c, LinkLabels *l);
const char *link_label(const LinkLabels *l, const Entity *to,
                       int64_t id); /* NULL: not his to see */
/* The token of its colour, of rows that have one (tags), else NULL. */
const char *link_color(const LinkLabels *l, const Entity *to, int64_t id);

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct SaveOptions {
    const char *idempotency_key; /* create; or NULL */
    const char *route;           /* for the key: method and path */
    int64_t if_version; /* update, delete: must equal, else ERR_STALE; -1 = not asked (internal) */
    const char *origin; /* "web" "import" "api" "form" "job" */
    int64_t import_job;
    bool keep;          /* owner, dates, number of the input are kept (import_keep) */
    bool trusted;       /* own code: no permission on rows and fields, readonly fields accepted */
    bool no_duplicates; /* the caller saw the warning / the import decided */
    bool dry;           /* everything but the writing */
    bool laid;   /* custom fields: whoever saves many at once makes model and tables himself */
    bool agreed; /* a change request for it was agreed to: no flow holds it again */
    bool held;   /* trusted, yet at the wish of a person: what a flow protects is held */
    const char *held_words; /* what is said then, see ApprovalAsk.words; NULL: as ever */
    bool many;              /* one of many at once: flows on bulk operations hold it, too */
} SaveOptions;

/* Input: a JSON object of the API. On success the id; the caller reads the record again for the answer. */
bool rec_create(Ctx *c, const Entity *e, json_object *in, const SaveOptions *o, int64_t *out_id);
bool rec_update(Ctx *c, const Entity *e, int64_t id, json_object *in, const SaveOptions *o,
                int64_t *out_version);
/* To the recycle bin with what it owns, and back. */
bool rec_delete(Ctx *c, const Entity *e, int64_t id, const SaveOptions *o);
bool rec_restore(Ctx *c, const Entity *e, int64_t id, const SaveOptions *o);

/* An action of the entity (Entity.actions, or the generic reveal, share, unshare, transfer). Answer JSON in out. */
bool rec_action(Ctx *c, const Entity *e, int64_t id, const char *name, json_object *in,
                int64_t if_version, Buf *out);

/* Keys in use, for hints and imports: rows that agree on a DupRule. */
typedef struct Duplicate {
    int64_t id;
    bool visible; /* the caller may read it */
    const char *label, *owner, *status, *rule;
    const char *former; /* the name of the one merged into it that agrees; NULL: it does itself */
    int64_t last_follow_up_at;
    int64_t owner_id; /* 0 for none; also of a foreign one: never to be given out */
    int score;        /* 0–100 */
    DupAction action; /* for the channel asked */
} Duplicate;
bool rec_duplicates(Ctx *c, const Entity *e, const DbVal *values, int64_t but_id, Channel ch,
                    Duplicate **out, int *out_n);
/* The same for the fields of an input as POST /{plural} takes it ("id": but this one), the contact sent along
   included: a number is looked for on records and on their contacts. Nothing is counted. */
bool rec_duplicates_input(Ctx *c, const Entity *e, json_object *in, Duplicate **out, int *out_n);
/* A foreign one is going to be told: counts it against limit.duplicate_foreign. */
bool rec_count_foreign(Ctx *c, const Entity *e, int64_t id);
/* POST /{plural}/duplicates: input fields → JSON answer; counts foreign hints against the limit. */
bool rec_duplicates_json(Ctx *c, const Entity *e, json_object *in, Buf *out);

/* ---- what happened ------------------------------------------------------------------------- */

/* field: only entries in which it changed, NULL for all; one the caller may not read has none. */
bool rec_history(Ctx *c, const Entity *e, int64_t id, const char *cursor, int limit,
                 const char *field, Buf *out);

/* As the caller wrote it, NULL where he wrote nothing. kind: names with commas; from, to: an instant or a day; by: id or
   "me". ERR_BAD_REQUEST for what cannot be read. */
typedef struct TimelineQuery {
    const char *cursor, *kind, *by, *from, *to, *q;
    int limit;
} TimelineQuery;
/* Of a belonging record only what the caller may read is found, shown, and searched: no mask is looked behind. */
bool rec_timeline(Ctx *c, const Entity *e, int64_t id, const TimelineQuery *q, Buf *out);

#endif
