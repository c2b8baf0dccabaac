/* Fuzzes the settings: the input is the value of every setting in turn, and a zhike.conf. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char dir[64];
    Arena *a = arena_new(0);
    Ctx c;
    ctx_init(&c, a);
    if (!dir[0]) {
        snprintf(dir, sizeof dir, "/tmp/zhike-fuzz-conf-XXXXXX");
        if (!mkdtemp(dir))
            abort();
    }
    char *text = arena_dup(a, (const char *)data, size), *path;
    ConfFlag flags[] = {{NULL, text}, {NULL, NULL}};
    for (size_t i = 0; i < conf_count(); i++) {
        int before = c.n_err;
        flags[0].name = conf_def(i)->name;
        if (conf_load(&c, NULL, flags) != (c.n_err == before))
            abort();
        conf_check(&c, conf_def(i)->name, text);
        conf_free();
    }
    /* no fsync here, so not file_write */
    if (!file_join(&c, dir, "zhike.conf", &path))
        abort();
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    conf_load(&c, dir, NULL);
    conf_free();
    unlink(path);
    arena_free(a);
    return 0;
}
