/*
 * Read by spatch alone (tools/lint/sql.cocci), never compiled: what it is to take for macros that stand for more than an
 * expression. It reads the sources as they are written, and would leave out the function around one it does not know.
 */
#define VEC(type) struct vec
#define ARENA_NEW(a, type) (type *)arena_alloc(a)
#define ARENA_ARRAY(a, n, type) (type *)arena_alloc(a, n)
#define ZK_PRINTF(f, a)
#define _Alignas(type)
#define PRId64 "d"
#define PRIu64 "u"
/* a type it takes for a factor: it knows no header */
#define MetricSide struct side
