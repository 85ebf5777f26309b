/* type_log.c: _core.Log, a patron_log as a Python object: building, cutting, reading, saving.
 *
 * A log is immutable, so every method gives a new object and any number of threads may call them at once. */
#include "state.h"

#include <stddef.h>

typedef struct log_object {
    PyObject_HEAD core_state *state;
    patron_log *log;
} log_object;

static PyObject *wrap_log(core_state *state, patron_log *log) {
    log_object *self = (log_object *)core_new(state->log_type);
    if (self == NULL) {
        patron_log_destroy(log);
        return NULL;
    }
    self->state = state;
    self->log = log;
    return (PyObject *)self;
}

patron_log *core_log_of(core_state *state, PyObject *object, const char *what) {
    if (PyObject_TypeCheck(object, state->log_type)) return ((log_object *)object)->log;
    PyObject *type = PyType_GetName(Py_TYPE(object));
    if (type != NULL) PyErr_Format(PyExc_TypeError, "%s is of type %U; expected a core log", what, type);
    Py_XDECREF(type);
    return NULL;
}

static void log_dealloc(PyObject *object) {
    PyObject_GC_UnTrack(object);
    patron_log_destroy(((log_object *)object)->log);
    core_free(object);
}

/* The end of a call that makes a log or a table. */
static PyObject *finish_log(core_call *call, patron_status status, patron_log **log, PyObject *path) {
    if (core_end(call, status, path)) return wrap_log(call->state, *log);
    patron_log_destroy(*log);
    return NULL;
}

static PyObject *finish_table(core_call *call, patron_status status, patron_table **table) {
    if (core_end(call, status, NULL)) return core_wrap_table(call->state, *table);
    patron_table_destroy(*table);
    return NULL;
}

/* ---- building ---- */

/* Keywords that name a column, and where the options hold the name. */
static const struct {
    const char *keyword;
    size_t offset;
} roles[] = {
#define ROLE(name)                                                                                                             \
    { #name, offsetof(patron_log_options, name) }
    ROLE(user),     ROLE(time),     ROLE(item),     ROLE(order),    ROLE(category), ROLE(brand),    ROLE(seller),
    ROLE(channel),  ROLE(campaign), ROLE(surface),  ROLE(query),    ROLE(text),     ROLE(currency), ROLE(event),
    ROLE(event_id), ROLE(amount),   ROLE(quantity), ROLE(discount), ROLE(rating),   ROLE(seq),
#undef ROLE
};

enum { N_ROLES = sizeof roles / sizeof *roles };

/* What the options point at, held during a call. */
typedef struct build_arguments {
    patron_log_options options;
    patron_timezone zone;
    Py_buffer transitions, offsets;
    bool has_zone;
    const char **properties;
    patron_kind_name *kinds;
} build_arguments;

static void build_arguments_fini(build_arguments *a) {
    if (a->has_zone) {
        PyBuffer_Release(&a->transitions);
        PyBuffer_Release(&a->offsets);
    }
    PyMem_Free(a->properties);
    PyMem_Free(a->kinds);
}

/* (name, first_offset, transitions int64[n], offsets int32[n]) */
static bool read_zone(PyObject *value, build_arguments *a) {
    if (value == NULL || value == Py_None) return true;
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 4) {
        PyErr_Format(PyExc_TypeError, "zone is %R; expected (name, first_offset, transitions, offsets)", value);
        return false;
    }
    int first;
    a->zone.name = core_text(PyTuple_GetItem(value, 0), "The name of the time zone");
    if (a->zone.name == NULL || !core_int(PyTuple_GetItem(value, 1), "The first offset", &first)) return false;
    a->zone.first_offset = first;
    if (!core_buffer(PyTuple_GetItem(value, 2), "The transitions", 'q', 8, false, &a->transitions)) return false;
    if (!core_buffer(PyTuple_GetItem(value, 3), "The offsets", 'i', 4, false, &a->offsets)) {
        PyBuffer_Release(&a->transitions);
        return false;
    }
    a->has_zone = true;
    if (a->transitions.shape[0] != a->offsets.shape[0]) {
        PyErr_Format(PyExc_ValueError, "The time zone has %zd transitions and %zd offsets; expected as many",
                     a->transitions.shape[0], a->offsets.shape[0]);
        return false;
    }
    a->zone.n_transitions = a->transitions.shape[0];
    a->zone.transitions = a->transitions.buf;
    a->zone.offsets = a->offsets.buf;
    a->options.timezone = &a->zone;
    return true;
}

static bool read_properties(PyObject *value, build_arguments *a) {
    if (value == NULL) return true;
    if (!PyTuple_Check(value)) {
        PyErr_Format(PyExc_TypeError, "properties is %R; expected a tuple of names", value);
        return false;
    }
    Py_ssize_t n = PyTuple_Size(value);
    a->properties = PyMem_Calloc((size_t)n + 1, sizeof *a->properties);
    if (a->properties == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        a->properties[i] = core_text(PyTuple_GetItem(value, i), "A name in properties");
        if (a->properties[i] == NULL) return false;
    }
    a->options.properties = a->properties;
    a->options.n_properties = n;
    return true;
}

/* A tuple of (from, to). */
static bool read_kinds(PyObject *value, build_arguments *a) {
    if (value == NULL) return true;
    if (!PyTuple_Check(value)) {
        PyErr_Format(PyExc_TypeError, "kinds is %R; expected a tuple of (from, to)", value);
        return false;
    }
    Py_ssize_t n = PyTuple_Size(value);
    a->kinds = PyMem_Calloc((size_t)n + 1, sizeof *a->kinds);
    if (a->kinds == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *pair = PyTuple_GetItem(value, i);
        if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
            PyErr_Format(PyExc_TypeError, "kinds holds %R; expected (from, to)", pair);
            return false;
        }
        a->kinds[i].from = core_text(PyTuple_GetItem(pair, 0), "A name in kinds");
        a->kinds[i].to = a->kinds[i].from != NULL ? core_text(PyTuple_GetItem(pair, 1), "A kind in kinds") : NULL;
        if (a->kinds[i].to == NULL) return false;
    }
    a->options.kinds = a->kinds;
    a->options.n_kinds = n;
    return true;
}

static bool read_range(PyObject *value, patron_log_options *options) {
    if (value == NULL || value == Py_None) return true;
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 2) {
        PyErr_Format(PyExc_TypeError, "time_range is %R; expected (from, to)", value);
        return false;
    }
    options->has_time_range = 1;
    return core_int64(PyTuple_GetItem(value, 0), "The start of time_range", &options->time_from) &&
           core_int64(PyTuple_GetItem(value, 1), "The end of time_range", &options->time_to);
}

enum { TABLE, ZONE, PROPERTIES, KINDS, FORMAT, UNIT, RANGE, DUPLICATES, TRIM, WINSORIZE, N_OTHERS };

static bool read_build_arguments(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **table,
                                 build_arguments *a) {
    static const char *const others[] = {"table",     "zone",       "properties",      "kinds",    "time_format",
                                         "time_unit", "time_range", "drop_duplicates", "trim_ids", "winsorize"};
    const char *names[N_OTHERS + N_ROLES + 1] = {NULL};
    PyObject *given[N_OTHERS + N_ROLES];
    for (int i = 0; i < N_OTHERS; i++) names[i] = others[i];
    for (int i = 0; i < N_ROLES; i++) names[N_OTHERS + i] = roles[i].keyword;
    patron_log_options_init(&a->options);
    if (!core_arguments("log_build", names, 1, 1, args, nargs, kwnames, given)) return false;
    *table = given[TABLE];
    for (int i = 0; i < N_ROLES; i++) {
        const char **where = (const char **)(void *)((char *)&a->options + roles[i].offset);
        if (!core_optional_text(given[N_OTHERS + i], roles[i].keyword, where)) return false;
    }
    if (given[UNIT] != NULL && given[UNIT] != Py_None) {
        int unit;
        if (!core_int(given[UNIT], "time_unit", &unit)) return false;
        a->options.time_unit = (patron_time_unit)unit;
        a->options.has_time_unit = 1;
    }
    return read_zone(given[ZONE], a) && read_properties(given[PROPERTIES], a) && read_kinds(given[KINDS], a) &&
           core_optional_text(given[FORMAT], "time_format", &a->options.time_format) && read_range(given[RANGE], &a->options) &&
           core_flag(given[DUPLICATES], &a->options.drop_duplicates) && core_flag(given[TRIM], &a->options.trim_ids) &&
           core_flag(given[WINSORIZE], &a->options.winsorize);
}

static PyObject *log_build(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    core_state *state = core_state_of(module);
    build_arguments a = {0};
    PyObject *source, *result = NULL;
    patron_table *table = NULL;
    if (read_build_arguments(args, nargs, kwnames, &source, &a)) table = core_table_of(state, source, "table");
    if (table != NULL) {
        patron_log *log = NULL;
        core_call call;
        core_begin(&call, state);
        result = finish_log(&call, patron_log_build(state->ctx, table, &a.options, &log, &call.error), &log, NULL);
    }
    build_arguments_fini(&a);
    return result;
}

static PyObject *log_append(PyObject *object, PyObject *other) {
    log_object *self = (log_object *)object;
    patron_table *table = core_table_of(self->state, other, "table");
    if (table == NULL) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_log(&call, patron_log_append(self->log, table, &log, &call.error), &log, NULL);
}

static PyObject *log_merge(PyObject *object, PyObject *other) {
    log_object *self = (log_object *)object;
    patron_log *second = core_log_of(self->state, other, "other");
    if (second == NULL) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_log(&call, patron_log_merge(self->log, second, &log, &call.error), &log, NULL);
}

static PyObject *log_between(PyObject *object, PyObject *const *args, Py_ssize_t nargs) {
    log_object *self = (log_object *)object;
    int64_t start, end;
    if (nargs != 2) {
        PyErr_Format(PyExc_TypeError, "between() takes 2 arguments; %zd were given", nargs);
        return NULL;
    }
    if (!core_int64(args[0], "start", &start) || !core_int64(args[1], "end", &end)) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_log(&call, patron_log_between(self->log, start, end, &log, &call.error), &log, NULL);
}

typedef patron_status (*attach_function)(const patron_log *, const patron_table *, const char *, const char *, patron_log **,
                                         patron_error *);

static PyObject *attach(PyObject *object, PyObject *const *args, Py_ssize_t nargs, attach_function function) {
    log_object *self = (log_object *)object;
    if (nargs != 3) {
        PyErr_Format(PyExc_TypeError, "expected table, key, valid_from; %zd arguments were given", nargs);
        return NULL;
    }
    patron_table *table = core_table_of(self->state, args[0], "table");
    const char *key = table != NULL ? core_text(args[1], "key") : NULL, *valid_from = NULL;
    if (key == NULL || !core_optional_text(args[2], "valid_from", &valid_from)) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_log(&call, function(self->log, table, key, valid_from, &log, &call.error), &log, NULL);
}

static PyObject *log_with_users(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    return attach(self, args, nargs, patron_log_with_users);
}

static PyObject *log_with_items(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    return attach(self, args, nargs, patron_log_with_items);
}

/* ---- reading ---- */

typedef patron_status (*as_of_function)(const patron_log *, int64_t, patron_table **, patron_error *);

static PyObject *attributes(PyObject *object, PyObject *value, as_of_function function) {
    log_object *self = (log_object *)object;
    int64_t as_of;
    if (!core_int64(value, "as_of", &as_of)) return NULL;
    patron_table *table = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_table(&call, function(self->log, as_of, &table, &call.error), &table);
}

static PyObject *log_users(PyObject *self, PyObject *as_of) { return attributes(self, as_of, patron_log_users); }
static PyObject *log_items(PyObject *self, PyObject *as_of) { return attributes(self, as_of, patron_log_items); }

static PyObject *log_events(PyObject *object, PyObject *Py_UNUSED(unused)) {
    log_object *self = (log_object *)object;
    patron_table *table = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_table(&call, patron_log_events(self->log, &table, &call.error), &table);
}

static PyObject *log_audit(PyObject *object, PyObject *Py_UNUSED(unused)) {
    log_object *self = (log_object *)object;
    patron_table *table = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_table(&call, patron_log_audit(self->log, &table, &call.error), &table);
}

static PyObject *log_quality(PyObject *object, PyObject *other) {
    log_object *self = (log_object *)object;
    patron_log *previous = NULL;
    if (other != Py_None && (previous = core_log_of(self->state, other, "previous")) == NULL) return NULL;
    patron_table *table = NULL;
    core_call call;
    core_begin(&call, self->state);
    return finish_table(&call, patron_log_quality(self->log, previous, &table, &call.error), &table);
}

static PyObject *log_kinds(PyObject *object, PyObject *Py_UNUSED(unused)) {
    const patron_log *log = ((log_object *)object)->log;
    enum { N = 65536 };
    int64_t *counts = PyMem_Calloc(N, sizeof *counts);
    if (counts == NULL) return PyErr_NoMemory();
    const uint16_t *kinds = patron_log_kinds(log);
    const int64_t n = patron_log_n_events(log);
    Py_BEGIN_ALLOW_THREADS;
    for (int64_t i = 0; i < n; i++) counts[kinds[i]]++;
    Py_END_ALLOW_THREADS;
    PyObject *result = PyDict_New();
    for (int kind = 0; result != NULL && kind < N; kind++) {
        if (counts[kind] == 0) continue;
        PyObject *count = PyLong_FromLongLong(counts[kind]);
        if (count == NULL || PyDict_SetItemString(result, patron_log_kind_name(log, kind), count) != 0) Py_CLEAR(result);
        Py_XDECREF(count);
    }
    PyMem_Free(counts);
    return result;
}

static PyObject *log_has(PyObject *object, PyObject *role) {
    const patron_log *log = ((log_object *)object)->log;
    const char *name = core_text(role, "The name of a role");
    if (name == NULL) return NULL;
    return PyBool_FromLong(patron_log_micros(log, name) != NULL || patron_log_codes(log, name, NULL) != NULL);
}

static PyObject *get_n_events(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_log_n_events(((log_object *)self)->log));
}

static PyObject *get_n_users(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_log_n_users(((log_object *)self)->log));
}

static PyObject *get_n_items(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_log_n_items(((log_object *)self)->log));
}

static PyObject *get_start(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_log_start(((log_object *)self)->log));
}

static PyObject *get_end(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLongLong(patron_log_end(((log_object *)self)->log));
}

static PyObject *get_timezone(PyObject *self, void *Py_UNUSED(closure)) {
    return PyUnicode_FromString(patron_log_timezone(((log_object *)self)->log));
}

static PyObject *get_currency(PyObject *self, void *Py_UNUSED(closure)) {
    const char *currency = patron_log_currency(((log_object *)self)->log);
    return currency != NULL ? PyUnicode_FromString(currency) : Py_NewRef(Py_None);
}

/* ---- files ---- */

static PyObject *log_save(PyObject *object, PyObject *path) {
    log_object *self = (log_object *)object;
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    core_call call;
    core_begin(&call, self->state);
    bool ok = core_end(&call, patron_log_save(self->log, PyBytes_AsString(encoded), &call.error), path);
    Py_DECREF(encoded);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *log_to_bytes(PyObject *object, PyObject *Py_UNUSED(unused)) {
    log_object *self = (log_object *)object;
    patron_bytes *bytes = NULL;
    core_call call;
    core_begin(&call, self->state);
    if (core_end(&call, patron_log_to_bytes(self->log, &bytes, &call.error), NULL)) return core_take_bytes(bytes);
    patron_bytes_destroy(bytes);
    return NULL;
}

static PyObject *log_load(PyObject *module, PyObject *path) {
    core_state *state = core_state_of(module);
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_log_load(state->ctx, PyBytes_AsString(encoded), &log, &call.error);
    PyObject *result = finish_log(&call, status, &log, path);
    Py_DECREF(encoded);
    return result;
}

static PyObject *log_from_bytes(PyObject *module, PyObject *data) {
    core_state *state = core_state_of(module);
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) return NULL;
    patron_log *log = NULL;
    core_call call;
    core_begin(&call, state);
    PyObject *result = finish_log(&call, patron_log_from_bytes(state->ctx, view.buf, view.len, &log, &call.error), &log, NULL);
    PyBuffer_Release(&view);
    return result;
}

static PyMethodDef methods[] = {
    {"append", log_append, METH_O, "append($self, table, /)\n--\n\nThe log with the rows of a table."},
    {"merge", log_merge, METH_O, "merge($self, other, /)\n--\n\nThe log of the events of both."},
    {"between", (PyCFunction)(void (*)(void))log_between, METH_FASTCALL,
     "between($self, start, end, /)\n--\n\nThe events of [start, end), microseconds UTC."},
    {"with_users", (PyCFunction)(void (*)(void))log_with_users, METH_FASTCALL,
     "with_users($self, table, key, valid_from, /)\n--\n\nThe log with attributes of users."},
    {"with_items", (PyCFunction)(void (*)(void))log_with_items, METH_FASTCALL,
     "with_items($self, table, key, valid_from, /)\n--\n\nThe log with attributes of items."},
    {"users", log_users, METH_O, "users($self, as_of, /)\n--\n\nThe attributes of every user as of an instant."},
    {"items", log_items, METH_O, "items($self, as_of, /)\n--\n\nThe attributes of every item as of an instant."},
    {"events", log_events, METH_NOARGS, "events($self)\n--\n\nEvery event in log order."},
    {"audit", log_audit, METH_NOARGS, "audit($self)\n--\n\nWhat cleaning found."},
    {"quality", log_quality, METH_O, "quality($self, previous, /)\n--\n\nThe state of the data; previous may be None."},
    {"kinds", log_kinds, METH_NOARGS, "kinds($self)\n--\n\nHow many events there are of each kind."},
    {"has", log_has, METH_O, "has($self, role, /)\n--\n\nWhether the log has this measure, id or text."},
    {"save", log_save, METH_O, "save($self, path, /)\n--\n\nSaves the log to a file, at once or not at all."},
    {"to_bytes", log_to_bytes, METH_NOARGS, "to_bytes($self)\n--\n\nThe bytes of the file."},
    {NULL, NULL, 0, NULL},
};

static bool add_name(PyObject *names, const char *role, const char *column) {
    if (column == NULL) return true;
    PyObject *text = PyUnicode_FromString(column);
    bool ok = text != NULL && PyDict_SetItemString(names, role, text) == 0;
    Py_XDECREF(text);
    return ok;
}

static PyObject *get_columns(PyObject *self, void *Py_UNUSED(closure)) {
    const patron_log_options *recipe = patron_log_recipe(((log_object *)self)->log);
    PyObject *names = PyDict_New();
    bool ok = names != NULL;
    for (int i = 0; ok && i < N_ROLES; i++)
        ok = add_name(names, roles[i].keyword, *(const char *const *)((const char *)recipe + roles[i].offset));
    for (int64_t i = 0; ok && i < recipe->n_properties; i++) ok = add_name(names, recipe->properties[i], recipe->properties[i]);
    if (!ok) Py_CLEAR(names);
    return names;
}

static PyGetSetDef getters[] = {
    {"columns", get_columns, NULL, "The column that each role was read from, and the properties.", NULL},
    {"n_events", get_n_events, NULL, "How many events.", NULL},
    {"n_users", get_n_users, NULL, "How many users.", NULL},
    {"n_items", get_n_items, NULL, "How many items.", NULL},
    {"start", get_start, NULL, "The first event's time, microseconds UTC.", NULL},
    {"end", get_end, NULL, "The last event's time plus one microsecond.", NULL},
    {"timezone", get_timezone, NULL, "The name of the time zone.", NULL},
    {"currency", get_currency, NULL, "The currency, None if none was given.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Events sorted by user and time; immutable."},
    {Py_tp_dealloc, (void *)(uintptr_t)log_dealloc},
    {Py_tp_traverse, (void *)(uintptr_t)core_traverse},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "patron._core.Log",
    .basicsize = sizeof(log_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

static PyMethodDef functions[] = {
    {"log_build", (PyCFunction)(void (*)(void))log_build, METH_FASTCALL | METH_KEYWORDS,
     "log_build(table, **options)\n--\n\nCleans, codes and sorts the rows of a table."},
    {"log_load", log_load, METH_O, "log_load(path, /)\n--\n\nA saved log, mapped."},
    {"log_from_bytes", log_from_bytes, METH_O, "log_from_bytes(data, /)\n--\n\nA log from the bytes of its file."},
    {NULL, NULL, 0, NULL},
};

int core_add_log(PyObject *module) {
    if (core_add_type(module, &spec, &core_state_of(module)->log_type) != 0) return -1;
    return PyModule_AddFunctions(module, functions);
}
