/*
 * How a server locks itself up (setting serve.confine; base/confine.h says what holds afterwards).
 *     auto  as much as the kernel and the container give; what is missing is told in the log
 *     on    all of it, or the server does not start
 *     off   nothing
 */
#ifndef APP_GUARD_H
#define APP_GUARD_H

#include "app/app.h"

/* First half, when the settings are known and nothing else was opened: the helper that starts readers, then files. */
bool guard_files(Ctx *c, const char *dir);
/* Second half, when the server answers: calls. Writes one line to the log about what holds. */
bool guard_calls(Ctx *c);
/* The end: the helper goes. */
void guard_end(void);

#endif
