/*
 * How a message reads: the row of message_template for its kind, medium and language, else the words of the catalogue
 * ("mail.reset.subject", "mail.reset.body"). Both have places as in base/fill.h.
 */
#ifndef RECORD_MESSAGE_TEXT_H
#define RECORD_MESSAGE_TEXT_H

#include "base/fill.h"

/* NULL-terminated: name title text link company minutes code. */
extern const char *const message_places[];

/* medium: mail, sms or im. Subject on one line; body plain. */
bool message_text(Ctx *c, const char *kind, const char *medium, const char *lang,
                  const FillVar *vars, const char **subject, const char **body);

#endif
