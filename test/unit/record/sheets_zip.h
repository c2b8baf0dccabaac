/* .xlsx files made here part by part, for the tests of the sheet readers. */
#ifndef TEST_SHEETS_ZIP_H
#define TEST_SHEETS_ZIP_H

#include <zip.h>

#include "sheets.h"

typedef struct Entry {
    const char *name, *text;
} Entry;

/* The parts of a workbook with one sheet "一" in xl/s.xml, styles in xl/st.xml and strings in xl/ss.xml. */
#define TOP_PART                                                                                   \
    "_rels/.rels", "<Relationships><Relationship Id='a' Type='http://x/officeDocument' "           \
                   "Target='xl/workbook.xml'/></Relationships>"
#define BOOK_PART                                                                                  \
    "xl/workbook.xml", "<workbook xmlns:r='http://r'><sheets><sheet name='一' sheetId='1' "       \
                       "r:id='r1'/></sheets></workbook>"
#define RELS_PART                                                                                  \
    "xl/_rels/workbook.xml.rels",                                                                  \
        "<Relationships><Relationship Id='r1' Type='http://x/worksheet' Target='s.xml'/>"          \
        "<Relationship Id='r3' Type='http://x/styles' Target='st.xml'/>"                           \
        "<Relationship Id='r4' Type='http://x/sharedStrings' Target='ss.xml'/></Relationships>"

static inline const char *make_zip(Arena *a, const char *name, const Entry *entries)
{
    char *path = arena_printf(a, "%s/%s", folder, name);
    int err;
    (void)unlink(path);
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_EXCL, &err);
    assert_non_null(z);
    for (; entries->name; entries++) {
        zip_source_t *s = zip_source_buffer(z, entries->text, strlen(entries->text), 0);
        assert_true(zip_file_add(z, entries->name, s, ZIP_FL_ENC_UTF_8) >= 0);
    }
    assert_int_equal(zip_close(z), 0);
    return path;
}

#endif
