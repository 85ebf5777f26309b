/* data/utf8.c: is this text valid UTF-8? Asked for every byte that enters the library, so it has to run at memory speed.
 *
 * Plain ASCII is passed over 32 bytes at a time by looking at the top bits. Other text goes through an automaton of nine states
 * (table 3-7 of the Unicode Standard) whose rows are 64-bit words: a state is the bit position of its field in the row, so one
 * shift is one step and nothing branches:
 *
 *     row of the byte:  ... | next from E0 | next from T3 | next from T2 | next from T1 | next from START | BAD |
 *     state = row >> state                 (the low six bits are the state; shifts look at no others)
 *
 * The step's latency is that of a shift, about one cycle a byte (the idea is Per Vognsen's, 2021). Where the automaton has gone
 * wrong, its block is gone through again character by character to find the place. */
#include "data/column.h"

#include <string.h>

#define TOP_BITS UINT64_C(0x8080808080808080)

/* T1..T3: so many bytes 80..BF are missing; the others: after a lead byte whose second byte has a range of its own. BAD is at
 * bit 0, where every row holds 0, so it is never left. */
enum { BAD = 0, START = 6, T1 = 12, T2 = 18, T3 = 24, AFTER_E0 = 30, AFTER_ED = 36, AFTER_F0 = 42, AFTER_F4 = 48 };

#define STEP(to) ((uint64_t)(to) << START)
#define FOLLOW (((uint64_t)START << T1) | ((uint64_t)T1 << T2) | ((uint64_t)T2 << T3))
#define ASCII STEP(START)
#define LOW (FOLLOW | ((uint64_t)T1 << AFTER_ED) | ((uint64_t)T2 << AFTER_F4))    /* 80..8F */
#define MIDDLE (FOLLOW | ((uint64_t)T1 << AFTER_ED) | ((uint64_t)T2 << AFTER_F0)) /* 90..9F */
#define HIGH (FOLLOW | ((uint64_t)T1 << AFTER_E0) | ((uint64_t)T2 << AFTER_F0))   /* A0..BF */
#define FOUR(x) x, x, x, x
#define SIXTEEN(x) FOUR(x), FOUR(x), FOUR(x), FOUR(x)

static const uint64_t rows[256] = {SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(ASCII),
                                   SIXTEEN(LOW),
                                   SIXTEEN(MIDDLE),
                                   SIXTEEN(HIGH),
                                   SIXTEEN(HIGH),
                                   /* C0 */ 0,
                                   0,
                                   STEP(T1),
                                   STEP(T1),
                                   FOUR(STEP(T1)),
                                   FOUR(STEP(T1)),
                                   FOUR(STEP(T1)),
                                   /* D0 */ SIXTEEN(STEP(T1)),
                                   /* E0 */ STEP(AFTER_E0),
                                   STEP(T2),
                                   STEP(T2),
                                   STEP(T2),
                                   FOUR(STEP(T2)),
                                   FOUR(STEP(T2)),
                                   STEP(T2),
                                   STEP(AFTER_ED),
                                   STEP(T2),
                                   STEP(T2),
                                   /* F0 */ STEP(AFTER_F0),
                                   STEP(T3),
                                   STEP(T3),
                                   STEP(T3),
                                   STEP(AFTER_F4),
                                   0,
                                   0,
                                   0,
                                   FOUR(0),
                                   FOUR(0)};

static uint64_t load64(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The first position at or after i that does not hold ASCII. */
static int64_t skip_ascii(const unsigned char *s, int64_t i, int64_t n) {
    for (; i + 32 <= n; i += 32)
        if ((load64(s + i) | load64(s + i + 8) | load64(s + i + 16) | load64(s + i + 24)) & TOP_BITS) break;
    for (; i + 8 <= n; i += 8) {
        uint64_t high = load64(s + i) & TOP_BITS;
        if (high != 0) return i + __builtin_ctzll(high) / 8; /* little-endian */
    }
    while (i < n && s[i] < 0x80) i++;
    return i;
}

bool pt_is_ascii(const char *data, int64_t length) { return skip_ascii((const unsigned char *)data, 0, length) == length; }

/* The first character at or after i, where one begins, that is not whole and valid; there is one. */
static int64_t find_bad(const unsigned char *s, int64_t i, int64_t n) {
    for (int64_t begin = i;; begin = i) {
        uint64_t state = START;
        do state = rows[s[i++]] >> (state & 63);
        while (i < n && (state & 63) != BAD && (state & 63) != START);
        if ((state & 63) != START) return begin;
    }
}

int64_t pt_utf8_check(const char *data, int64_t length) {
    enum { BLOCK = 32 };
    const unsigned char *s = (const unsigned char *)data;
    uint64_t state = START;
    int64_t i = 0, whole = 0; /* a character begins at `whole`, and all before it is valid */
    while (i < length) {
        if ((state & 63) == START) i = whole = skip_ascii(s, i, length);
        int64_t end = length - i < BLOCK ? length : i + BLOCK;
        if (end - i == BLOCK)
            for (int k = 0; k < BLOCK; k++) state = rows[s[i + k]] >> (state & 63);
        else
            for (int64_t k = i; k < end; k++) state = rows[s[k]] >> (state & 63);
        i = end;
        if ((state & 63) == BAD) return find_bad(s, whole, length);
    }
    return (state & 63) == START ? -1 : find_bad(s, whole, length);
}

bool pt_is_utf8(const char *text) { return pt_utf8_check(text, (int64_t)strlen(text)) < 0; }

patron_status pt_check_text(const char *option, const char *text, patron_error *error) {
    char shown[128];
    if (text == NULL || pt_is_utf8(text)) return PATRON_OK;
    return pt_fail(error, PATRON_ERR_INVALID, "%s is '%s', which is not valid UTF-8", option,
                   pt_show_name(text, shown, sizeof shown));
}
