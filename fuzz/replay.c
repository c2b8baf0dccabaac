/*
 * Runs a fuzz program without libFuzzer: every file of the folders (or the files) named on the command
 * line goes through LLVMFuzzerTestOneInput once. ctest does so with fuzz/corpus/<what> and
 * fuzz/found/<what>, so a find of long ago is tried again in every test run, with any compiler.
 * A folder that does not exist is no mistake: most parsers have no finds. An empty input and a few
 * bytes of rubbish are tried always.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak)); /* where there is one */

static int n_files;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    uint8_t *data = NULL;
    size_t size = 0, cap = 0, got;
    do {
        if (size == cap) {
            cap = cap ? cap * 2 : 4096;
            data = realloc(data, cap);
            if (!data) {
                perror(path);
                exit(1);
            }
        }
        got = fread(data + size, 1, cap - size, f);
        size += got;
    } while (got > 0);
    fclose(f);
    /* An exact copy, so that a read past the end is seen by the sanitizers. */
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) {
        perror(path);
        exit(1);
    }
    memcpy(exact, data, size);
    free(data);
    printf("%s (%zu bytes)\n", path, size);
    fflush(stdout); /* the last line names the file that crashed */
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    n_files++;
}

static void replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return;
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path);
        return;
    }
    DIR *d = opendir(path);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        char below[4096];
        if (e->d_name[0] == '.')
            continue;
        int n = snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (n > 0 && (size_t)n < sizeof below)
            replay(below);
    }
    closedir(d);
}

int main(int argc, char **argv)
{
    static const uint8_t rubbish[] = {0xff, 0xfe, 0x00, '"', '{', '[', 0xf0, 0x9f, '\r', '\n'};
    if (LLVMFuzzerInitialize)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    (void)LLVMFuzzerTestOneInput(rubbish, 0);
    (void)LLVMFuzzerTestOneInput(rubbish, sizeof rubbish);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%d files replayed\n", n_files);
    return 0;
}
