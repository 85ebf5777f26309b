/* state.h: what the files of the extension share: the state of the module, calls into the core, arguments, errors.
 *
 * The module keeps no globals: one context, its types and the few Python objects it needs live in the module's state. Every
 * object of the extension points to that state; it may, because it holds its type, which holds the module.
 *
 * A call into the core runs between core_begin and core_end with the GIL released:
 *
 *     core_call call;
 *     core_begin(&call, state);
 *     patron_status status = patron_...(..., &call.error);
 *     if (!core_end(&call, status, NULL)) goto cleanup;      // a Python exception is set
 *
 * The context's callbacks find the innermost call of their thread through a thread-specific slot, so each thread has a progress
 * display and a Ctrl-C of its own. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <patron.h>
#include <stdbool.h>

typedef struct core_state {
    patron_ctx *ctx;
    Py_tss_t *calls;         /* the innermost core_call of each thread */
    PyObject *progress_key;  /* under which a thread's dict holds its progress callback */
    PyObject *format_error;  /* patron.FormatError */
    PyObject *np_empty;      /* numpy.empty */
    PyObject *np_frombuffer; /* numpy.frombuffer */
    PyTypeObject *memory_type, *table_type, *log_type, *rfm_type;
} core_state;

/* ---- module.c ---- */

/* The state of the module that a module-level function belongs to. */
core_state *core_state_of(PyObject *module);

/* An object of a heap type of this module, zeroed behind its head. */
PyObject *core_new(PyTypeObject *type);
/* tp_traverse and tp_free for objects that refer to nothing but their type. */
int core_traverse(PyObject *self, visitproc visit, void *arg);
void core_free(PyObject *self);

/* Adds a type made from a spec to the module and to its state. */
int core_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **out);

/* Each file brings its types and functions; 0, or -1 with an exception set. */
int core_add_arrays(PyObject *module);
int core_add_table(PyObject *module);
int core_add_log(PyObject *module);
int core_add_rfm(PyObject *module);
int core_add_profile(PyObject *module);
int core_add_numbers(PyObject *module);

/* ---- context.c ---- */

typedef struct core_call {
    core_state *state;
    PyThreadState *thread; /* while the GIL is released */
    PyObject *progress;    /* owned; NULL: none */
    struct core_call *outer;
    bool raised; /* a callback left an exception */
    patron_error error;
} core_call;

void core_begin(core_call *call, core_state *state);
/* Takes the GIL back. True when the call went well; else a Python exception is set. `path` (may be NULL) is the file an OSError
 * names. Outputs of the call are to be given up when this is false, also if status is PATRON_OK: a callback may have raised. */
bool core_end(core_call *call, patron_status status, PyObject *path);
int core_add_context(PyObject *module);

/* ---- errors.c ---- */

/* Sets the exception that stands for a failed status. */
void core_raise(core_state *state, patron_status status, const patron_error *error, PyObject *path);

/* ---- arguments.c ---- */

/* Sorts the arguments of a FASTCALL | KEYWORDS call by `names` (NULL-terminated) into out, NULL where not given; the first
 * n_positional may be given by position, the first n_required must be given. */
bool core_arguments(const char *function, const char *const *names, int n_positional, int n_required, PyObject *const *args,
                    Py_ssize_t nargs, PyObject *kwnames, PyObject **out);
/* A str as UTF-8 that lives as long as the object; NULL with an exception set. None gives NULL without one: see core_optional.
 */
const char *core_text(PyObject *value, const char *what);
/* *out stays NULL for None or an argument that was not given. */
bool core_optional_text(PyObject *value, const char *what, const char **out);
bool core_int64(PyObject *value, const char *what, int64_t *out);
bool core_int(PyObject *value, const char *what, int *out);
bool core_flag(PyObject *value, int *out); /* NULL leaves *out as it is */
/* A one-dimensional contiguous buffer of values of `format` (a struct code, 'd', 'q', 'i', 'B') and that size. */
bool core_buffer(PyObject *value, const char *what, char format, Py_ssize_t size, bool writable, Py_buffer *out);

/* ---- arrays.c ---- */

/* A fresh numpy array of n values and a pointer to them. */
PyObject *core_new_array(core_state *state, int64_t n, const char *dtype, void **data);
/* A column as a numpy array, as Table.column documents it. */
PyObject *core_column_array(core_state *state, const patron_table *table, int64_t column);
/* A column as (format, length, buffers, dictionary), as Table.parts documents it. */
PyObject *core_column_parts(core_state *state, const patron_table *table, int64_t column);
/* A dictionary column as (codes, values): int64 codes, -1 for null, and the array of what they stand for. */
PyObject *core_column_codes(core_state *state, const patron_table *table, int64_t column);

/* ---- bytes.c ---- */

/* Takes the bytes over, also on failure. */
PyObject *core_take_bytes(patron_bytes *bytes);

/* ---- arrow.c ---- */

/* The struct in a PyCapsule of the Arrow PyCapsule interface; NULL with an exception set. */
void *core_capsule_pointer(PyObject *capsule, const char *name);
PyObject *core_stream_capsule(core_state *state, const patron_table *table);
PyObject *core_schema_capsule(core_state *state, const patron_table *table);
PyObject *core_array_capsules(core_state *state, const patron_table *table);
/* One column of a table as an Arrow array of its own; copies when it has several chunks. */
bool core_export_column(core_state *state, const patron_table *table, int64_t column, struct ArrowSchema *schema,
                        struct ArrowArray *array);
/* A table of n children, which are taken over in every case. `names` live as long as the call. */
patron_table *core_import_children(core_state *state, int64_t n_rows, int64_t n, const char *const *names,
                                   struct ArrowSchema *schemas, struct ArrowArray *arrays);

/* ---- parts.c ---- */

/* The Arrow array over Python buffers that (format, length, buffers, dictionary) describes. */
bool core_parts_to_arrow(PyObject *parts, const char *name, struct ArrowSchema *schema, struct ArrowArray *array);

/* ---- type_table.c ---- */

/* Takes the table over, also on failure. */
PyObject *core_wrap_table(core_state *state, patron_table *table);
/* The table behind a Python object; NULL with an exception set. */
patron_table *core_table_of(core_state *state, PyObject *object, const char *what);

/* ---- type_log.c ---- */

patron_log *core_log_of(core_state *state, PyObject *object, const char *what);

#endif
