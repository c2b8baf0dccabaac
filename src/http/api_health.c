/* Health: does the process live, does the database answer. */
#include "base/confine.h"
#include "http/api.h"

bool api_healthz(Request *rq)
{
    Jw w;
    jw_init(&w, &rq->out.body);
    jw_obj(&w);
    jw_kstr(&w, "status", "ok");
    jw_kstr(&w, "version", ZK_VERSION);
    ConfineState s = confine_state();
    jw_kstr(&w, "confined",
            s.seccomp && s.landlock   ? "on"
            : s.seccomp || s.landlock ? "part"
                                      : "off");
    jw_end(&w);
    return true;
}

/* Renewing our lease is a real write, and one that has to be done anyway. */
bool api_readyz(Request *rq)
{
    return db_lease_renew(&rq->c) && api_healthz(rq);
}
