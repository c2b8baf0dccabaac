/*
 * A message of e-mail: headers and parts (GMime), plain text with the same in HTML. RFC 5322; marked as made by a program
 * (Auto-Submitted), so that no holiday answer comes back.
 */
#ifndef WORK_POST_MAIL_H
#define WORK_POST_MAIL_H

#include "base/arena.h"

typedef struct Mail {
    const char *from_name, *from, *to; /* from, to: bare addresses */
    const char *subject, *text;
    const char *link; /* shown as a button in the HTML part; or NULL */
    const char *link_label;
    const char *home;  /* addresses of the text that begin so are links in the HTML part; or NULL */
    int64_t id, at_ms; /* number of the letter, for Message-ID: the same at each try */
} Mail;

/* "销售部 <crm@example.com>" or "crm@example.com" → name ("" for none) and address; false where there is no address. */
bool mail_split(Arena *a, const char *sender, const char **name, const char **address);
/* The whole message, lines end in CR LF. */
const char *mail_compose(Arena *a, const Mail *m);

#endif
