/* One step of the job runner. */
#ifndef WORK_RUNNER_H
#define WORK_RUNNER_H

#include "record/job.h"

/* Claims and runs one waiting job. *worked: there was one. */
bool runner_step(Db *db, const char *by, bool *worked, bool (*stopping)(void));

#endif
