/* Somebody forgot his password, or is invited: a mail with a link. Used by http and the table of jobs. */
#ifndef DOMAIN_UPKEEP_RESET_H
#define DOMAIN_UPKEEP_RESET_H

#include "record/job.h"

/* Anybody asks: the answer and its work are the same whether or not there is such an account (a job looks). Counted per
   address and in all. */
bool reset_ask(Ctx *c, const char *login, const char *ip);
bool reset_job(Ctx *c, Job *job);
/* In or outside a write: an invitation to a person with an address; ERR_CONFLICT where the house has no mail or no address. */
bool reset_invite(Ctx *c, int64_t user);

#endif
