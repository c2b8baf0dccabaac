/* The message catalogue. See msg.h. */
#include "base/msg.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/embed.h"
#include "base/map.h"

static Map zh, en;
static Arena *arena;

static bool load(Map *m, const char *path)
{
    const Embed *e = embed_find(path);
    if (!e) {
        fprintf(stderr, "zhike: %s is not built in\n", path);
        return false;
    }
    char *text = arena_dup(arena, (const char *)e->data, e->len);
    json_object *o = json_tokener_parse(text);
    if (!o || !json_object_is_type(o, json_type_object)) {
        fprintf(stderr, "zhike: %s is no JSON object\n", path);
        return false;
    }
    json_object_object_foreach(o, key, val)
    {
        map_put(m, key, arena_str(arena, json_object_get_string(val)));
    }
    json_object_put(o);
    return true;
}

bool msg_load(void)
{
    if (arena)
        return true;
    arena = arena_new(0);
    map_init(&zh, arena);
    map_init(&en, arena);
    return load(&zh, "messages/zh.json") && load(&en, "messages/en.json");
}

const char *msg_text(const char *lang, const char *key)
{
    const Map *m = lang && strcmp(lang, "en") == 0 ? &en : &zh;
    const char *t = arena ? map_get(m, key) : NULL;
    return t ? t : key;
}

char *msg_format(Arena *a, const char *lang, const char *key, const char *const *args)
{
    size_t n = 0;
    while (args && args[n])
        n++;
    Buf b;
    buf_init(&b, a);
    for (const char *t = msg_text(lang, key); *t; t++) {
        if (t[0] == '{' && t[1] >= '1' && t[1] <= '9' && t[2] == '}') {
            size_t i = (size_t)(t[1] - '1');
            if (i < n)
                buf_puts(&b, args[i]);
            t += 2;
        } else {
            buf_putc(&b, *t);
        }
    }
    return buf_room(&b, 0) ? b.data : NULL;
}
