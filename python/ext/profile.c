/* profile.c: profiles of the users of a log, and what their columns mean. */
#include "state.h"

/* Windows as texts that live as long as the tuple; to be freed. NULL with an exception set. */
static const char **read_windows(PyObject *windows, int64_t *n) {
    if (!PyTuple_Check(windows)) {
        PyErr_Format(PyExc_TypeError, "windows is %R; expected a tuple of str", windows);
        return NULL;
    }
    *n = PyTuple_Size(windows);
    const char **texts = PyMem_Calloc((size_t)*n + 1, sizeof *texts);
    if (texts == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (int64_t i = 0; i < *n; i++) {
        texts[i] = core_text(PyTuple_GetItem(windows, (Py_ssize_t)i), "A window");
        if (texts[i] != NULL) continue;
        PyMem_Free(texts);
        return NULL;
    }
    return texts;
}

static PyObject *profile_compute(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    core_state *state = core_state_of(module);
    if (nargs != 3) {
        PyErr_Format(PyExc_TypeError, "profile_compute() takes log, windows, as_of; %zd arguments were given", nargs);
        return NULL;
    }
    patron_profile_options options;
    patron_profile_options_init(&options);
    const patron_log *log = core_log_of(state, args[0], "log");
    if (log == NULL) return NULL;
    options.has_as_of = args[2] != Py_None;
    if (options.has_as_of && !core_int64(args[2], "as_of", &options.as_of)) return NULL;
    const char **windows = read_windows(args[1], &options.n_windows);
    if (windows == NULL) return NULL;
    options.windows = windows;
    patron_table *table = NULL;
    PyObject *result = NULL;
    core_call call;
    core_begin(&call, state);
    if (core_end(&call, patron_profile_compute(log, &options, &table, &call.error), NULL))
        result = core_wrap_table(state, table);
    else
        patron_table_destroy(table);
    PyMem_Free(windows);
    return result;
}

static PyObject *profile_definitions(PyObject *module, PyObject *given) {
    core_state *state = core_state_of(module);
    patron_profile_options options;
    patron_profile_options_init(&options);
    const char **windows = read_windows(given, &options.n_windows);
    if (windows == NULL) return NULL;
    options.windows = windows;
    patron_table *table = NULL;
    PyObject *result = NULL;
    core_call call;
    core_begin(&call, state);
    if (core_end(&call, patron_profile_definitions(state->ctx, &options, &table, &call.error), NULL))
        result = core_wrap_table(state, table);
    else
        patron_table_destroy(table);
    PyMem_Free(windows);
    return result;
}

static PyMethodDef functions[] = {
    {"profile_compute", (PyCFunction)(void (*)(void))profile_compute, METH_FASTCALL,
     "profile_compute(log, windows, as_of, /)\n--\n\nThe profile of every user; as_of None: the log's end."},
    {"profile_definitions", profile_definitions, METH_O,
     "profile_definitions(windows, /)\n--\n\nWhat the columns of a profile mean."},
    {NULL, NULL, 0, NULL},
};

int core_add_profile(PyObject *module) { return PyModule_AddFunctions(module, functions); }
