/*
 * The workbook of `zhike user import`: people on the first sheet (账号 姓名 密码 部门 职位 上级 角色 工号, or the codes
 * login name password department position manager roles staff_no; also email mobile), departments on a second one
 * (编码 名称 上级: code name parent), as the JSON that user_import takes.
 */
#ifndef RECORD_STAFF_SHEET_H
#define RECORD_STAFF_SHEET_H

#include "base/json_read.h"

/* ERR_INVALID names the column that is missing. The tree goes with the context. */
bool staff_sheet_read(Ctx *c, const char *path, json_object **out);

#endif
