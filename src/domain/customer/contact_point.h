/*
 * The phones, mails and accounts of a customer or contact as rows of contact_point, for telling who
 * calls and for finding the same person twice. Rows are made before the transaction, written in it.
 */
#ifndef DOMAIN_CUSTOMER_CONTACT_POINT_H
#define DOMAIN_CUSTOMER_CONTACT_POINT_H

#include "record/hooks.h"

typedef enum PointKind { POINT_PHONE, POINT_EMAIL, POINT_WECHAT } PointKind;

typedef struct PointSource {
    int field;      /* of the record */
    PointKind kind; /* of a phone it is found whether mobile or landline */
} PointSource;

typedef struct Points {
    DbVal **rows; /* values of contact_point by Field.index */
    int n;
    bool rewrite;  /* an old record: its former rows go */
    DbVal *former; /* the values they have */
    int n_former;
} Points;

/* NULL where no source changed. parent_type: "customer" or "contact". */
Points *points_prepare(Ctx *c, const Save *s, const char *parent_type, const PointSource *from,
                       int n);
/* In the write; NULL does nothing. */
bool points_write(Ctx *c, const Save *s, const char *parent_type, Points *p);

/* The rows of what its fields hold written anew; others, of those that are still merged into it, stay. In a write. */
bool points_anew(Ctx *c, const Record *r, const char *parent_type, const PointSource *from, int n);

#endif
