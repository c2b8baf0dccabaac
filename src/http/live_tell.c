/*
 * What a listener is told of a tick's changes: per entity that changed and that he watches one
 * statement with his scope in it, never one per change. A row he may not read gives no event; only
 * of a record he watched by id and could read he hears that it went.
 */
#include <inttypes.h>
#include <string.h>

#include "base/vec.h"
#include "http/live_impl.h"
#include "record/announce.h"
#include "record/notify.h"
#include "record/rows.h"
#include "record/told.h"

enum { CHILD_ROWS = 50 };

/* One entity among the changes. */
typedef struct Topic {
    const Entity *e;
    int64_t *ids;
    int n;
    bool all;     /* more than could be named here */
    bool unnamed; /* ref 0: whoever wrote did not name the rows */
} Topic;

typedef struct Item {
    Told row;
    const Entity *e, *of;
    int64_t of_id;
    bool removed;
} Item;

typedef struct Tell {
    Ctx *c;
    Listener *l;
    const Changes *k;
    Buf *out;
    VEC(Item) items;
} Tell;

void live_event(Buf *out, int64_t id, const char *name, const char *data)
{
    if (id > 0)
        buf_printf(out, "id: %" PRId64 "\n", id);
    buf_printf(out, "event: %s\ndata: %s\n\n", name, data);
}

void change_topic(Change *k, const char *topic)
{
    size_t n = strlen(topic);
    n = n < sizeof k->topic ? n : sizeof k->topic - 1;
    memcpy(k->topic, topic, n);
    k->topic[n] = 0;
}

static bool actor_now(Ctx *c, const Listener *l)
{
    Actor *me;
    if (!actor_of_user(c, l->user, l->api_key ? CH_API : CH_WEB, &me))
        return false;
    me->session = l->session;
    me->api_key = l->api_key;
    me->token_scopes = l->token_scopes;
    c->actor = me;
    c->zone = l->zone;
    c->lang = l->lang;
    return true;
}

/* The rows of one topic; few in number, so a plain search does. */
static Topic topic_of(Ctx *c, const Changes *k, const Entity *e)
{
    Topic t = {.e = e, .ids = ARENA_ARRAY(c->a, TOLD_IDS, int64_t)};
    for (int i = 0; i < k->n; i++) {
        if (strcmp(k->items[i].topic, e->name) != 0)
            continue;
        if (k->items[i].ref == 0) {
            t.unnamed = true;
            continue;
        }
        bool had = false;
        for (int j = 0; j < t.n && !had; j++)
            had = t.ids[j] == k->items[i].ref;
        if (!had && t.n < TOLD_IDS)
            t.ids[t.n++] = k->items[i].ref;
        else if (!had)
            t.all = true;
    }
    return t;
}

/* Its rows: those that are named, or where they are too many the ones that change_log names. */
static ToldAsk ask_of(const Tell *t, const Topic *topic)
{
    return topic->all ? (ToldAsk){.e = topic->e, .from = t->k->from, .to = t->k->to}
                      : (ToldAsk){.e = topic->e, .ids = topic->ids, .n = topic->n};
}

static bool has(const Topic *t, int64_t id)
{
    for (int i = 0; i < t->n; i++)
        if (t->ids[i] == id)
            return true;
    return t->all;
}

static void add(Tell *t, Item item)
{
    for (size_t i = 0; i < t->items.n; i++) {
        Item *x = &t->items.items[i];
        if (x->e == item.e && x->row.id == item.row.id && x->of_id == item.of_id)
            return;
    }
    vec_push(t->c->a, &t->items, item);
}

/* The list of an entity is looked at. */
static bool tell_list(Tell *t, const Topic *topic)
{
    Told *rows;
    int n;
    ToldAsk ask = ask_of(t, topic);
    ask.limit = topic->all ? 1 : TOLD_IDS; /* too many to name each: only whether any is his */
    if (!rec_told(t->c, &ask, &rows, &n))
        return false;
    /* which rows is not known, so only who may read every row hears of it */
    bool any = topic->unnamed && access_may(t->c, topic->e, ACT_READ) &&
               access_scope(t->c, topic->e, ACT_READ)->kind == FILTER_TRUE;
    if (any || (topic->all && n))
        add(t, (Item){.e = topic->e});
    for (int i = 0; !topic->all && i < n; i++)
        add(t, (Item){.row = rows[i], .e = topic->e, .removed = rows[i].gone});
    return true;
}

/* Single records of an entity are looked at. */
static bool tell_records(Tell *t, const Topic *topic)
{
    int64_t ids[LIVE_WATCHES];
    int n_ids = 0, n;
    Told *rows;
    for (int i = 0; i < t->l->n_watch; i++) {
        const Watch *w = &t->l->watch[i];
        if (w->id && strcmp(w->entity, topic->e->name) == 0 && has(topic, w->id))
            ids[n_ids++] = w->id;
    }
    ToldAsk ask = {.e = topic->e, .ids = ids, .n = n_ids, .limit = LIVE_WATCHES};
    if (!n_ids || !rec_told(t->c, &ask, &rows, &n))
        return n_ids == 0;
    for (int i = 0; i < t->l->n_watch; i++) {
        Watch *w = &t->l->watch[i];
        if (!w->id || strcmp(w->entity, topic->e->name) != 0 || !has(topic, w->id))
            continue;
        const Told *row = NULL;
        for (int j = 0; j < n; j++)
            if (rows[j].id == w->id)
                row = &rows[j];
        bool there = row && !row->gone;
        if (there)
            add(t, (Item){.row = *row, .e = topic->e});
        else if (w->known)
            add(t, (Item){.row = {.id = w->id}, .e = topic->e, .removed = true});
        w->known = there;
    }
    return true;
}

/* Children of records that are looked at: follow-ups and tasks of a customer. */
static bool tell_children(Tell *t, const Topic *topic)
{
    for (int i = 0; i < t->l->n_watch; i++) {
        const Watch *w = &t->l->watch[i];
        const Entity *to = w->id ? model_entity(t->c->model, w->entity) : NULL;
        const Field *link = to && w->known ? rec_told_link(topic->e, to) : NULL;
        Told *rows;
        int n;
        ToldAsk ask = ask_of(t, topic);
        ask.under = link;
        ask.parent = w->id;
        ask.limit = CHILD_ROWS;
        if (!link)
            continue;
        if (!rec_told(t->c, &ask, &rows, &n))
            return false;
        for (int j = 0; j < n; j++)
            add(t, (Item){.row = rows[j],
                          .e = topic->e,
                          .of = to,
                          .of_id = w->id,
                          .removed = rows[j].gone});
    }
    return true;
}

static void write_item(Ctx *c, const Item *it, const LinkLabels *labels, int64_t id, Buf *out)
{
    Buf b;
    Jw w;
    buf_init(&b, c->a);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kstr(&w, "entity", it->e->name);
    if (it->row.id)
        jw_kint(&w, "id", it->row.id);
    if (it->row.version)
        jw_kint(&w, "version", it->row.version);
    if (it->row.by && !it->removed)
        rows_write_person(c, labels, "by", it->row.by, &w);
    if (it->of) {
        jw_key(&w, "of");
        jw_obj(&w);
        jw_kstr(&w, "entity", it->of->name);
        jw_kint(&w, "id", it->of_id);
        jw_end(&w);
    }
    jw_end(&w);
    live_event(out, id, it->removed ? "removed" : "changed", b.data);
}

static bool write_items(Tell *t)
{
    Ctx *c = t->c;
    const Entity *user = model_entity(c->model, "user");
    LinkLabels *labels = link_labels_new(c);
    for (size_t i = 0; i < t->items.n; i++)
        if (user && t->items.items[i].row.by)
            link_labels_want(labels, user, t->items.items[i].row.by);
    if (t->items.n && !link_labels_fetch(c, labels))
        return false;
    for (size_t i = 0; i < t->items.n; i++)
        write_item(c, &t->items.items[i], labels, t->k->to, t->out);
    return true;
}

static bool watches(const Listener *l, const Entity *e, bool list)
{
    for (int i = 0; i < l->n_watch; i++)
        if ((l->watch[i].id == 0) == list && strcmp(l->watch[i].entity, e->name) == 0)
            return true;
    return false;
}

/* His own notifications come without being watched. */
static bool tell_notices(Tell *t, const Entity *e)
{
    Topic topic = topic_of(t->c, t->k, e);
    ToldAsk ask = ask_of(t, &topic);
    const char *const *texts;
    if (!notify_told(t->c, &ask, &texts))
        return false;
    for (; *texts; texts++)
        live_event(t->out, t->k->to, "notification", *texts);
    return true;
}

static bool tell_announcement(Tell *t, const Entity *e)
{
    Topic topic = topic_of(t->c, t->k, e);
    ToldAsk ask = ask_of(t, &topic);
    bool mine;
    if (!announce_told(t->c, &ask, &mine))
        return false;
    if (mine)
        live_event(t->out, t->k->to, "announcement", "{}");
    return true;
}

bool live_tell(Ctx *c, Listener *l, const Changes *k, Buf *out)
{
    Tell t = {.c = c, .l = l, .k = k, .out = out};
    const char *done[64];
    int n_done = 0;
    if (!actor_now(c, l))
        return false;
    for (int i = 0; i < k->n; i++) {
        const char *name = k->items[i].topic;
        bool again = n_done == sizeof done / sizeof *done;
        for (int j = 0; j < n_done && !again; j++)
            again = strcmp(done[j], name) == 0;
        if (again)
            continue;
        done[n_done++] = name;
        if (strcmp(name, "model") == 0)
            live_event(out, k->to, "model", "{}");
        const Entity *e = model_entity(c->model, name);
        if (e && strcmp(name, "notification") == 0 && !tell_notices(&t, e))
            return false;
        if (e && strcmp(name, "announcement") == 0 && !tell_announcement(&t, e))
            return false;
        if (!e || !e->routes || !access_may(c, e, ACT_READ))
            continue;
        Topic topic = topic_of(c, k, e);
        if ((watches(l, e, true) && !tell_list(&t, &topic)) ||
            (watches(l, e, false) && !tell_records(&t, &topic)) || !tell_children(&t, &topic))
            return false;
    }
    return write_items(&t);
}

/* ---- going on where he left ------------------------------------------------------------------ */

typedef struct Missed {
    Arena *a;
    VEC(Change) items;
} Missed;

static void miss(void *arg, int64_t id, const char *topic, int64_t ref)
{
    Missed *m = arg;
    Change x = {.id = id, .ref = ref};
    change_topic(&x, topic);
    vec_push(m->a, &m->items, x);
}

Changes live_unseen(Arena *a, const Listener *l, const Changes *k)
{
    Changes left = *k;
    left.items = ARENA_ARRAY(a, k->n, Change);
    left.n = 0;
    for (int i = 0; i < k->n; i++) {
        bool seen = l->ordered && k->items[i].id <= l->start;
        for (int j = 0; j < l->n_seen && !seen; j++)
            seen = l->seen[j] == k->items[i].id;
        if (!seen)
            left.items[left.n++] = k->items[i];
    }
    return left;
}

static void note_seen(Listener *l, const Changes *k)
{
    int64_t *all = ARENA_ARRAY(l->a, l->n_seen + k->n, int64_t);
    if (l->n_seen)
        memcpy(all, l->seen, (size_t)l->n_seen * sizeof *all);
    for (int i = 0; i < k->n; i++)
        all[l->n_seen + i] = k->items[i].id;
    l->seen = all;
    l->n_seen += k->n;
}

bool live_begin(Ctx *c, Listener *l)
{
    Missed m = {.a = c->a};
    bool whole;
    if (!db_changes_behind(c, l->start, LIVE_CATCH_UP, miss, &m, &whole))
        return false;
    Changes k = {.items = m.items.items, .n = (int)m.items.n};
    note_seen(l, &k);
    return true;
}

bool live_catch_up(Ctx *c, Listener *l, Buf *out)
{
    Missed m = {.a = c->a};
    bool whole;
    int64_t last;
    if (!db_change_last(c, &last) ||
        !db_changes_behind(c, l->resume, LIVE_CATCH_UP, miss, &m, &whole))
        return false;
    l->resume = -1;
    if (!whole)
        live_event(out, last, "reset", "{}");
    if (!whole || m.items.n == 0)
        return true;
    Changes k = {m.items.items, (int)m.items.n, m.items.items[0].id,
                 m.items.items[m.items.n - 1].id};
    Changes left = live_unseen(c->a, l, &k);
    note_seen(l, &k);
    return left.n == 0 || live_tell(c, l, &left, out);
}
