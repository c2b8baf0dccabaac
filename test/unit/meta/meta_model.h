/* One entity with a field of every type, laid beside the built-in ones, for the tests of this floor. */
#ifndef TEST_META_MODEL_H
#define TEST_META_MODEL_H

#include "meta_sources.h"

#include "base/msg.h"

static const char probe_json[] =
    "{ \"entity\": \"probe\", \"plural\": \"probes\", \"label\": {\"zh\": \"样\", \"en\": "
    "\"Probe\"}, \"title\": \"s\",\n"
    "  \"number\": \"P{yyyyMMdd}{seq:3}\", \"number_reset\": \"day\", \"gets\": [\"search\", "
    "\"trash\", \"custom_fields\"], \"tree\": \"up\",\n"
    "  \"roles\": {\"*\": {\"scope\": \"all\", \"actions\": \"read\"}},\n"
    "  \"fields\": {\n"
    "    \"number\": {\"type\": \"number\", \"label\": {\"zh\": \"号\", \"en\": \"No.\"}, "
    "\"sort\": true},\n"
    "    \"s\": {\"type\": \"string\", \"label\": {\"zh\": \"名\", \"en\": \"Name\"}, \"max\": 5, "
    "\"min\": 2, \"search\": 3, \"sort\": true, \"match\": \"name\"},\n"
    "    \"raw\": {\"type\": \"string\", \"label\": {\"zh\": \"原\", \"en\": \"Raw\"}, "
    "\"pattern\": \"[a-z]+\", \"unique\": true},\n"
    "    \"code\": {\"type\": \"string\", \"label\": {\"zh\": \"码\", \"en\": \"Code\"}, "
    "\"match\": \"credit_code\"},\n"
    "    \"t\": {\"type\": \"text\", \"label\": {\"zh\": \"文\", \"en\": \"Text\"}, \"search\": "
    "1},\n"
    "    \"i\": {\"type\": \"int\", \"label\": {\"zh\": \"整\", \"en\": \"Int\"}, \"min\": -5, "
    "\"max\": 100000},\n"
    "    \"d\": {\"type\": \"decimal\", \"label\": {\"zh\": \"小\", \"en\": \"Dec\"}, \"scale\": "
    "3, \"max\": \"99.5\"},\n"
    "    \"f\": {\"type\": \"float\", \"label\": {\"zh\": \"浮\", \"en\": \"Float\"}},\n"
    "    \"m\": {\"type\": \"money\", \"label\": {\"zh\": \"钱\", \"en\": \"Money\"}, \"min\": "
    "0},\n"
    "    \"day\": {\"type\": \"date\", \"label\": {\"zh\": \"日\", \"en\": \"Day\"}},\n"
    "    \"at\": {\"type\": \"datetime\", \"label\": {\"zh\": \"时\", \"en\": \"At\"}, \"sort\": "
    "true},\n"
    "    \"b\": {\"type\": \"bool\", \"label\": {\"zh\": \"真\", \"en\": \"Bool\"}, \"default\": "
    "true},\n"
    "    \"o\": {\"type\": \"option\", \"label\": {\"zh\": \"选\", \"en\": \"Option\"}, "
    "\"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"First\"}, \"b_c\": {\"zh\": \"乙\", \"en\": "
    "\"Second\"}, \"old\": {\"zh\": \"旧\", \"en\": \"Old\", \"disabled\": true}}},\n"
    "    \"mo\": {\"type\": \"multi_option\", \"label\": {\"zh\": \"多\", \"en\": \"Many\"}, "
    "\"options\": {\"a\": {\"zh\": \"甲\", \"en\": \"First\"}, \"b_c\": {\"zh\": \"乙\", \"en\": "
    "\"Second\"}}},\n"
    "    \"ph\": {\"type\": \"phone\", \"label\": {\"zh\": \"话\", \"en\": \"Phone\"}, "
    "\"personal\": true, \"search\": 1, \"match\": \"phone\"},\n"
    "    \"e\": {\"type\": \"email\", \"label\": {\"zh\": \"邮\", \"en\": \"Mail\"}, \"personal\": "
    "true, \"match\": \"email\"},\n"
    "    \"u\": {\"type\": \"url\", \"label\": {\"zh\": \"网\", \"en\": \"URL\"}},\n"
    "    \"l\": {\"type\": \"link\", \"label\": {\"zh\": \"客\", \"en\": \"Customer\"}, \"to\": "
    "\"customer\"},\n"
    "    \"up\": {\"type\": \"link\", \"label\": {\"zh\": \"上\", \"en\": \"Up\"}, \"to\": "
    "\"probe\"},\n"
    "    \"kind\": {\"type\": \"option\", \"label\": {\"zh\": \"类\", \"en\": \"Kind\"}, "
    "\"options\": {\"customer\": {\"zh\": \"客户\", \"en\": \"Customer\"}, \"contact\": {\"zh\": "
    "\"联系人\", \"en\": \"Contact\"}}},\n"
    "    \"what\": {\"type\": \"link\", \"label\": {\"zh\": \"任\", \"en\": \"Any\"}, "
    "\"to_field\": \"kind\"},\n"
    "    \"lm\": {\"type\": \"link_many\", \"label\": {\"zh\": \"众\", \"en\": \"Users\"}, \"to\": "
    "\"user\"},\n"
    "    \"r\": {\"type\": \"region\", \"label\": {\"zh\": \"区\", \"en\": \"Region\"}},\n"
    "    \"fi\": {\"type\": \"file\", \"label\": {\"zh\": \"件\", \"en\": \"File\"}},\n"
    "    \"fs\": {\"type\": \"files\", \"label\": {\"zh\": \"件们\", \"en\": \"Files\"}},\n"
    "    \"im\": {\"type\": \"image\", \"label\": {\"zh\": \"图\", \"en\": \"Image\"}},\n"
    "    \"j\": {\"type\": \"json\", \"label\": {\"zh\": \"结\", \"en\": \"JSON\"}},\n"
    "    \"p\": {\"type\": \"parts\", \"label\": {\"zh\": \"组\", \"en\": \"Parts\"}, \"parts\": "
    "{\"name\": {\"type\": \"string\", \"label\": {\"zh\": \"名\", \"en\": \"Name\"}}}},\n"
    "    \"pw\": {\"type\": \"string\", \"label\": {\"zh\": \"密\", \"en\": \"Password\"}, "
    "\"write_only\": true},\n"
    "    \"need\": {\"type\": \"string\", \"label\": {\"zh\": \"因\", \"en\": \"Why\"}, "
    "\"required_if\": [\"o\", \"=\", \"a\"]},\n"
    "  },\n"
    "  \"indexes\": [[\"o\", \"-at\"], {\"fields\": [\"l\", \"o\"], \"unique\": true}],\n"
    "}";

static inline Model *probe_model(Ctx *c)
{
    Model *m = NULL;
    build_with(c, "entities/test/probe.json", probe_json, NULL, 0, &m);
    return m;
}

#endif
