/* The share of filled fields. See completeness.h. */
#include "domain/customer/completeness.h"

#include "entity_ids.h"

static bool is_filled(const DbVal *v)
{
    return v->kind != DB_NULL && !(v->kind == DB_TEXT && v->n == 0);
}

DbVal customer_completeness(const DbVal *values)
{
    static const int fields[] = {
        CUSTOMER_NAME,        CUSTOMER_SHORT_NAME, CUSTOMER_USCC,           CUSTOMER_INDUSTRY,
        CUSTOMER_SOURCE,      CUSTOMER_LEVEL,      CUSTOMER_PHONE,          CUSTOMER_EMAIL,
        CUSTOMER_WEBSITE,     CUSTOMER_REGION,     CUSTOMER_ADDRESS_DETAIL, CUSTOMER_EMPLOYEE_COUNT,
        CUSTOMER_MAIN_CONTACT};
    int n = (int)(sizeof fields / sizeof *fields), filled = 0;
    for (int i = 0; i < n; i++)
        filled += is_filled(&values[fields[i]]);
    return db_of_int((filled * 10000 + n / 2) / n);
}
