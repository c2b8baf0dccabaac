/*
 * The bare loop the outbox is measured against (bench/post.mjs): sends every message of a folder to a mail server with libcurl, one
 * after the other on one connection, and prints the seconds it took. The recipient is the address of the header To.
 *   bench_mailer smtp://127.0.0.1:2525 FROM FOLDER
 */
#include <curl/curl.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Text {
    char *p;
    size_t n, at;
} Text;

/* The file with its lines ended by CR LF, as SMTP wants them. */
static int read_file(const char *path, Text *out)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f), k = 0;
    rewind(f);
    char *raw = malloc(n + 1), *p = malloc(2 * n + 1);
    n = fread(raw, 1, n, f);
    fclose(f);
    for (size_t i = 0; i < n; i++) {
        if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r'))
            p[k++] = '\r';
        p[k++] = raw[i];
    }
    p[k] = 0;
    free(raw);
    *out = (Text){p, k, 0};
    return 1;
}

static size_t give(char *to, size_t one, size_t n, void *arg)
{
    Text *t = arg;
    size_t some = one * n < t->n - t->at ? one * n : t->n - t->at;
    memcpy(to, t->p + t->at, some);
    t->at += some;
    return some;
}

static int address(const char *mail, char *out, size_t room)
{
    const char *to = strstr(mail, "\nTo: ");
    if (!to)
        return 0;
    to += 5;
    size_t n = strcspn(to, "\r\n");
    if (memchr(to, '<', n))
        to += strcspn(to, "<") + 1;
    n = strcspn(to, ">\r\n");
    if (n + 1 > room)
        return 0;
    memcpy(out, to, n);
    out[n] = 0;
    return 1;
}

static int send_all(CURL *c, const char *url, const char *from, const char *folder)
{
    char path[4096], to[300];
    int sent = 0;
    struct dirent *e;
    DIR *d = opendir(folder);
    while (d && (e = readdir(d))) {
        Text t;
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (!read_file(path, &t))
            continue;
        if (address(t.p, to, sizeof to)) {
            struct curl_slist *list = curl_slist_append(NULL, to);
            curl_easy_reset(c);
            curl_easy_setopt(c, CURLOPT_URL, url);
            curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
            curl_easy_setopt(c, CURLOPT_MAIL_RCPT, list);
            curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
            curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
            curl_easy_setopt(c, CURLOPT_READDATA, &t);
            if (curl_easy_perform(c) == CURLE_OK)
                sent++;
            curl_slist_free_all(list);
        }
        free(t.p);
    }
    if (d)
        closedir(d);
    return sent;
}

int main(int argc, char **argv)
{
    struct timespec from, to;
    if (argc != 4) {
        fprintf(stderr, "bench_mailer URL FROM FOLDER\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *c = curl_easy_init();
    clock_gettime(CLOCK_MONOTONIC, &from);
    int sent = send_all(c, argv[1], argv[2], argv[3]);
    clock_gettime(CLOCK_MONOTONIC, &to);
    curl_easy_cleanup(c);
    printf("%d %.3f\n", sent,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    return 0;
}
