/* A person on leave, and who answers for him meanwhile (record/approval/away.c has what that means). */
#ifndef DOMAIN_UPKEEP_AWAY_H
#define DOMAIN_UPKEEP_AWAY_H

#include "record/hooks.h"

/* Of a save of user: first and last day and deputy stand together, in order, and the deputy is somebody else. */
bool away_check(Ctx *c, Save *s);
/* Behind the save, by whatever way it came: where it is somebody else's doing, the person is told, and who stands above him
   (his manager, the head of his department) whom his votes go to: to a deputy while he is away, to a successor when he leaves. */
bool away_told(Ctx *c, const Save *s);
/* The action away {"from", "to", "deputy"}, without members: the leave is over. The person himself, a head of a department
   or a manager above him, and who keeps accounts; ERR_FORBIDDEN otherwise. */
bool away_act(Ctx *c, const Record *who, json_object *in, Buf *out);

#endif
