/*
 * The customers of bench_maker, one after the other: customer 0, 1 … with their contacts and follow-ups as statements of
 * the engine, kept instead of run. maker_rows.c makes them, maker.c has them written.
 */
#ifndef BENCH_MAKER_H
#define BENCH_MAKER_H

#include "app/app.h"
#include "base/json_read.h"
#include "base/map.h"
#include "base/region.h"

enum { DAY_MS = 86400000, DAYS = 700, MAX_SELLERS = 32 };

typedef struct Seller {
    int64_t id, department;
} Seller;

/* What the customers are made of; not changed while threads make them. */
typedef struct Maker {
    App app;
    json_object *texts;
    const char **brands;
    int n_brands;
    const Region **areas;
    int n_areas;
    Seller sellers[MAX_SELLERS];
    int n_sellers;
    int64_t wanted, start_ms;
    int contacts, follow_ups; /* thousandths to a customer */
    const Entity *customer, *contact, *pair, *point, *follow_up;
} Maker;

extern Maker maker;

/* A statement and its values, in order. */
typedef struct Row {
    const char *text;
    const DbVal *v;
    int n;
} Row;

typedef struct Block {
    Ctx *c; /* an arena of its own: rows live as long */
    int64_t number;
    uint64_t seed;
    int64_t *ids; /* drawn for the whole block, so that the blocks follow each other in time */
    Row *rows;
    int n_rows, cap_rows;
} Block;

/* maker.texts, brands, areas, entities and start_ms, of the model of c. False where the program holds no texts. */
bool maker_ready(Ctx *c);
/* How many ids customer i needs, his contacts and follow-ups included. */
int maker_ids(int64_t i);
/* The rows of customers first … last - 1, in the order of their ids, onto b. Any thread, one block each. */
void maker_rows(Block *b, int64_t first, int64_t last);

#endif
