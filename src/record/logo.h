/*
 * The company's logo: a picture that everybody sees, also who is not signed in. What somebody with the right "settings" uploads
 * is decoded and written anew by the locked-up child (record/picture), so that nothing of the file itself is ever served; kept
 * as an attachment of no record, named by the setting company.logo.
 */
#ifndef RECORD_LOGO_H
#define RECORD_LOGO_H

#include "record/attach.h"

#define LOGO_SETTING "company.logo"
#define LOGO_OWNER "setting" /* attachment.parent_type */

/* The file at path becomes the logo; the former one goes. ERR_UNSUPPORTED_TYPE for what is no JPEG, PNG or WebP (an SVG, too),
   ERR_TOO_LARGE beyond picture.pixels. Right "settings", asked by the gate. */
bool logo_set(Ctx *c, const char *path);
/* There is none any more. */
bool logo_clear(Ctx *c);
/* The logo as a file; no right asked. ERR_NOT_FOUND where there is none, and for a setting that names any other file. */
bool logo_open(Ctx *c, AttachFile *out);
/* Where a browser finds it: "/api/v1/logo?v=12", NULL for none. */
const char *logo_url(Arena *a);
/* May this value stand in company.logo? Only a picture that logo_set made. */
bool logo_known(Ctx *c, const char *value);

/* Is the file at path one that logo_set made (record/configuration carries it from house to house)? ERR_UNSUPPORTED_TYPE,
   ERR_TOO_LARGE. */
bool logo_check(Ctx *c, const char *path);
/* In a write: the picture there is lies a while for the sweep of files, as any file that was removed. */
bool logo_drop(Ctx *c);

#endif
