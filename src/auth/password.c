/* Passwords. See password.h and session.h. */
#include "auth/password.h"
#include "auth/reset.h"
#include "auth/second.h"

#include <ctype.h>
#include <string.h>

#include "auth/audit.h"
#include "auth/rate.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crypt.h"
#include "base/embed.h"
#include "base/meter.h"
#include "base/utf8.h"

enum { MOST_BYTES = 1024, MOST_CHARS = 128, TOKEN_BYTES = 16, WRONG_PER_HOUR = 10, HOUR = 3600000 };
static const char setup_mark[] = "setup:";

static bool busy(Ctx *c)
{
    meter_add(METER_HASH_BUSY, 1);
    c->retry_after_s = 1;
    return ctx_fail(c, ERR_LIMIT, NULL, "err.limit", "1");
}

/* --- policy ----------------------------------------------------------------------------------- */

static bool same_ignoring_case(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i]))
            return false;
    return true;
}

static bool on_list(const char *text, size_t n)
{
    const Embed *file = embed_find("data/common-passwords.txt");
    const char *p = file ? (const char *)file->data : "", *end = file ? p + file->len : p;
    while (p < end) {
        const char *line_end = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((line_end ? line_end : end) - p);
        if (len == n && *p != '#' && same_ignoring_case(p, text, n))
            return true;
        p += len + 1;
    }
    return false;
}

/* The shortest piece of which the text is a repetition; n itself where there is none. */
static size_t period(const char *s, size_t n)
{
    for (size_t len = 1; len <= n / 2; len++)
        if (n % len == 0 && memcmp(s, s + len, n - len) == 0)
            return len;
    return n;
}

/* 123456789012, abcdefghijkl, 987654321: every step the same, digits wrapping from 9 to 0. */
static bool is_run(const char *s, size_t n)
{
    for (int step = -1; step <= 1; step += 2) {
        size_t i = 1;
        while (i < n) {
            int want = s[i - 1] + step;
            if (want == '9' + 1)
                want = '0';
            if (want == '0' - 1)
                want = '9';
            if (s[i] != want)
                break;
            i++;
        }
        if (i == n)
            return true;
    }
    return false;
}

bool password_is_common(const char *password)
{
    size_t n = strlen(password);
    if (n < 2 || on_list(password, n) || is_run(password, n))
        return true;
    size_t piece = period(password, n);
    return piece <= 3 || (piece < n && on_list(password, piece));
}

bool password_check_policy(Ctx *c, const char *field, const char *password, const char *login,
                           const char *name)
{
    int64_t least = conf_int("password.min_length");
    size_t bytes = strlen(password);
    if (bytes > MOST_BYTES || utf8_count(password) > MOST_CHARS)
        return ctx_fail(c, ERR_TOO_LONG, field, "err.too_long", ctx_num(c, MOST_CHARS),
                        ctx_num(c, (int64_t)utf8_count(password)));
    bool like_login = login && strlen(login) == bytes && same_ignoring_case(login, password, bytes);
    bool like_name = name && strlen(name) == bytes && same_ignoring_case(name, password, bytes);
    if ((int64_t)utf8_count(password) < least || like_login || like_name ||
        password_is_common(password))
        return ctx_fail(c, ERR_WEAK_PASSWORD, field, "err.weak_password", ctx_num(c, least));
    return true;
}

/* --- hashes ----------------------------------------------------------------------------------- */

static CryptLine line_of(const Ctx *c)
{
    return c->actor && c->actor->user ? CRYPT_KNOWN : CRYPT_STRANGER;
}

/* What waiting and hashing took is no time of the statements behind it: on a busy machine none of that would be left. */
static void more_time(Ctx *c, int64_t since)
{
    if (c->deadline_ms)
        c->deadline_ms += clock_mono_ms() - since;
}

bool password_hash_text(Ctx *c, const char *password, const char **out)
{
    char hash[CRYPT_PASSWORD_MAX];
    if (!db_in_write(c))
        db_release(c); /* the line may be long, connections are few */
    int64_t since = clock_mono_ms();
    CryptAnswer answer = crypt_password_hash(line_of(c), password, hash);
    more_time(c, since);
    if (answer != CRYPT_YES)
        return busy(c);
    *out = arena_str(c->a, hash);
    return true;
}

bool password_is_setup(const char *stored)
{
    return stored && strncmp(stored, setup_mark, sizeof setup_mark - 1) == 0;
}

PasswordAnswer password_matches(Ctx *c, const char *stored, const char *password)
{
    bool setup = password_is_setup(stored);
    bool none = !stored || !*stored || setup || strlen(password) > MOST_BYTES;
    int64_t since = clock_mono_ms();
    CryptAnswer answer = crypt_password_check(line_of(c), none ? NULL : stored, password);
    more_time(c, since);
    if (answer == CRYPT_BUSY) {
        busy(c);
        return PASSWORD_FAILED;
    }
    if (setup) {
        char hex[65];
        crypt_sha256_hex(password, strlen(password), hex);
        return crypt_equal_text(stored + sizeof setup_mark - 1, hex) ? PASSWORD_SETUP : PASSWORD_NO;
    }
    return answer == CRYPT_YES ? PASSWORD_YES : PASSWORD_NO;
}

PasswordAnswer password_proves(Ctx *c, const char *key, const char *stored, const char *password)
{
    int seat;
    PasswordAnswer answer = PASSWORD_FAILED;
    /* right ones are not counted: nobody takes all the places before argon2id with his own password */
    if (!rate_enter(c, key, (int)conf_int("login.address_parallel"), &seat)) {
        meter_add(METER_HASH_BUSY, 1);
        return PASSWORD_FAILED;
    }
    if (rate_take(c, key, WRONG_PER_HOUR, HOUR, 1)) {
        db_release(c); /* the hash takes a while */
        answer = password_matches(c, stored, password);
        int mark = c->n_err;
        if (answer != PASSWORD_NO && !rate_give_back(c, key))
            ctx_errors_forget(c, mark); /* the try is lost, and nothing else */
    }
    rate_leave(seat);
    return answer;
}

void password_setup_token(Arena *a, const char **out_token, const char **out_stored)
{
    char hex[65];
    const char *token = crypt_token(a, TOKEN_BYTES);
    crypt_sha256_hex(token, strlen(token), hex);
    *out_token = token;
    *out_stored = arena_printf(a, "%s%s", setup_mark, hex);
}

/* --- changing --------------------------------------------------------------------------------- */

typedef struct Change {
    int64_t user, but_session;
    const char *hash;
    bool must_change;
    const char *action;
} Change;

static bool change(Ctx *c, void *arg)
{
    const Change *ch = arg;
    DbVal p[] = {db_of_text(ch->hash), db_of_int(c->now_ms), db_of_int(ch->must_change ? 1 : 0),
                 db_of_int(ch->user)};
    if (!db_exec(
            c,
            SQL("UPDATE \"user\" SET password_hash = $1, password_changed_at = $2, "
                "must_change_password = $3, failed_logins = 0, locked_until = NULL WHERE id = $4"),
            p, 4))
        return false;
    if (db_changes(c) == 0)
        return ctx_fail(c, ERR_NOT_FOUND, NULL, "err.not_found");
    AuditEntry e = {.action = ch->action, .entity = "user", .record = ch->user};
    return session_close_all(c, ch->user, ch->but_session) && reset_forget(c, ch->user) &&
           second_forget(c, ch->user) && audit_add(c, &e) && db_change(c, "access", ch->user);
}

bool password_store(Ctx *c, int64_t user, const char *hash, const char *action)
{
    Change ch = {.user = user, .hash = hash, .action = action};
    return change(c, &ch);
}

static bool run_change(Ctx *c, Change *ch)
{
    bool ok = db_write(c, change, ch);
    actor_cache_clear();
    return ok;
}

bool password_set(Ctx *c, int64_t user, const char *password, bool must_change)
{
    Change ch = {.user = user, .must_change = must_change, .action = "password_set"};
    return password_hash_text(c, password, &ch.hash) && run_change(c, &ch);
}

/* The hash of the one who asks. out_first: signed in by the one-time token, so that there is no old password and this session
   is the proof. */
static bool own_hash(Ctx *c, const char **out_hash, bool *out_first)
{
    DbVal p[] = {db_of_int(c->actor->user)};
    const char *stored = NULL;
    bool found;
    if (!db_one_text(c, SQL("SELECT password_hash FROM \"user\" WHERE id = $1"), p, 1, &stored,
                     &found))
        return false;
    *out_hash = stored;
    *out_first = c->actor->must_change_password && stored && !*stored;
    return true;
}

bool password_first(Ctx *c, bool *out)
{
    const char *stored;
    *out = false;
    return !c->actor->must_change_password || own_hash(c, &stored, out);
}

bool password_change(Ctx *c, const char *old_password, const char *new_password)
{
    const Actor *me = c->actor;
    if (!me || me->user == 0)
        return ctx_fail(c, ERR_NOT_SIGNED_IN, NULL, "err.not_signed_in");
    if (me->session == 0 && me->channel != CH_CLI)
        return ctx_fail(c, ERR_FORBIDDEN, NULL, "err.forbidden"); /* never by a bearer token */
    const char *stored;
    bool first;
    if (!own_hash(c, &stored, &first))
        return false;
    if (!first) {
        /* the old password is a secret to guess like any other */
        const char *key = arena_printf(c->a, "password:%s", ctx_num(c, me->user));
        switch (password_proves(c, key, stored, old_password)) {
        case PASSWORD_YES: break;
        case PASSWORD_FAILED: return false;
        default: return ctx_fail(c, ERR_INVALID, "old", "auth.old_password_wrong");
        }
        if (strcmp(old_password, new_password) == 0)
            return ctx_fail(c, ERR_WEAK_PASSWORD, "new", "auth.same_password");
    }
    if (!password_check_policy(c, "new", new_password, me->login, me->name))
        return false;
    Change ch = {.user = me->user, .but_session = me->session, .action = "password_change"};
    return password_hash_text(c, new_password, &ch.hash) && run_change(c, &ch);
}
