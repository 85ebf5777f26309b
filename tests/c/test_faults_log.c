/* Every function of patron/log.h survives every refused allocation and every failing file operation. Three shops: one with ids
 * of text, every role, a time zone, attributes, capped amounts; one with integers and times of text in a format; and a plain
 * one of weeks of purchases, whose ids are a dictionary with white space. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults_sweep.h"
#include "log_made.h"

enum { N = 30, N_PURCHASES = 40, MANY = (1 << 20) + 1 };

typedef struct shop {
    made events, later, users, items;
    patron_log_options options;
    patron_log *log;  /* of `events`, with attributes */
    patron_log *next; /* of `later` */
} shop;

typedef struct logs {
    shop text, numbers;
    made purchases;
    patron_log *plain;   /* of `purchases` */
    made many;           /* more than a partition holds */
    int64_t *times;      /* of them */
    patron_bytes *bytes; /* of text.log */
    char saved[192];     /* where they are */
} logs;

static const char *const properties[] = {"weight", "shade", "size"};
static const int64_t transitions[] = {1700010000 * PT_SECOND, 1700500000 * PT_SECOND};
static const int32_t offsets[] = {3600, 7200};
static const patron_timezone zone = {"Europe/Somewhere", 2, transitions, offsets, 0};

static patron_log_options every_role(void) {
    patron_log_options o = made_options(true);
    o.brand = "kind of thing";
    o.seller = "shade";
    o.channel = "what";
    o.campaign = "basket";
    o.surface = "shade";
    o.query = "shade";
    o.text = "kind of thing";
    o.discount = "spent";
    o.rating = "pieces";
    o.currency = "money";
    o.timezone = &zone;
    o.properties = properties;
    o.drop_duplicates = 1;
    o.winsorize = 1;
    o.trim_ids = 1;
    return o;
}

static patron_log_options some_roles(void) {
    patron_log_options o = made_options(false);
    o.time = "day";
    o.time_format = "%Y-%m-%d";
    o.has_time_range = 1;
    o.time_from = 1600000000 * PT_SECOND;
    o.time_to = 1900000000 * PT_SECOND;
    return o;
}

static made draw_events(patron_ctx *ctx, uint64_t random, made_layout layout, const char *unreadable) {
    made_row rows[N];
    char days[N][24];
    const char *money[N] = {"EUR"}, *when[N];
    made_draw(rows, N, &(made_shape){4, 3, true, true, false}, &random);
    rows[0].user = 1;
    rows[0].time = 1700000000 * PT_SECOND;
    for (int i = 0; i < N; i++) {
        snprintf(days[i], sizeof days[i], "2023-11-%02d", 14 + i % 3);
        when[i] = i == 7 ? unreadable : days[i];
    }
    made m = made_table(ctx, rows, N, layout, 2);
    made_add_words(&m, "money", money);
    made_add_words(&m, "day", when);
    return m;
}

static void open_shop(world *w, shop *in, made_layout layout, const patron_log_options *options) {
    patron_error error = {0};
    patron_log *log, *known = NULL;
    in->options = *options;
    in->events = draw_events(w->ctx, 6, layout, "soon");
    in->later = draw_events(w->ctx, 9, layout, "now");
    in->users = made_rows(w->ctx, 4);
    in->items = made_rows(w->ctx, 2);
    made_add_ids(&in->users, in->users.table, "id", 4, (const int64_t[]){1, 2, 1, -1}, layout);
    made_add_words(&in->users, "since", (const char *const[]){"2023-01-01", "soon", NULL, "2023-01-02"});
    made_add_words(&in->users, "town", (const char *const[]){"Ulm", NULL, "Linz", "Bonn"});
    made_add_ids(&in->items, in->items.table, "id", 2, (const int64_t[]){1, 9}, made_is_text(layout) ? AS_INT64 : AS_UTF8);
    made_add_values(&in->items, "price", PATRON_TYPE_FLOAT64, (const int64_t[]){1250, NONE});
    log = made_log(w->ctx, &in->events, options);
    in->next = made_log(w->ctx, &in->later, options);
    if (patron_log_with_users(log, in->users.table, "id", "since", &known, &error) != PATRON_OK ||
        patron_log_with_items(known, in->items.table, "id", NULL, &in->log, &error) != PATRON_OK)
        fail_msg("%s", error.message);
    patron_log_destroy(log);
    patron_log_destroy(known);
}

static void close_shop(shop *in) {
    patron_log_destroy(in->log);
    patron_log_destroy(in->next);
    made_free(&in->events);
    made_free(&in->later);
    made_free(&in->users);
    made_free(&in->items);
}

static patron_log_options plain_roles(void) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.order = "basket";
    o.amount = "spent";
    o.winsorize = 1;
    o.trim_ids = 1;
    return o;
}

static made draw_purchases(patron_ctx *ctx) {
    static const char words[] = " annbob cy";
    static const int32_t ends[] = {0, 4, 8, 10};
    static const patron_column values = {.type = PATRON_TYPE_UTF8, .values = words, .offsets = ends};
    static int64_t when[N_PURCHASES], baskets[N_PURCHASES], spent[N_PURCHASES];
    static int8_t who[N_PURCHASES];
    for (int i = 0; i < N_PURCHASES; i++) {
        who[i] = (int8_t)(i % 3);
        when[i] = 1700000000 * PT_SECOND + i * (DAY * 3 / 2);
        baskets[i] = i * INT64_C(1000000000000);
        spent[i] = i == 7 ? -500 : 1000 + i * i % 37;
    }
    made m = made_rows(ctx, N_PURCHASES);
    made_add(m.table, "who",
             &(patron_column){.type = PATRON_TYPE_DICTIONARY,
                              .values = who,
                              .index_type = PATRON_TYPE_INT8,
                              .dictionary_length = 3,
                              .dictionary = &values});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, when);
    made_add_values(&m, "basket", PATRON_TYPE_INT64, baskets);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, spent);
    return m;
}

static void make(world *w) {
    logs *in = calloc(1, sizeof *in);
    assert_non_null(in);
    const patron_log_options all = every_role(), some = some_roles();
    open_shop(w, &in->text, AS_UTF8, &all);
    open_shop(w, &in->numbers, AS_INT64, &some);
    const patron_log_options plain = plain_roles();
    in->purchases = draw_purchases(w->ctx);
    in->plain = made_log(w->ctx, &in->purchases, &plain);
    assert_int_equal(patron_log_to_bytes(in->text.log, &in->bytes, NULL), PATRON_OK);
    snprintf(in->saved, sizeof in->saved, "%s/saved.patron", w->folder);
    world_put(in->saved, patron_bytes_data(in->bytes), (size_t)patron_bytes_size(in->bytes));
    w->in = in;
}

static void end(world *w) {
    logs *in = w->in;
    patron_bytes_destroy(in->bytes);
    close_shop(&in->text);
    close_shop(&in->numbers);
    patron_log_destroy(in->plain);
    made_free(&in->purchases);
    free(in->times);
    free(in);
}

static const shop *text(const world *w) { return &((const logs *)w->in)->text; }
static const shop *numbers(const world *w) { return &((const logs *)w->in)->numbers; }

/* ---- files ---- */

static void over_another(world *w) {
    const logs *in = w->in;
    snprintf(w->path, sizeof w->path, "%s/shop.patron", w->folder);
    world_put(w->path, patron_bytes_data(in->bytes), (size_t)patron_bytes_size(in->bytes));
}

static void what_was_saved(world *w) { memcpy(w->path, ((const logs *)w->in)->saved, sizeof w->path); }

static patron_status saving(world *w, patron_error *error) { return patron_log_save(numbers(w)->next, w->path, error); }

static patron_status loading(world *w, patron_error *error) { return patron_log_load(w->ctx, w->path, &w->out.log, error); }

static patron_status to_bytes(world *w, patron_error *error) { return patron_log_to_bytes(text(w)->log, &w->out.bytes, error); }

static patron_status from_bytes(world *w, patron_error *error) {
    const patron_bytes *bytes = ((const logs *)w->in)->bytes;
    return patron_log_from_bytes(w->ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &w->out.log, error);
}

/* ---- making ---- */

static patron_status building_text(world *w, patron_error *error) {
    return patron_log_build(w->ctx, text(w)->events.table, &text(w)->options, &w->out.log, error);
}

static patron_status building_numbers(world *w, patron_error *error) {
    return patron_log_build(w->ctx, numbers(w)->events.table, &numbers(w)->options, &w->out.log, error);
}

static patron_status building_purchases(world *w, patron_error *error) {
    const patron_log_options o = plain_roles();
    return patron_log_build(w->ctx, ((logs *)w->in)->purchases.table, &o, &w->out.log, error);
}

static patron_status building_times(world *w, patron_error *error) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    return patron_log_build(w->ctx, ((logs *)w->in)->purchases.table, &o, &w->out.log, error);
}

static void many_events(world *w) {
    logs *in = w->in;
    if (in->times == NULL) {
        in->times = malloc(2 * (size_t)MANY * sizeof *in->times);
        assert_non_null(in->times);
        for (int64_t i = 0; i < MANY; i++) {
            in->times[i] = 1700000000 + i * 7919 % MANY;
            in->times[MANY + i] = 5;
        }
    }
    in->many = made_rows(w->ctx, MANY);
    const patron_column when = {.type = PATRON_TYPE_TIMESTAMP, .values = in->times, .timezone = "UTC"};
    made_add(in->many.table, "who", &(patron_column){.type = PATRON_TYPE_INT64, .values = in->times + MANY});
    made_add(in->many.table, "when", &when);
}

static void no_more_events(world *w) { made_free(&((logs *)w->in)->many); }

static patron_status building_many(world *w, patron_error *error) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    return patron_log_build(w->ctx, ((logs *)w->in)->many.table, &o, &w->out.log, error);
}

static patron_status appending(world *w, patron_error *error) {
    return patron_log_append(numbers(w)->log, numbers(w)->later.table, &w->out.log, error);
}

static patron_status merging_text(world *w, patron_error *error) {
    return patron_log_merge(text(w)->next, text(w)->log, &w->out.log, error);
}

static patron_status merging_numbers(world *w, patron_error *error) {
    return patron_log_merge(numbers(w)->log, numbers(w)->next, &w->out.log, error);
}

static patron_status merging_attributes(world *w, patron_error *error) {
    return patron_log_merge(text(w)->log, text(w)->log, &w->out.log, error);
}

static patron_status cutting(world *w, patron_error *error) {
    return patron_log_between(text(w)->log, 1700030000 * PT_SECOND, INT64_MAX, &w->out.log, error);
}

static patron_status cutting_numbers(world *w, patron_error *error) {
    return patron_log_between(numbers(w)->log, patron_log_start(numbers(w)->log) + DAY, INT64_MAX, &w->out.log, error);
}

static patron_status with_users(world *w, patron_error *error) {
    return patron_log_with_users(text(w)->log, text(w)->users.table, "id", "since", &w->out.log, error);
}

static patron_status with_numbered_users(world *w, patron_error *error) {
    return patron_log_with_users(numbers(w)->log, numbers(w)->users.table, "id", NULL, &w->out.log, error);
}

static patron_status with_items(world *w, patron_error *error) {
    return patron_log_with_items(text(w)->log, text(w)->items.table, "id", NULL, &w->out.log, error);
}

/* ---- reading ---- */

static patron_status users(world *w, patron_error *error) {
    return patron_log_users(text(w)->log, INT64_MAX, &w->out.table, error);
}

static patron_status items(world *w, patron_error *error) {
    return patron_log_items(text(w)->log, INT64_MAX, &w->out.table, error);
}

static patron_status id(world *w, patron_error *error) { return patron_log_id(text(w)->log, "user", 1, &w->out.id, error); }

static patron_status events(world *w, patron_error *error) { return patron_log_events(text(w)->log, &w->out.table, error); }

static patron_status audit(world *w, patron_error *error) { return patron_log_audit(text(w)->log, &w->out.table, error); }

static patron_status quality_of_weeks(world *w, patron_error *error) {
    return patron_log_quality(((logs *)w->in)->plain, NULL, &w->out.table, error);
}

static patron_status quality(world *w, patron_error *error) {
    return patron_log_quality(text(w)->next, text(w)->log, &w->out.table, error);
}

static const scenario scenarios[] = {
    {.function = "patron_log_build", .what = "text ids and every role", .call = building_text},
    {.function = "patron_log_build", .what = "integer ids and times of text", .call = building_numbers},
    {.function = "patron_log_build", .what = "purchases and returns", .call = building_purchases},
    {.function = "patron_log_build", .what = "times alone", .call = building_times},
    {.function = "patron_log_build",
     .what = "more events of one user than a partition holds",
     .call = building_many,
     .ready = many_events,
     .clear = no_more_events,
     .least = 1 << 20},
    {.function = "patron_log_append", .call = appending},
    {.function = "patron_log_merge", .what = "text ids", .call = merging_text},
    {.function = "patron_log_merge", .what = "integer ids", .call = merging_numbers},
    {.function = "patron_log_merge", .what = "attributes on both sides", .call = merging_attributes},
    {.function = "patron_log_between", .what = "text ids", .call = cutting},
    {.function = "patron_log_between", .what = "integer ids", .call = cutting_numbers},
    {.function = "patron_log_with_users", .what = "text ids, dated", .call = with_users},
    {.function = "patron_log_with_users", .what = "integer ids", .call = with_numbered_users},
    {.function = "patron_log_with_items", .call = with_items},
    {.function = "patron_log_users", .call = users},
    {.function = "patron_log_items", .call = items},
    {.function = "patron_log_id", .call = id, .nothing = true},
    {.function = "patron_log_events", .call = events},
    {.function = "patron_log_audit", .call = audit},
    {.function = "patron_log_quality", .what = "against an earlier log", .call = quality},
    {.function = "patron_log_quality", .what = "of weeks", .call = quality_of_weeks},
    {.function = "patron_log_save", .call = saving, .ready = over_another},
    {.function = "patron_log_load", .call = loading, .ready = what_was_saved},
    {.function = "patron_log_to_bytes", .call = to_bytes},
    {.function = "patron_log_from_bytes", .call = from_bytes},
};

int main(void) { return SWEEP("patron/log.h", scenarios, make, end); }
