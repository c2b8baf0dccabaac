/*
 * The match key of a company's name: two spellings of one name give the same key. It is for
 * finding duplicates and joining imports, never shown.
 */
#ifndef BASE_NAME_KEY_H
#define BASE_NAME_KEY_H

#include "base/arena.h"

/*
 * Folded (case, width), without blanks and punctuation; the legal form at the end is taken off
 * (有限责任公司, 股份有限公司, 集团, Co., Ltd. …) but 分公司 stays, which is another body; a region in
 * brackets goes to the front, 省 and 市 of leading regions are dropped:
 *     华为技术（深圳）有限公司 = 华为技术(深圳)有限公司 = 深圳市华为技术有限公司 ≠ 华为技术有限公司
 * Never empty for a name that has a letter, digit or Han character.
 */
char *name_key(Arena *a, const char *name);

#endif
