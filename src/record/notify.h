/*
 * Telling one person something: a row of notification, shown by the page and told live. Later
 * channels (mail, chat) hang here, so that whoever tells something calls one function.
 */
#ifndef RECORD_NOTIFY_H
#define RECORD_NOTIFY_H

#include "record/told.h"

typedef struct Notice {
    int64_t user;     /* to whom; 0 and people who are not active are told nothing */
    const char *kind; /* an option of notification.kind */
    const char *entity;
    int64_t id;        /* the record it leads to; 0 for none */
    const char *text;  /* second line (a title of the record), or NULL; cut to its length */
    const Label *what; /* last place of the sentence, in the language of the reader; or NULL */
} Notice;

/* In a write. key and args: the sentence, in the language of the reader. */
#define notify(c, n, ...) notify_args((c), (n), (const char *const[]){__VA_ARGS__, NULL})
bool notify_args(Ctx *c, const Notice *n, const char *const *key_and_args);

/* What a record is called in a notice: its title, or its number where the title is personal. */
const char *notify_name(Ctx *c, const Entity *e, const DbVal *values);

/* The same text to many at once, as it stands (title and text are somebody's own words). In a write; active people only. */
bool notify_many(Ctx *c, const Notice *n, const char *title, const int64_t *users, int n_users);

/* As notify, to every active person who has the role, but to the caller and to `but`. In a write. */
#define notify_role(c, n, role, but, ...)                                                          \
    notify_role_args((c), (n), (role), (but), (const char *const[]){__VA_ARGS__, NULL})
bool notify_role_args(Ctx *c, const Notice *n, const char *role, int64_t but,
                      const char *const *key_and_args);

/* Is it a person who acts here, one record at a time? Bulk work and imports do not tell each row. */
bool notify_by_hand(const Ctx *c);

/* Mark one's own as read: one (id), or all that are there (0). */
bool notify_read(Ctx *c, int64_t id);
/* Mark as read what leads the caller to this record. In a write. */
bool notify_read_of(Ctx *c, const char *entity, int64_t record);
/* {"id","kind","title","text","entity","record","created_at"} of each unread one of the caller among the rows (record/told.h),
   50 at most, as JSON texts (NULL-terminated). Nothing for a token that does not name the entity. */
bool notify_told(Ctx *c, const ToldAsk *ask, const char *const **out);
/* Those older than the setting notification.keep go, in short writes. */
bool notify_purge(Ctx *c);

/* Tasks whose reminder has come are told to their owners, each once, whoever of several processes looks first. */
bool remind_tasks(Ctx *c);

#endif
