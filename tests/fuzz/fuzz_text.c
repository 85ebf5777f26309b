/* tests/fuzz/fuzz_text.c: the little languages: times as text, time formats, spans, windows, and UTF-8 itself. The first byte
 * says which; the rest is the text, or format and text. What is read is compared with a slow twin or with the other door that
 * reads the same; what is refused leaves its outputs and says why. A new language is a function and a line in `languages`. */
#include "data/calendar.h"
#include "target.h"

#define NOBODY INT64_C(-42)

/* ---- UTF-8: a decoder that follows the definition (RFC 3629) ---- */

static int64_t slow_utf8(const unsigned char *s, int64_t n) {
    for (int64_t i = 0; i < n;) {
        const int length = s[i] < 0x80 ? 1 : s[i] >> 5 == 6 ? 2 : s[i] >> 4 == 14 ? 3 : s[i] >> 3 == 30 ? 4 : 0;
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (length == 0 || n - i < length) return i;
        uint32_t point = length == 1 ? s[i] : s[i] & (0xffu >> (length + 1));
        for (int k = 1; k < length; k++) {
            if ((s[i + k] & 0xc0) != 0x80) return i;
            point = point << 6 | (s[i + k] & 0x3fu);
        }
        if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return i;
        i += length;
    }
    return -1;
}

static void utf8(patron_ctx *ctx, fuzz_recipe *r) {
    size_t n = r->size - r->at;
    (void)ctx;
    char *text = fuzz_scratch(n), shown[24];
    if (n > 0) memcpy(text, r->data + r->at, n);
    bool ascii = true;
    for (size_t i = 0; i < n; i++) ascii = ascii && (unsigned char)text[i] < 0x80;
    FUZZ_ASSERT(pt_utf8_check(text, (int64_t)n) == slow_utf8((const unsigned char *)text, (int64_t)n));
    FUZZ_ASSERT(pt_is_ascii(text, (int64_t)n) == ascii);
    char *name = fuzz_scratch(n + 1);
    if (n > 0) memcpy(name, text, n);
    const char *fit = pt_show_name(name, shown, sizeof shown);
    FUZZ_ASSERT(strlen(fit) < sizeof shown && pt_utf8_check(fit, (int64_t)strlen(fit)) < 0);
}

/* ---- times ---- */

typedef struct reading {
    bool ok, has_offset;
    int64_t local;
    int32_t offset;
} reading;

static reading read_time(const char *format, const char *text, size_t n) {
    reading x = {.local = NOBODY, .offset = -42};
    x.ok = format != NULL ? pt_parse_format(format, text, (int64_t)n, &x.local, &x.has_offset, &x.offset)
                          : pt_parse_iso(text, (int64_t)n, &x.local, &x.has_offset, &x.offset);
    if (!x.ok) {
        FUZZ_ASSERT(x.local == NOBODY && x.offset == -42 && !x.has_offset);
        return x;
    }
    char again[40];
    int64_t local;
    int32_t offset;
    bool has_offset;
    pt_format_instant(x.local, again, sizeof again);
    FUZZ_ASSERT(pt_parse_iso(again, (int64_t)strlen(again), &local, &has_offset, &offset) && local == x.local);
    FUZZ_ASSERT(x.offset > -86400 && x.offset < 86400 && (x.has_offset || x.offset == 0));
    return x;
}

/* Where a format says the same as ISO 8601, both read the same. */
static void iso(patron_ctx *ctx, fuzz_recipe *r) {
    static const char *const formats[] = {"%Y-%m-%d",          "%Y/%m/%d",           "%F %H:%M",
                                          "%Y-%m-%dT%H:%M:%S", "%F %T.%f",           "%Y-%m-%dT%H:%M:%S.%f%z",
                                          "%FT%H:%M%z",        "%Y/%m/%d %H:%M:%S%z"};
    (void)ctx;
    size_t n;
    const char *text = fuzz_text(r, 255, &n);
    reading x = read_time(NULL, text, n);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        reading y = read_time(formats[i], text, n);
        if (!x.ok || !y.ok) continue;
        FUZZ_ASSERT(x.local == y.local && x.offset == y.offset && x.has_offset == y.has_offset);
    }
}

static void format(patron_ctx *ctx, fuzz_recipe *r) {
    (void)ctx;
    size_t n_format, n;
    const char *directives = fuzz_text(r, 255, &n_format), *text = fuzz_text(r, 255, &n);
    patron_error error = {0};
    patron_status status = pt_check_format(directives, &error);
    if (status == PATRON_OK)
        (void)read_time(directives, text, n);
    else if (pt_utf8_check(directives, (int64_t)strlen(directives)) < 0)
        fuzz_refused(status, &error, PATRON_ERR_INVALID);
}

/* ---- spans and windows ---- */

/* A whole number of up to 17 digits and a unit; -1: none. */
static bool slow_span(const char *text, int64_t *days, int64_t *micros) {
    static const struct {
        const char *name;
        int64_t days, micros;
    } units[] = {{"d", 1, 0},       {"w", 7, 0},     {"h", 0, 3600000000}, {"min", 0, 60000000},
                 {"s", 0, 1000000}, {"ms", 0, 1000}, {"us", 0, 1}};
    size_t digits = strspn(text, "0123456789"), zeros = strspn(text, "0");
    if (digits == 0 || digits - (zeros < digits ? zeros : digits) > 18) return false;
    __int128 count = 0;
    for (size_t i = 0; i < digits; i++) count = count * 10 + (text[i] - '0');
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        const char *a = text + digits, *b = units[u].name;
        while (*b != '\0' && (*a == *b || *a == *b - 32)) a++, b++;
        if (*a != '\0' || *b != '\0') continue;
        const __int128 limit = (__int128)3652425 * PT_DAY;
        if (count * (units[u].days * PT_DAY + units[u].micros) > limit) return false;
        *days = (int64_t)count * units[u].days;
        *micros = (int64_t)count * units[u].micros;
        return true;
    }
    return false;
}

static void span(patron_ctx *ctx, fuzz_recipe *r) {
    (void)ctx;
    size_t n;
    const char *text = fuzz_text(r, 60, &n);
    int64_t days = NOBODY, micros = NOBODY, expected_days = NOBODY, expected_micros = NOBODY;
    patron_error error = {0};
    patron_status status = pt_parse_span(text, &days, &micros, &error);
    FUZZ_ASSERT((status == PATRON_OK) == slow_span(text, &expected_days, &expected_micros));
    FUZZ_ASSERT(days == expected_days && micros == expected_micros);
    if (status != PATRON_OK && pt_utf8_check(text, (int64_t)strlen(text)) < 0) fuzz_refused(status, &error, PATRON_ERR_INVALID);
}

static void windows(patron_ctx *ctx, fuzz_recipe *r) {
    const char *list[8];
    size_t n;
    patron_profile_options o;
    patron_profile_options_init(&o);
    o.windows = list;
    o.n_windows = fuzz_below(r, 9);
    bool utf8_throughout = true;
    for (int64_t i = 0; i < o.n_windows; i++) {
        list[i] = fuzz_text(r, 60, &n);
        utf8_throughout = utf8_throughout && pt_utf8_check(list[i], (int64_t)strlen(list[i])) < 0;
    }
    patron_table *table = NULL;
    patron_error error = {0};
    patron_status status = patron_profile_definitions(ctx, &o, &table, &error);
    FUZZ_ASSERT((status == PATRON_OK) == (table != NULL));
    if (status != PATRON_OK && utf8_throughout) fuzz_refused(status, &error, PATRON_ERR_INVALID);
    if (table != NULL) fuzz_touch(table);
    patron_table_destroy(table);
}

/* ---- which ---- */

static void (*const languages[])(patron_ctx *, fuzz_recipe *) = {utf8, iso, format, span, windows};
enum { N_LANGUAGES = sizeof languages / sizeof *languages };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_recipe r = {data, size, 0};
    patron_ctx *ctx = fuzz_begin(data, size);
    languages[fuzz_below(&r, N_LANGUAGES)](ctx, &r);
    fuzz_end();
    return 0;
}

/* Nothing becomes one of these; anything else has pieces of them put in, or is changed as bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    static const char *const pieces[] = {"\001\0242024-02-29T23:59:59Z",
                                         "\001\0122024/1/5 9:05",
                                         "\0042024",
                                         "T10:20:30.123456",
                                         "+08:00",
                                         "-0530",
                                         "\002\010%Y-%m-%d\0122024-02-29",
                                         "\002\021%d %B %Y %I:%M %p\02305 January 2024 1:02 PM",
                                         "%Y%m%d",
                                         "%H:%M:%S.%f%z",
                                         "%j",
                                         "%b",
                                         "%y",
                                         "%p",
                                         "%T",
                                         "%F",
                                         "%%",
                                         "\003\0037D",
                                         "\003\0043652425d",
                                         "36H",
                                         "90min",
                                         "30s",
                                         "ms",
                                         "us",
                                         "12W",
                                         "month",
                                         "99999999999999999999",
                                         "\004\002\0037d\00030D",
                                         "\xe5\xae\xa2",
                                         "\xf0\x9f\x98\x80",
                                         "\xed\xa0\x80",
                                         "\xc0\xaf",
                                         "\xf4\x90\x80\x80",
                                         "\xe3\x80\x80",
                                         "9999-12-31",
                                         "0001-01-01"};
    enum { N = sizeof pieces / sizeof *pieces };
    const char *piece = pieces[seed / 4 % N];
    const size_t n = strlen(piece), at = size == 0 ? 0 : seed / (4 * N) % (size + 1);
    if (size > 0 && seed % 4 != 0) return LLVMFuzzerMutate(data, size, max_size);
    if (size + n > max_size) return size;
    memmove(data + at + n, data + at, size - at);
    memcpy(data + at, piece, n);
    return size + n;
}
