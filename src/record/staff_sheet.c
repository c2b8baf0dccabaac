/* People and departments from a workbook. See staff_sheet.h. */
#include "record/staff_sheet.h"

#include <string.h>

#include "base/fold.h"
#include "record/import_impl.h"

typedef struct Name {
    const char *member, *words; /* separated by '|' */
} Name;

static const Name people[] = {
    {"login", "账号|登录名|用户名|login|username"},
    {"name", "姓名|名字|name"},
    {"password", "密码|初始密码|password"},
    {"department", "部门|部门编码|所属部门|department"},
    {"position", "职位|岗位|职务|position"},
    {"manager", "上级|直属上级|主管|manager"},
    {"roles", "角色|roles|role"},
    {"staff_no", "工号|staff_no|staffno"},
    {"email", "邮箱|电子邮箱|email"},
    {"mobile", "手机|手机号|mobile"},
    {"must_change", "首次登录修改密码|must_change"},
    {NULL, NULL},
};
static const Name departments[] = {{"code", "编码|部门编码|代码|code"},
                                   {"name", "名称|部门名称|部门|name"},
                                   {"parent", "上级|上级编码|上级部门|parent"},
                                   {NULL, NULL}};

typedef struct Reading {
    Ctx *c;
    const Name *names;
    int cols[16]; /* beside names: the column, or -1 */
    bool has_header;
    json_object *list;
} Reading;

static bool is_word(Ctx *c, const char *words, const char *norm)
{
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, "|");
        if (strcmp(imp_norm(c->a, arena_dup(c->a, p, n)), norm) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static void take_header(Reading *r, const SheetRow *row)
{
    int known = 0;
    for (int i = 0; r->names[i].member; i++) {
        r->cols[i] = -1;
        for (int k = 0; k < row->n && r->cols[i] < 0; k++)
            if (is_word(r->c, r->names[i].words, imp_norm(r->c->a, row->cells[k].text)))
                r->cols[i] = k;
        known += r->cols[i] >= 0;
    }
    r->has_header = known >= 2 && r->cols[0] >= 0 && r->cols[1] >= 0;
}

static json_object *roles_of(Ctx *c, const char *text)
{
    json_object *list = json_object_new_array();
    char *s = fold_narrow(c->a, text);
    for (char *p = s; *p;) {
        size_t n = strcspn(p, ",;| \n");
        const char *comma = strstr(p, "、");
        if (comma && (size_t)(comma - p) < n)
            n = (size_t)(comma - p);
        if (n)
            json_object_array_add(list, json_object_new_string_len(p, (int)n));
        p += n;
        if (strncmp(p, "、", 3) == 0)
            p += 3;
        else if (*p)
            p++;
    }
    return list;
}

static bool on_row(void *user, const SheetRow *row)
{
    Reading *r = user;
    Ctx *c = r->c;
    if (!r->has_header) {
        take_header(r, row);
        return row->row < 20 || r->has_header;
    }
    json_object *o = json_object_new_object();
    for (int i = 0; r->names[i].member; i++) {
        if (r->cols[i] < 0 || r->cols[i] >= row->n)
            continue;
        const char *member = r->names[i].member;
        /* a password is taken as it stands */
        const char *text = strcmp(member, "password") == 0
                               ? row->cells[r->cols[i]].text
                               : fold_clean(c->a, row->cells[r->cols[i]].text);
        if (!*text)
            continue;
        if (strcmp(member, "roles") == 0)
            json_object_object_add(o, member, roles_of(c, text));
        else if (strcmp(member, "must_change") == 0)
            json_object_object_add(o, member,
                                   json_object_new_boolean(strcmp(text, "是") == 0 ||
                                                           strcmp(text, "1") == 0 ||
                                                           strcasecmp(text, "true") == 0));
        else
            json_object_object_add(o, member, json_object_new_string(text));
    }
    if (json_object_object_length(o) && json_object_object_get_ex(o, r->names[0].member, NULL))
        json_object_array_add(r->list, o);
    else
        (void)json_object_put(o);
    return true;
}

static bool read_one(Ctx *c, SheetBook *b, int index, const Name *names, json_object *list,
                     bool *found)
{
    Reading r = {.c = c, .names = names, .list = list};
    int before = c->n_err;
    (void)sheet_read(b, index, on_row, &r);
    *found = r.has_header;
    return c->n_err == before;
}

static void put(void *o)
{
    (void)json_object_put(o);
}

bool staff_sheet_read(Ctx *c, const char *path, json_object **out)
{
    SheetBook *b;
    json_object *doc = json_object_new_object(), *users = json_object_new_array(),
                *units = json_object_new_array();
    json_object_object_add(doc, "departments", units);
    json_object_object_add(doc, "users", users);
    arena_defer(c->a, put, doc);
    if (!sheet_open(c, path, NULL, &b))
        return false;
    bool any = false;
    for (int i = 0; i < sheet_count(b); i++) {
        bool found = false;
        if (sheet_info(b, i)->hidden)
            continue;
        if (!read_one(c, b, i, people, users, &found) ||
            (!found && !read_one(c, b, i, departments, units, &found)))
            return false;
        any |= found;
    }
    sheet_close(b);
    if (!any)
        return ctx_fail(c, ERR_INVALID, "file", "err.staff.columns", "账号 / login");
    *out = doc;
    return true;
}
