/*
 * Reading the file of a stranger in a child process that can do nothing else (SECURITY C31): the same program,
 * started anew with the word read-sheet, locked up by base/confine.h before it looks at a byte. It has the file
 * and two pipes. Rows come through a pipe of bounded size, so it waits for whoever takes them. If it is ended by a
 * limit or a mistake of ours, the person reads a sentence and the server goes on.
 *
 *     0 commands   1 answers   2 nowhere   3 the file   4 room on disk for long lists of texts, or nothing
 */
#ifndef RECORD_SHEET_CHILD_H
#define RECORD_SHEET_CHILD_H

#include "base/child.h"
#include "record/sheet/book.h"

enum { CHILD_ROOM = CHILD_FILE + 1, CHILD_HAS = 2 };

/* How the child ends where no signal and no CHILD_NO_LOCK says it. */
enum { CHILD_OK = 0, CHILD_NO_MEMORY = 3, CHILD_PROTOCOL = 5 };

/* Bytes that the lists of texts of a workbook may have on disk. */
#define CHILD_ROOM_BYTES BOOK_STRINGS_DISK

/* As sheet_open; fd becomes the book's (also where it fails). */
bool sheet_child_open(Ctx *c, int fd, const char *path, const SheetOptions *opts, SheetBook **out);

#endif
