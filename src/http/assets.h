/* The page and its files: embedded, gzipped at build, strong ETags. */
#ifndef HTTP_ASSETS_H
#define HTTP_ASSETS_H

#include <stddef.h>

/* Builds what is made at start (the region tree). Call once before serving. */
void assets_init(void);
/* "/assets/regions-<hash>.json" */
const char *assets_regions_path(void);

#endif
