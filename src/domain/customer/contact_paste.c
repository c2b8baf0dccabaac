/* A pasted block as input for a customer and a contact. See contact_paste.h. */
#include "domain/customer/contact_paste.h"

#include <string.h>

#include "base/json_write.h"
#include "base/region.h"
#include "domain/customer/contact_block.h"
#include "domain/customer/qr.h"
#include "domain/customer/vcard.h"

static void text_member(Jw *w, const char *key, const char *value)
{
    if (value && *value)
        jw_kstr(w, key, value);
}

static void line(Buf *b, const char *text)
{
    if (b->len)
        buf_putc(b, '\n');
    buf_puts(b, text);
}

/* What has no field of its own: further numbers, further mails, the rest. Nothing is dropped. */
static const char *remark_of(Ctx *c, const ContactBlock *b)
{
    Buf out;
    int seen[BLOCK__COUNT] = {0};
    buf_init(&out, c->a);
    for (int i = 0; i < b->n; i++) {
        const BlockItem *x = &b->items[i];
        bool more = seen[x->field]++ > 0 && x->field != BLOCK_ADDRESS && x->field != BLOCK_LABEL;
        if (x->field == BLOCK_REMARK || more)
            line(&out, x->value);
    }
    return out.data;
}

static void customer_json(Ctx *c, Jw *w, const ContactBlock *b)
{
    const char *phone = contact_block_get(b, BLOCK_PHONE),
               *address = contact_block_all(c->a, b, BLOCK_ADDRESS, " "), *rest = NULL;
    int32_t region = 0;
    jw_obj(w);
    text_member(w, "name", contact_block_get(b, BLOCK_COMPANY));
    text_member(w, "phone", phone ? phone : contact_block_get(b, BLOCK_MOBILE));
    text_member(w, "website", contact_block_get(b, BLOCK_WEBSITE));
    text_member(w, "uscc", contact_block_get(b, BLOCK_USCC));
    if (address && region_parse_address(c->a, address, &region, &rest)) {
        jw_key(w, "region");
        jw_obj(w);
        jw_kint(w, "id", region);
        jw_kstr(w, "label", region_path_text(region));
        jw_end(w);
        while (*rest == ' ')
            rest++;
    }
    text_member(w, "address_detail", region ? rest : address);
    text_member(w, "remark", remark_of(c, b));
    jw_end(w);
}

static void contact_json(Jw *w, const ContactBlock *b)
{
    static const BlockField fields[] = {BLOCK_NAME,       BLOCK_SALUTATION, BLOCK_TITLE,
                                        BLOCK_DEPARTMENT, BLOCK_MOBILE,     BLOCK_PHONE,
                                        BLOCK_EMAIL,      BLOCK_WECHAT};
    jw_obj(w);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        text_member(w, block_field_name(fields[i]), contact_block_get(b, fields[i]));
    jw_end(w);
}

static void block_json(Ctx *c, Jw *w, const ContactBlock *b)
{
    jw_key(w, "customer");
    customer_json(c, w, b);
    jw_key(w, "contact");
    contact_json(w, b);
}

static void items_json(Jw *w, const ContactBlock *b)
{
    jw_key(w, "items");
    jw_arr(w);
    for (int i = 0; i < b->n; i++) {
        jw_obj(w);
        jw_kstr(w, "field", block_field_name(b->items[i].field));
        jw_kstr(w, "value", b->items[i].value);
        jw_kint(w, "from", (int64_t)b->items[i].from);
        jw_kint(w, "to", (int64_t)b->items[i].to);
        jw_end(w);
    }
    jw_end(w);
}

bool contact_paste(Ctx *c, json_object *in, Buf *out)
{
    json_object *given = in ? json_member(in, "text") : NULL;
    const char *text = json_str(in, "text", NULL);
    if (given && !json_object_is_type(given, json_type_string))
        return ctx_fail(c, ERR_INVALID, "text", "err.paste_text");
    if (!text || !*text)
        return ctx_fail(c, ERR_REQUIRED, "text", "err.required");
    bool card = vcard_is(text);
    if (strlen(text) > (card ? VCARD_MAX_BYTES : BLOCK_MAX_BYTES))
        return ctx_fail(c, ERR_TOO_LONG, "text", "err.paste_long");
    int n = 1;
    ContactBlock one, *b = &one;
    if (card)
        b = vcard_read(c, text, &n);
    else
        one = contact_block_parse(c->a, text);
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    block_json(c, &w, &b[0]);
    items_json(&w, &b[0]);
    if (card) {
        jw_key(&w, "cards");
        jw_arr(&w);
        for (int i = 0; i < n; i++) {
            jw_obj(&w);
            block_json(c, &w, &b[i]);
            jw_end(&w);
        }
        jw_end(&w);
    }
    jw_end(&w);
    return true;
}

bool contact_card(Ctx *c, const Entity *e, int64_t id, Buf *out)
{
    Buf seen;
    json_object *contact;
    buf_init(&seen, c->a);
    if (!rec_json(c, e, id, false, &seen, NULL) || !json_read(c, seen.data, seen.len, &contact))
        return false;
    const char *text = vcard_write(c->a, contact);
    int size = 0;
    const char *path = qr_path(c->a, text, &size);
    Jw w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kstr(&w, "file", arena_printf(c->a, "%s.vcf", json_str(contact, "name", "contact")));
    jw_kstr(&w, "text", text);
    if (path) {
        jw_key(&w, "qr");
        jw_obj(&w);
        jw_kint(&w, "size", size);
        jw_kstr(&w, "path", path);
        jw_end(&w);
    }
    jw_end(&w);
    return true;
}
