// SQL is written in the source as SQL("…") and put together by db/sql.h alone, which binds every value and checks every
// name; both speak of it as an SqlText, which no text turns into by itself. Each rule here is a way around that, told as
// "file:line:column: warning: words [rule]". tools/lint.mjs runs it; the few places below db/ that have to are judged there.

// an SqlText made of what is no literal
@made@
typedef SqlText;
constant char[] l;
expression e;
position p;
@@
(
 (SqlText){l}
|
 (SqlText){.text = l}
|
 (SqlText){e@p}
|
 (SqlText){.text = e@p}
)

@begun@
typedef SqlText;
identifier v;
constant char[] l;
expression e;
position p;
@@
(
 SqlText v = {l};
|
 SqlText v = {.text = l};
|
 SqlText v = {e@p};
|
 SqlText v = {.text = e@p};
)

// its text put in behind
@set@
typedef SqlText;
SqlText t;
SqlText *u;
expression e;
position p;
@@
(
 t.text@p = e
|
 u->text@p = e
)

// other memory taken for one
@cast@
typedef SqlText;
expression e;
position p;
@@
(
 (SqlText *)e@p
|
 (const SqlText *)e@p
)

// the buffer of a statement written past sql_add
@built@
typedef Sql;
Sql q;
Sql *r;
identifier f;
position p;
@@
(
 f@p(..., &q.text, ...)
|
 f@p(..., &r->text, ...)
|
 f@p(..., q.text.data, ...)
|
 f@p(..., r->text.data, ...)
)

// an engine asked past db.h
@engine@
identifier f =~ "^(sqlite3_(exec|prepare.*|get_table)|PQ(exec|prepare|sendQuery|sendPrepare).*)$";
position p;
@@
 f@p(...)

// a statement written by printf: which text it is, is asked below, for pieces put together are no constant here
@printed@
identifier f =~ "printf$";
expression e;
position p;
@@
 f@p(..., e, ...)

@script:python@
p << made.p;
e << made.e;
@@
print("%s:%s:%s: warning: an SqlText of %s [made]" % (p[0].file, p[0].line, p[0].column, e))
@script:python@
p << begun.p;
e << begun.e;
@@
print("%s:%s:%s: warning: an SqlText of %s [made]" % (p[0].file, p[0].line, p[0].column, e))
@script:python@
p << set.p;
e << set.e;
@@
print("%s:%s:%s: warning: the text of an SqlText becomes %s [made]" % (p[0].file, p[0].line, p[0].column, e))
@script:python@
p << cast.p;
e << cast.e;
@@
print("%s:%s:%s: warning: %s is taken for an SqlText [made]" % (p[0].file, p[0].line, p[0].column, e))
@script:python@
p << built.p;
f << built.f;
@@
print("%s:%s:%s: warning: %s writes into a statement past sql_add [built]" % (p[0].file, p[0].line, p[0].column, f))
@script:python@
p << engine.p;
f << engine.f;
@@
print("%s:%s:%s: warning: %s asks an engine past db.h [engine]" % (p[0].file, p[0].line, p[0].column, f))
@script:python@
p << printed.p;
f << printed.f;
e << printed.e;
@@
import re
if re.match(r'"[^A-Za-z"]*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES|CREATE|ALTER|DROP|TRUNCATE|BEGIN|SET|PRAGMA|COPY|LOCK|DEALLOCATE|VACUUM|ATTACH|EXPLAIN)([ "%;]|$)', e):
    print("%s:%s:%s: warning: %s writes a statement [printed]" % (p[0].file, p[0].line, p[0].column, f))
