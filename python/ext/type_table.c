/* type_table.c: _core.Table, a patron_table as a Python object, and the functions that make one. */
#include "state.h"

#include <string.h>

typedef struct table_object {
    PyObject_HEAD core_state *state;
    patron_table *table;
} table_object;

PyObject *core_wrap_table(core_state *state, patron_table *table) {
    table_object *self = (table_object *)core_new(state->table_type);
    if (self == NULL) {
        patron_table_destroy(table);
        return NULL;
    }
    self->state = state;
    self->table = table;
    return (PyObject *)self;
}

patron_table *core_table_of(core_state *state, PyObject *object, const char *what) {
    if (PyObject_TypeCheck(object, state->table_type)) return ((table_object *)object)->table;
    PyObject *type = PyType_GetName(Py_TYPE(object));
    if (type != NULL) PyErr_Format(PyExc_TypeError, "%s is of type %U; expected a core table", what, type);
    Py_XDECREF(type);
    return NULL;
}

static void table_dealloc(PyObject *object) {
    PyObject_GC_UnTrack(object);
    patron_table_destroy(((table_object *)object)->table);
    core_free(object);
}

/* The position of a column; -1 with an exception set. */
static int64_t find_column(table_object *self, PyObject *name) {
    const char *text = core_text(name, "The name of a column");
    if (text == NULL) return -1;
    int64_t column = patron_table_find(self->table, text);
    if (column < 0) PyErr_Format(PyExc_ValueError, "There is no column %R", name);
    return column;
}

static PyObject *get_n_rows(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_table_n_rows(((table_object *)self)->table));
}

static PyObject *get_names(PyObject *self, void *Py_UNUSED(closure)) {
    const patron_table *table = ((table_object *)self)->table;
    PyObject *names = PyList_New(0);
    for (int64_t i = 0; names != NULL && i < patron_table_n_columns(table); i++) {
        PyObject *name = PyUnicode_FromString(patron_table_column_name(table, i));
        if (name == NULL || PyList_Append(names, name) != 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *table_type(PyObject *self, PyObject *name) {
    int64_t column = find_column((table_object *)self, name);
    if (column < 0) return NULL;
    return PyUnicode_FromString(patron_type_name(patron_table_column_type(((table_object *)self)->table, column)));
}

static PyObject *table_timezone(PyObject *self, PyObject *name) {
    int64_t column = find_column((table_object *)self, name);
    if (column < 0) return NULL;
    const char *zone = patron_table_column_timezone(((table_object *)self)->table, column);
    return zone != NULL ? PyUnicode_FromString(zone) : Py_NewRef(Py_None);
}

static PyObject *table_null_count(PyObject *self, PyObject *name) {
    int64_t column = find_column((table_object *)self, name);
    return column < 0 ? NULL : PyLong_FromLongLong(patron_table_null_count(((table_object *)self)->table, column));
}

static PyObject *table_column(PyObject *object, PyObject *name) {
    table_object *self = (table_object *)object;
    int64_t column = find_column(self, name);
    return column < 0 ? NULL : core_column_array(self->state, self->table, column);
}

static PyObject *table_codes(PyObject *object, PyObject *name) {
    table_object *self = (table_object *)object;
    int64_t column = find_column(self, name);
    return column < 0 ? NULL : core_column_codes(self->state, self->table, column);
}

static PyObject *table_parts(PyObject *object, PyObject *name) {
    table_object *self = (table_object *)object;
    int64_t column = find_column(self, name);
    return column < 0 ? NULL : core_column_parts(self->state, self->table, column);
}

static PyObject *table_slice(PyObject *object, PyObject *const *args, Py_ssize_t nargs) {
    table_object *self = (table_object *)object;
    int64_t first, n;
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "slice() takes 2 arguments; %zd were given", nargs);
    if (!core_int64(args[0], "first", &first) || !core_int64(args[1], "n", &n)) return NULL;
    patron_table *out = NULL;
    core_call call;
    core_begin(&call, self->state);
    if (core_end(&call, patron_table_slice(self->table, first, n, &out, &call.error), NULL))
        return core_wrap_table(self->state, out);
    patron_table_destroy(out);
    return NULL;
}

static PyObject *table_select(PyObject *object, PyObject *names) {
    table_object *self = (table_object *)object;
    PyObject *tuple = PySequence_Tuple(names); /* PySequence_List of 3.11 leaks when memory is short */
    if (tuple == NULL) return NULL;
    Py_ssize_t n = PyTuple_Size(tuple);
    const char **texts = PyMem_Calloc((size_t)n + 1, sizeof *texts);
    PyObject *result = texts == NULL ? PyErr_NoMemory() : NULL;
    bool ok = texts != NULL;
    for (Py_ssize_t i = 0; ok && i < n; i++) {
        texts[i] = core_text(PyTuple_GetItem(tuple, i), "The name of a column");
        ok = texts[i] != NULL;
    }
    if (ok) {
        patron_table *out = NULL;
        core_call call;
        core_begin(&call, self->state);
        if (core_end(&call, patron_table_select(self->table, n, texts, &out, &call.error), NULL))
            result = core_wrap_table(self->state, out);
        else
            patron_table_destroy(out);
    }
    PyMem_Free(texts);
    Py_DECREF(tuple);
    return result;
}

static PyObject *table_stream(PyObject *object, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"requested_schema", NULL};
    PyObject *given[1]; /* a wish the interface lets a producer pass over */
    if (!core_arguments("__arrow_c_stream__", names, 1, 0, args, nargs, kwnames, given)) return NULL;
    return core_stream_capsule(((table_object *)object)->state, ((table_object *)object)->table);
}

static PyObject *table_array(PyObject *object, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"requested_schema", NULL};
    PyObject *given[1];
    if (!core_arguments("__arrow_c_array__", names, 1, 0, args, nargs, kwnames, given)) return NULL;
    return core_array_capsules(((table_object *)object)->state, ((table_object *)object)->table);
}

static PyObject *table_schema(PyObject *object, PyObject *Py_UNUSED(unused)) {
    return core_schema_capsule(((table_object *)object)->state, ((table_object *)object)->table);
}

static PyMethodDef methods[] = {
    {"type", table_type, METH_O, "type($self, name, /)\n--\n\nThe type of a column as a word, e.g. 'int64', 'string'."},
    {"timezone", table_timezone, METH_O,
     "timezone($self, name, /)\n--\n\nThe time zone of a timestamp column, None when naive."},
    {"null_count", table_null_count, METH_O, "null_count($self, name, /)\n--\n\nHow many rows of a column are null."},
    {"column", table_column, METH_O,
     "column($self, name, /)\n--\n\nA column as a numpy array, read-only and without a copy where its layout allows."},
    {"codes", table_codes, METH_O, "codes($self, name, /)\n--\n\nA dictionary column as (codes, values); code -1 is null."},
    {"parts", table_parts, METH_O,
     "parts($self, name, /)\n--\n\nA column as (format, length, buffers, dictionary), as table_from_parts takes it."},
    {"select", table_select, METH_O, "select($self, names, /)\n--\n\nA table of these columns, sharing their memory."},
    {"slice", (PyCFunction)(void (*)(void))table_slice, METH_FASTCALL,
     "slice($self, first, n, /)\n--\n\nRows [first, first + n), sharing their memory."},
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))table_stream, METH_FASTCALL | METH_KEYWORDS,
     "__arrow_c_stream__($self, requested_schema=None)\n--\n\nAn Arrow stream of the chunks, without a copy."},
    {"__arrow_c_array__", (PyCFunction)(void (*)(void))table_array, METH_FASTCALL | METH_KEYWORDS,
     "__arrow_c_array__($self, requested_schema=None)\n--\n\nOne Arrow struct array of all rows."},
    {"__arrow_c_schema__", table_schema, METH_NOARGS, "__arrow_c_schema__($self)\n--\n\nThe columns' names and types."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    {"n_rows", get_n_rows, NULL, "How many rows.", NULL},
    {"names", get_names, NULL, "The names of the columns.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Typed columns with validity; immutable."},
    {Py_tp_dealloc, (void *)(uintptr_t)table_dealloc},
    {Py_tp_traverse, (void *)(uintptr_t)core_traverse},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "patron._core.Table",
    .basicsize = sizeof(table_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

/* ---- making ---- */

static PyObject *table_from_stream(PyObject *module, PyObject *capsule) {
    core_state *state = core_state_of(module);
    struct ArrowArrayStream *stream = core_capsule_pointer(capsule, "arrow_array_stream");
    if (stream == NULL) return NULL;
    patron_table *table = NULL;
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_import_stream(state->ctx, stream, &table, &call.error);
    if (core_end(&call, status, NULL)) return core_wrap_table(state, table);
    patron_table_destroy(table);
    return NULL;
}

static PyObject *table_from_array(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    core_state *state = core_state_of(module);
    if (nargs != 2) {
        PyErr_Format(PyExc_TypeError, "table_from_array() takes 2 arguments; %zd were given", nargs);
        return NULL;
    }
    struct ArrowSchema *schema = core_capsule_pointer(args[0], "arrow_schema");
    struct ArrowArray *array = schema != NULL ? core_capsule_pointer(args[1], "arrow_array") : NULL;
    if (array == NULL) return NULL;
    patron_table *table = NULL;
    if (schema->release != NULL && array->release != NULL && strcmp(schema->format, "+s") != 0) {
        /* Not a record batch: a table of one column. */
        int64_t length = array->length;
        const char *name = "";
        struct ArrowSchema child_schema = *schema;
        struct ArrowArray child = *array;
        schema->release = NULL;
        array->release = NULL;
        table = core_import_children(state, length, 1, &name, &child_schema, &child);
        return table != NULL ? core_wrap_table(state, table) : NULL;
    }
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_import_array(state->ctx, schema, array, &table, &call.error);
    if (core_end(&call, status, NULL)) return core_wrap_table(state, table);
    patron_table_destroy(table);
    return NULL;
}

/* Children on their way into a table. */
typedef struct gathering {
    int64_t n;
    const char **names;
    struct ArrowSchema *schemas;
    struct ArrowArray *arrays;
} gathering;

static bool gathering_init(gathering *g, Py_ssize_t capacity) {
    *g = (gathering){.names = PyMem_Calloc((size_t)capacity + 1, sizeof *g->names),
                     .schemas = PyMem_Calloc((size_t)capacity + 1, sizeof *g->schemas),
                     .arrays = PyMem_Calloc((size_t)capacity + 1, sizeof *g->arrays)};
    if (g->names != NULL && g->schemas != NULL && g->arrays != NULL) return true;
    PyErr_NoMemory();
    return false;
}

static void gathering_fini(gathering *g) {
    for (int64_t i = 0; i < g->n; i++) {
        g->schemas[i].release(&g->schemas[i]);
        g->arrays[i].release(&g->arrays[i]);
    }
    PyMem_Free(g->names);
    PyMem_Free(g->schemas);
    PyMem_Free(g->arrays);
}

static PyObject *gathering_finish(gathering *g, core_state *state, int64_t n_rows) {
    patron_table *table = core_import_children(state, n_rows, g->n, g->names, g->schemas, g->arrays);
    g->n = 0; /* taken over */
    return table != NULL ? core_wrap_table(state, table) : NULL;
}

/* The column that was just filled in is g's to release from here on, and must be as long as the table. */
static bool gathering_count(gathering *g, int64_t n_rows) {
    int64_t i = g->n++;
    if (g->arrays[i].length == n_rows) return true;
    PyErr_Format(PyExc_ValueError, "Column '%s' has %lld rows; expected %lld like the table", g->names[i],
                 (long long)g->arrays[i].length, (long long)n_rows);
    return false;
}

/* table_from_parts(n_rows, [(name, parts), ...]) */
static PyObject *table_from_parts(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    core_state *state = core_state_of(module);
    int64_t n_rows;
    if (nargs != 2 || !PyList_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "table_from_parts() takes a number of rows and a list of (name, parts)");
        return NULL;
    }
    if (!core_int64(args[0], "The number of rows", &n_rows)) return NULL;
    Py_ssize_t n = PyList_Size(args[1]);
    gathering g;
    bool ok = gathering_init(&g, n);
    for (Py_ssize_t i = 0; ok && i < n; i++) {
        PyObject *pair = PyList_GetItem(args[1], i);
        ok = PyTuple_Check(pair) && PyTuple_Size(pair) == 2;
        if (!ok) {
            PyErr_Format(PyExc_TypeError, "Column %zd is %R; expected (name, parts)", i, pair);
            break;
        }
        g.names[i] = core_text(PyTuple_GetItem(pair, 0), "The name of a column");
        ok = g.names[i] != NULL && core_parts_to_arrow(PyTuple_GetItem(pair, 1), g.names[i], &g.schemas[i], &g.arrays[i]);
        ok = ok && gathering_count(&g, n_rows);
    }
    PyObject *result = ok ? gathering_finish(&g, state, n_rows) : NULL;
    gathering_fini(&g);
    return result;
}

/* table_combine(n_rows, [(name, table, column), ...]) */
static PyObject *table_combine(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    core_state *state = core_state_of(module);
    int64_t n_rows;
    if (nargs != 2 || !PyList_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "table_combine() takes a number of rows and a list of (name, table, column)");
        return NULL;
    }
    if (!core_int64(args[0], "The number of rows", &n_rows)) return NULL;
    Py_ssize_t n = PyList_Size(args[1]);
    gathering g;
    bool ok = gathering_init(&g, n);
    for (Py_ssize_t i = 0; ok && i < n; i++) {
        PyObject *entry = PyList_GetItem(args[1], i);
        ok = PyTuple_Check(entry) && PyTuple_Size(entry) == 3;
        if (!ok) {
            PyErr_Format(PyExc_TypeError, "Column %zd is %R; expected (name, table, column)", i, entry);
            break;
        }
        g.names[i] = core_text(PyTuple_GetItem(entry, 0), "The name of a column");
        PyObject *object = PyTuple_GetItem(entry, 1);
        ok = g.names[i] != NULL && core_table_of(state, object, "The source of a column") != NULL;
        int64_t column = ok ? find_column((table_object *)object, PyTuple_GetItem(entry, 2)) : -1;
        ok = column >= 0 && core_export_column(state, ((table_object *)object)->table, column, &g.schemas[i], &g.arrays[i]);
        ok = ok && gathering_count(&g, n_rows);
    }
    PyObject *result = ok ? gathering_finish(&g, state, n_rows) : NULL;
    gathering_fini(&g);
    return result;
}

static PyMethodDef functions[] = {
    {"table_from_stream", table_from_stream, METH_O,
     "table_from_stream(capsule, /)\n--\n\nTakes over an Arrow stream and reads it to its end."},
    {"table_from_array", (PyCFunction)(void (*)(void))table_from_array, METH_FASTCALL,
     "table_from_array(schema, array, /)\n--\n\nTakes over one Arrow array; one that is no struct becomes a column named ''."},
    {"table_from_parts", (PyCFunction)(void (*)(void))table_from_parts, METH_FASTCALL,
     "table_from_parts(n_rows, columns, /)\n--\n\nA table over buffers: columns are (name, (format, length, buffers, "
     "dictionary))."},
    {"table_combine", (PyCFunction)(void (*)(void))table_combine, METH_FASTCALL,
     "table_combine(n_rows, columns, /)\n--\n\nA table of columns of others: (name, table, column of it)."},
    {NULL, NULL, 0, NULL},
};

int core_add_table(PyObject *module) {
    if (core_add_type(module, &spec, &core_state_of(module)->table_type) != 0) return -1;
    return PyModule_AddFunctions(module, functions);
}
