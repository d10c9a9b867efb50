#include "latency.h"

#include <stdlib.h>
#include <string.h>

#define CYCLES_MAX 1000000
#define LEVELS_MAX 4
#define WAYS_MAX   1024
#define LINE_MAX   4096
#define LINES_MAX  (UINT64_C(1) << 24) /* of one level: 128 MiB of tags */

enum form { FORM_FIXED, FORM_RANDOM, FORM_CACHE };

struct level {
    uint64_t lines; /* size / line; a multiple of ways */
    unsigned ways, line;
    uint32_t hit;  /* cycles */
    uint64_t *tag; /* line number + 1, 0: empty; of each set the most recently used first */
};

struct latency {
    enum form form;
    uint32_t cycles, max; /* FIXED: cycles; RANDOM: cycles to max; CACHE: of memory */
    uint64_t state;       /* of splitmix64 */
    struct level level[LEVELS_MAX];
    struct latency_counters counters;
};

/* A decimal number in front of `end`, which is left behind. */
static bool parse_number(const char **text, char end, uint64_t *value) {
    const char *at = *text;
    *value = 0;
    do {
        if (*at < '0' || *at > '9')
            return false;
        unsigned digit = (unsigned)(*at - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    } while (*++at != end && *at != '\0');
    if (*at != end)
        return false;
    *text = end == '\0' ? at : at + 1;
    return true;
}

static bool parse_cycles(const char **text, char end, uint32_t *cycles) {
    uint64_t value;
    if (!parse_number(text, end, &value) || value < 1 || value > CYCLES_MAX)
        return false;
    *cycles = (uint32_t)value;
    return true;
}

static const char *parse_fixed(struct latency *latency, const char *text) {
    latency->form = FORM_FIXED;
    if (!parse_cycles(&text, '\0', &latency->cycles))
        return "neither cycles (1 to 1000000), nor MIN:MAX:SEED, nor cache:…";
    latency->max = latency->cycles;
    return NULL;
}

static const char *parse_random(struct latency *latency, const char *text) {
    latency->form = FORM_RANDOM;
    if (!parse_cycles(&text, ':', &latency->cycles))
        return "MIN of MIN:MAX:SEED is not a number of cycles, 1 to 1000000";
    if (!parse_cycles(&text, ':', &latency->max))
        return "MAX of MIN:MAX:SEED is not a number of cycles, 1 to 1000000";
    if (latency->max < latency->cycles)
        return "MAX of MIN:MAX:SEED is less than MIN";
    if (!parse_number(&text, '\0', &latency->state))
        return "SEED of MIN:MAX:SEED is not a number of 64 bits";
    return NULL;
}

/* Bytes, with K or M behind them or not, in front of '/'. */
static bool parse_size(const char **text, uint64_t *bytes) {
    static const struct {
        char suffix;
        unsigned shift;
    } units[] = {{'K', 10}, {'M', 20}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const char *at = *text;
        if (!parse_number(&at, units[i].suffix, bytes) || *at != '/')
            continue;
        *text = at + 1;
        if (*bytes > UINT64_MAX >> units[i].shift)
            return false;
        *bytes <<= units[i].shift;
        return true;
    }
    return parse_number(text, '/', bytes);
}

static const char *parse_level(struct level *level, const char **text) {
    uint64_t bytes, ways, line;
    if (!parse_size(text, &bytes))
        return "SIZE of a cache level is not a number of bytes, K or M, with '/' behind it";
    if (!parse_number(text, '/', &ways) || ways < 1 || ways > WAYS_MAX)
        return "WAYS of a cache level are not a number from 1 to 1024 with '/' behind it";
    if (!parse_number(text, '/', &line) || line < 8 || line > LINE_MAX || (line & (line - 1)) != 0)
        return "LINE of a cache level is not a power of two from 8 to 4096 with '/' behind it";
    if (!parse_cycles(text, ',', &level->hit))
        return "HIT of a cache level is not a number of cycles, 1 to 1000000, with ',' behind it";
    if (bytes == 0 || bytes % (ways * line) != 0)
        return "SIZE of a cache level is not a multiple of WAYS x LINE";
    if (bytes / line > LINES_MAX)
        return "a cache level has more than 16777216 lines";
    level->lines = bytes / line;
    level->ways = (unsigned)ways;
    level->line = (unsigned)line;
    level->tag = calloc(level->lines, sizeof *level->tag);
    return level->tag ? NULL : "out of memory";
}

static const char *parse_cache(struct latency *latency, const char *text) {
    latency->form = FORM_CACHE;
    do {
        if (latency->counters.levels == LEVELS_MAX)
            return "more than four cache levels";
        struct level *level = &latency->level[latency->counters.levels++];
        const char *why = parse_level(level, &text);
        if (why)
            return why;
        latency->max = level->hit > latency->max ? level->hit : latency->max;
    } while (strchr(text, '/'));
    if (!parse_cycles(&text, '\0', &latency->cycles))
        return "MEMORY at the end of cache:… is not a number of cycles, 1 to 1000000";
    latency->max = latency->cycles > latency->max ? latency->cycles : latency->max;
    return NULL;
}

static const char *parse(struct latency *latency, const char *text) {
    static const char cache[] = "cache:";
    if (strncmp(text, cache, sizeof cache - 1) == 0)
        return parse_cache(latency, text + sizeof cache - 1);
    return strchr(text, ':') ? parse_random(latency, text) : parse_fixed(latency, text);
}

struct latency *latency_create(const char *text, const char **why) {
    struct latency *latency = calloc(1, sizeof *latency);
    *why = "out of memory";
    if (!latency)
        return NULL;
    const char *problem = parse(latency, text);
    if (!problem)
        return latency;
    *why = problem;
    latency_destroy(latency);
    return NULL;
}

void latency_destroy(struct latency *latency) {
    for (unsigned i = 0; latency && i < LEVELS_MAX; i++)
        free(latency->level[i].tag);
    free(latency);
}

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Whether the line is there; in any case it is afterwards, the most recently used of its set. */
static bool access_level(struct level *level, uint64_t pa) {
    uint64_t number = pa / level->line;
    uint64_t *set = level->tag + number % (level->lines / level->ways) * level->ways;
    unsigned way = 0;
    while (way < level->ways - 1 && set[way] != number + 1)
        way++;
    bool hit = set[way] == number + 1;
    memmove(set + 1, set, way * sizeof *set);
    set[0] = number + 1;
    return hit;
}

static uint32_t access_caches(struct latency *latency, uint64_t pa) {
    for (unsigned i = 0; i < latency->counters.levels; i++)
        if (access_level(&latency->level[i], pa)) {
            latency->counters.hits[i]++;
            return latency->level[i].hit;
        }
    return latency->cycles;
}

uint32_t latency_draw(struct latency *latency, uint64_t pa) {
    latency->counters.accesses++;
    switch (latency->form) {
    case FORM_FIXED:
        break;
    case FORM_RANDOM: {
        uint64_t range = latency->max - latency->cycles + UINT64_C(1);
        return latency->cycles + (uint32_t)((next_random(&latency->state) >> 32) * range >> 32);
    }
    case FORM_CACHE:
        return access_caches(latency, pa);
    }
    return latency->cycles;
}

uint32_t latency_max(const struct latency *latency) {
    return latency->max;
}

void latency_read_counters(const struct latency *latency, struct latency_counters *counters) {
    *counters = latency->counters;
}
