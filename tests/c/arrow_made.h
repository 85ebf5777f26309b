/* tests/c/arrow_made.h: Arrow arrays, schemas and streams made by hand, each buffer in a block of exactly its size (so that a
 * sanitizer sees a read beyond it), each release counted. A release that runs twice stops the process.
 *
 *     struct ArrowArray *a = made_array(3, 0, 0, 2, (made_buffer[]){{NULL, 0}, BYTES(int64_t, 7, 7, 9)});
 *     struct ArrowArray *batch = made_struct(3, 0, 1, &a);
 *     struct ArrowSchema *s = made_schema("l", "user"), *schema = made_schema("+s", "");  made_adopt(schema, 1, &s);
 *     made_stream(&stream, schema, 1, &batch);       // takes over schema and batches
 *     ...
 *     assert_int_equal(made_live, 0);
 */
#ifndef PATRON_TESTS_ARROW_MADE_H
#define PATRON_TESTS_ARROW_MADE_H

#include "patron/table.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t made_live; /* schemas, arrays and streams made and not yet released */

typedef struct made_buffer {
    const void *data;
    size_t size;
} made_buffer;

#define BYTES(T, ...)                                                                                                          \
    { (const T[]){__VA_ARGS__}, sizeof((const T[]){__VA_ARGS__}) }
#define NO_BYTES                                                                                                               \
    { NULL, 0 }

static inline void made_stop(const char *what) {
    fprintf(stderr, "arrow_made: %s released twice\n", what);
    abort();
}

/* Private data is a marker block, freed by the release; children and dictionaries are heap structs of their own. */
static inline void made_release_array(struct ArrowArray *array) {
    if (array->private_data == NULL) made_stop("array");
    const int64_t *counts = array->private_data; /* what was made, whatever the test has done to the fields since */
    for (int64_t i = 0; i < counts[1]; i++) {
        struct ArrowArray *child = ((struct ArrowArray **)((void **)array->private_data)[3 + counts[0]])[i];
        if (child == NULL) continue;
        if (child->release != NULL) child->release(child);
        free(child);
    }
    if (array->dictionary != NULL) {
        if (array->dictionary->release != NULL) array->dictionary->release(array->dictionary);
        free(array->dictionary);
    }
    void **blocks = (void **)array->private_data + 2;
    for (int64_t i = 0; i < counts[0]; i++) free(blocks[i]);
    free(blocks[counts[0]]);     /* the list of buffers */
    free(blocks[counts[0] + 1]); /* the list of children */
    free(array->private_data);
    array->private_data = NULL;
    array->release = NULL;
    made_live--;
}

static inline struct ArrowArray *made_array_of(int64_t length, int64_t offset, int64_t null_count, int64_t n_buffers,
                                               const made_buffer *buffers, int64_t n_children, struct ArrowArray **children) {
    struct ArrowArray *array = calloc(1, sizeof *array);
    const void **list = calloc((size_t)n_buffers + 1, sizeof *list);
    struct ArrowArray **kin = calloc((size_t)n_children + 1, sizeof *kin);
    void **private = calloc((size_t)n_buffers + 4, sizeof *private);
    ((int64_t *)private)[0] = n_buffers;
    ((int64_t *)private)[1] = n_children;
    for (int64_t i = 0; i < n_buffers; i++) {
        if (buffers[i].data == NULL) continue;
        void *block = malloc(buffers[i].size);
        if (buffers[i].size > 0) memcpy(block, buffers[i].data, buffers[i].size);
        list[i] = private[2 + i] = block;
    }
    for (int64_t i = 0; i < n_children; i++) kin[i] = children[i];
    private[2 + n_buffers] = (void *)list;
    private[3 + n_buffers] = (void *)kin;
    *array =
        (struct ArrowArray){length, null_count, offset, n_buffers, n_children, list, kin, NULL, made_release_array, private};
    made_live++;
    return array;
}

static inline struct ArrowArray *made_array(int64_t length, int64_t offset, int64_t null_count, int64_t n_buffers,
                                            const made_buffer *buffers) {
    return made_array_of(length, offset, null_count, n_buffers, buffers, 0, NULL);
}

static inline struct ArrowArray *made_struct(int64_t length, int64_t offset, int64_t n_children, struct ArrowArray **children) {
    return made_array_of(length, offset, 0, 1, (made_buffer[]){NO_BYTES}, n_children, children);
}

static inline void made_release_schema(struct ArrowSchema *schema) {
    if (schema->private_data == NULL) made_stop("schema");
    const int64_t n = *(int64_t *)schema->private_data;
    for (int64_t i = 0; i < n; i++) {
        struct ArrowSchema *child = ((struct ArrowSchema **)((void **)schema->private_data)[1])[i];
        if (child == NULL) continue;
        if (child->release != NULL) child->release(child);
        free(child);
    }
    if (schema->dictionary != NULL) {
        if (schema->dictionary->release != NULL) schema->dictionary->release(schema->dictionary);
        free(schema->dictionary);
    }
    free(((void **)schema->private_data)[1]);
    free(schema->private_data);
    schema->private_data = NULL;
    schema->release = NULL;
    made_live--;
}

static inline struct ArrowSchema *made_schema(const char *format, const char *name) {
    struct ArrowSchema *schema = calloc(1, sizeof *schema);
    *schema = (struct ArrowSchema){format, name, NULL, ARROW_FLAG_NULLABLE, 0, NULL, NULL, made_release_schema, calloc(2, 8)};
    made_live++;
    return schema;
}

/* A schema takes over its children. */
static inline struct ArrowSchema *made_adopt(struct ArrowSchema *schema, int64_t n, struct ArrowSchema **children) {
    schema->n_children = n;
    schema->children = calloc((size_t)n + 1, sizeof *schema->children);
    for (int64_t i = 0; i < n; i++) schema->children[i] = children[i];
    *(int64_t *)schema->private_data = n;
    ((void **)schema->private_data)[1] = (void *)schema->children;
    return schema;
}

/* ---- streams ---- */

typedef struct made_source {
    struct ArrowSchema *schema;
    int64_t n, next;
    struct ArrowArray **batches;
    int64_t fail_at; /* the batch that cannot be had; -1: none, -2: the schema */
    int code;
    const char *reason;
} made_source;

static inline int made_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    made_source *source = stream->private_data;
    if (source->fail_at == -2) return source->code;
    *out = *source->schema;
    source->schema->release = NULL;
    return 0;
}

static inline int made_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    made_source *source = stream->private_data;
    if (source->next == source->fail_at) return source->code;
    if (source->next == source->n) {
        memset(out, 0, sizeof *out);
        return 0;
    }
    struct ArrowArray *batch = source->batches[source->next++];
    *out = *batch;
    batch->release = NULL;
    return 0;
}

static inline const char *made_get_last_error(struct ArrowArrayStream *stream) {
    return ((made_source *)stream->private_data)->reason;
}

static inline void made_release_stream(struct ArrowArrayStream *stream) {
    made_source *source = stream->private_data;
    if (source == NULL) made_stop("stream");
    if (source->schema->release != NULL) source->schema->release(source->schema);
    free(source->schema);
    for (int64_t i = 0; i < source->n; i++) {
        if (source->batches[i]->release != NULL) source->batches[i]->release(source->batches[i]);
        free(source->batches[i]);
    }
    free((void *)source->batches);
    free(source);
    stream->private_data = NULL;
    stream->release = NULL;
    made_live--;
}

/* Takes over the schema and the batches. */
static inline made_source *made_stream(struct ArrowArrayStream *out, struct ArrowSchema *schema, int64_t n,
                                       struct ArrowArray **batches) {
    made_source *source = calloc(1, sizeof *source);
    *source = (made_source){.schema = schema, .n = n, .fail_at = -1};
    source->batches = calloc((size_t)n + 1, sizeof *source->batches);
    for (int64_t i = 0; i < n; i++) source->batches[i] = batches[i];
    *out = (struct ArrowArrayStream){made_get_schema, made_get_next, made_get_last_error, made_release_stream, source};
    made_live++;
    return source;
}

#endif
