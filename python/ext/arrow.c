/* arrow.c: tables through the Arrow PyCapsule interface
 * (https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html).
 *
 * A capsule owns the struct it points to; a consumer that takes the contents over leaves release NULL in it, and the capsule's
 * end then frees the struct alone. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

static void free_schema(PyObject *capsule) {
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
    if (schema->release != NULL) schema->release(schema);
    PyMem_Free(schema);
}

static void free_array(PyObject *capsule) {
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
    if (array->release != NULL) array->release(array);
    PyMem_Free(array);
}

static void free_stream(PyObject *capsule) {
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    if (stream->release != NULL) stream->release(stream);
    PyMem_Free(stream);
}

/* A capsule over zeroed memory, which is *out. */
static PyObject *new_capsule(const char *name, size_t size, PyCapsule_Destructor destructor, void *out) {
    void *memory = PyMem_Calloc(1, size);
    if (memory == NULL) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(memory, name, destructor);
    if (capsule == NULL)
        PyMem_Free(memory);
    else
        *(void **)out = memory;
    return capsule;
}

void *core_capsule_pointer(PyObject *capsule, const char *name) {
    if (!PyCapsule_IsValid(capsule, name)) {
        PyObject *type = PyType_GetName(Py_TYPE(capsule));
        if (type != NULL) PyErr_Format(PyExc_TypeError, "Got %R (%U); expected a PyCapsule named '%s'", capsule, type, name);
        Py_XDECREF(type);
        return NULL;
    }
    return PyCapsule_GetPointer(capsule, name);
}

PyObject *core_stream_capsule(core_state *state, const patron_table *table) {
    struct ArrowArrayStream *stream = NULL;
    PyObject *capsule = new_capsule("arrow_array_stream", sizeof *stream, free_stream, &stream);
    if (capsule == NULL) return NULL;
    core_call call;
    core_begin(&call, state);
    if (!core_end(&call, patron_table_export_stream(table, stream, &call.error), NULL)) Py_CLEAR(capsule);
    return capsule;
}

PyObject *core_schema_capsule(core_state *state, const patron_table *table) {
    struct ArrowSchema *schema = NULL;
    PyObject *capsule = new_capsule("arrow_schema", sizeof *schema, free_schema, &schema);
    if (capsule == NULL) return NULL;
    struct ArrowArrayStream stream = {0};
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_export_stream(table, &stream, &call.error);
    bool ok = core_end(&call, status, NULL);
    if (ok && stream.get_schema(&stream, schema) != 0) {
        PyErr_NoMemory(); /* the only thing that can be missing */
        ok = false;
    }
    if (stream.release != NULL) stream.release(&stream);
    if (!ok) Py_CLEAR(capsule);
    return capsule;
}

PyObject *core_array_capsules(core_state *state, const patron_table *table) {
    struct ArrowSchema *schema = NULL;
    struct ArrowArray *array = NULL;
    PyObject *first = new_capsule("arrow_schema", sizeof *schema, free_schema, &schema);
    if (first == NULL) return NULL;
    PyObject *second = new_capsule("arrow_array", sizeof *array, free_array, &array);
    if (second == NULL) {
        Py_DECREF(first);
        return NULL;
    }
    core_call call;
    core_begin(&call, state);
    bool ok = core_end(&call, patron_table_export_array(table, schema, array, &call.error), NULL);
    PyObject *pair = ok ? PyTuple_Pack(2, first, second) : NULL;
    Py_DECREF(first);
    Py_DECREF(second);
    return pair;
}

bool core_export_column(core_state *state, const patron_table *table, int64_t column, struct ArrowSchema *schema,
                        struct ArrowArray *array) {
    struct ArrowSchema whole_schema = {0};
    struct ArrowArray whole = {0};
    patron_table *one = NULL;
    const char *name = patron_table_column_name(table, column);
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_select(table, 1, &name, &one, &call.error);
    if (status == PATRON_OK) status = patron_table_export_array(one, &whole_schema, &whole, &call.error);
    patron_table_destroy(one);
    bool ok = core_end(&call, status, NULL);
    if (ok) {
        *schema = *whole_schema.children[0];
        whole_schema.children[0]->release = NULL;
        *array = *whole.children[0];
        whole.children[0]->release = NULL;
    }
    if (whole_schema.release != NULL) whole_schema.release(&whole_schema);
    if (whole.release != NULL) whole.release(&whole);
    return ok;
}

/* ---- a struct made of children that others made ---- */

/* Releases the children that are still there, then the block of the parent. */
static void release_parent_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
    free(schema->private_data);
    schema->release = NULL;
}

static void release_parent_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
    free(array->private_data);
    array->release = NULL;
}

/* The children's structs are copied behind the list of pointers to them, in one block. */
static bool adopt_schemas(int64_t n, const char *const *names, const struct ArrowSchema *children, struct ArrowSchema *out) {
    struct ArrowSchema **list = malloc((size_t)n * (sizeof *list + sizeof **list) + 1);
    if (list == NULL) return false;
    struct ArrowSchema *copies = (void *)(list + n);
    for (int64_t i = 0; i < n; i++) {
        copies[i] = children[i];
        copies[i].name = names[i];
        list[i] = &copies[i];
    }
    *out = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = n, .children = list, .release = release_parent_schema, .private_data = list};
    return true;
}

static bool adopt_arrays(int64_t n, const struct ArrowArray *children, int64_t length, struct ArrowArray *out) {
    struct ArrowArray **list = malloc((size_t)n * (sizeof *list + sizeof **list) + sizeof(void *));
    if (list == NULL) return false;
    struct ArrowArray *copies = (void *)(list + n);
    const void **buffers = (void *)(copies + n);
    buffers[0] = NULL;
    for (int64_t i = 0; i < n; i++) {
        copies[i] = children[i];
        list[i] = &copies[i];
    }
    *out = (struct ArrowArray){.length = length,
                               .n_buffers = 1,
                               .buffers = buffers,
                               .n_children = n,
                               .children = list,
                               .release = release_parent_array,
                               .private_data = list};
    return true;
}

patron_table *core_import_children(core_state *state, int64_t n_rows, int64_t n, const char *const *names,
                                   struct ArrowSchema *schemas, struct ArrowArray *arrays) {
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    patron_table *table = NULL;
    if (!adopt_schemas(n, names, schemas, &schema) || !adopt_arrays(n, arrays, n_rows, &array)) {
        PyErr_NoMemory();
        if (schema.release != NULL)
            schema.release(&schema);
        else
            for (int64_t i = 0; i < n; i++) schemas[i].release(&schemas[i]);
        for (int64_t i = 0; i < n; i++) arrays[i].release(&arrays[i]);
        return NULL;
    }
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_import_array(state->ctx, &schema, &array, &table, &call.error);
    if (core_end(&call, status, NULL)) return table;
    patron_table_destroy(table);
    return NULL;
}
