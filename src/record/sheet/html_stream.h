/*
 * A web page as a stream of events, by libxml2: no tree is built, so a page of 100 MB needs no more memory
 * than a small one. libxml2 forgives what pages of report programs do: elements that nobody closes, more
 * than one root, text anywhere.
 */
#ifndef RECORD_SHEET_HTML_STREAM_H
#define RECORD_SHEET_HTML_STREAM_H

#include <libxml/HTMLparser.h>

#include "record/sheet/markup.h"

/* Reads the file of b to its end, or until *done; what was asked for before still comes as events then. user goes
   to the events. false: a mistake, of the file or its encoding. */
bool html_stream(SheetBook *b, const htmlSAXHandler *sax, void *user, const bool *done);

#endif
