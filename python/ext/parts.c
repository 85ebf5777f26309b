/* parts.c: Arrow arrays over Python buffers, for what comes in from numpy.
 *
 * A column arrives as a tuple (format, length, buffers, dictionary), which is Arrow's array in Python's words: the format
 * string of the C data interface, the number of rows, a sequence of buffers (None where Arrow has NULL) and, for dictionaries,
 * such a tuple again. Nothing is copied: the array holds the buffers until it is released, on whichever thread that happens.
 *
 * What the C interface cannot see, whether a buffer is as long as its array says, is known here and checked here; the rest
 * (offsets that rise, UTF-8, indices in range) is checked by the import in the core. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BUFFERS = 3 };

/* Everything one array and its schema own; the two are released apart, so each has its own block. */
typedef struct array_owner {
    const void *buffers[MAX_BUFFERS];
    Py_buffer views[MAX_BUFFERS];
    bool held[MAX_BUFFERS];
    struct ArrowArray dictionary;
} array_owner;

typedef struct schema_owner {
    struct ArrowSchema dictionary;
    char text[]; /* format, name */
} schema_owner;

static void release_array(struct ArrowArray *array) {
    array_owner *owner = array->private_data;
    if (owner->dictionary.release != NULL) owner->dictionary.release(&owner->dictionary);
    if (Py_IsInitialized()) { /* after the interpreter's end there is nobody to give the buffers back to */
        PyGILState_STATE gil = PyGILState_Ensure();
        for (int i = 0; i < MAX_BUFFERS; i++)
            if (owner->held[i]) PyBuffer_Release(&owner->views[i]);
        PyGILState_Release(gil);
    }
    free(owner);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
    schema_owner *owner = schema->private_data;
    if (owner->dictionary.release != NULL) owner->dictionary.release(&owner->dictionary);
    free(owner);
    schema->release = NULL;
}

/* Bytes that n rows of a fixed-width format need in their value buffer; -1 for strings, -2 for formats not made here. */
static int64_t value_bytes(const char *format, int64_t n) {
    static const char *const wide[] = {"cC", "sSe", "iIf", "lLg"};
    if (format[0] == 'b') return n / 8 + (n % 8 != 0);
    for (int i = 0; i < 4; i++)
        if (format[0] != '\0' && format[1] == '\0' && strchr(wide[i], format[0]) != NULL) return n << i;
    if (strcmp(format, "tdD") == 0) return n * 4;
    if (strcmp(format, "tdm") == 0 || strncmp(format, "ts", 2) == 0 || strncmp(format, "tD", 2) == 0) return n * 8;
    if (strncmp(format, "d:", 2) == 0) return n * 16;
    if (strcmp(format, "u") == 0 || strcmp(format, "U") == 0) return -1;
    return -2;
}

static bool too_short(const char *name, const char *what, int64_t have, int64_t n, int64_t need) {
    PyErr_Format(PyExc_ValueError, "Column '%s': the %s buffer has %lld bytes; expected at least %lld for %lld rows", name,
                 what, (long long)have, (long long)need, (long long)n);
    return false;
}

static bool check_sizes(const array_owner *owner, const char *format, const char *name, int64_t n) {
    const Py_buffer *views = owner->views;
    if (owner->held[0] && views[0].len < n / 8 + (n % 8 != 0))
        return too_short(name, "validity", views[0].len, n, n / 8 + (n % 8 != 0));
    int64_t need = value_bytes(format, n);
    if (need == -2) {
        PyErr_Format(PyExc_TypeError, "Column '%s' has Arrow format '%s', which cannot be made from buffers", name, format);
        return false;
    }
    int64_t have = owner->held[1] ? views[1].len : 0;
    if (need >= 0) return have >= need ? true : too_short(name, "value", have, n, need);
    int64_t width = format[0] == 'U' ? 8 : 4;
    if (n == 0 && have == 0) return true;
    if (have < (n + 1) * width) return too_short(name, "offset", have, n, (n + 1) * width);
    int64_t last = 0;
    if (width == 8)
        memcpy(&last, (const char *)views[1].buf + n * 8, 8);
    else {
        int32_t narrow;
        memcpy(&narrow, (const char *)views[1].buf + n * 4, 4);
        last = narrow;
    }
    have = owner->held[2] ? views[2].len : 0;
    return have >= last ? true : too_short(name, "text", have, n, last);
}

static bool make_schema(const char *format, const char *name, struct ArrowSchema *out) {
    size_t n_format = strlen(format) + 1, n_name = strlen(name) + 1;
    schema_owner *owner = calloc(1, sizeof *owner + n_format + n_name);
    if (owner == NULL) {
        PyErr_NoMemory();
        return false;
    }
    memcpy(owner->text, format, n_format);
    memcpy(owner->text + n_format, name, n_name);
    *out = (struct ArrowSchema){.format = owner->text,
                                .name = owner->text + n_format,
                                .flags = ARROW_FLAG_NULLABLE,
                                .release = release_schema,
                                .private_data = owner};
    return true;
}

static bool hold_buffers(array_owner *owner, PyObject *buffers, const char *name) {
    Py_ssize_t n = PySequence_Size(buffers);
    if (n < 0) return false;
    if (n < 1 || n > MAX_BUFFERS) {
        PyErr_Format(PyExc_ValueError, "Column '%s' has %zd buffers; expected 1 to %d", name, n, MAX_BUFFERS);
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *buffer = PySequence_GetItem(buffers, i);
        if (buffer == NULL) return false;
        if (buffer != Py_None) {
            owner->held[i] = PyObject_GetBuffer(buffer, &owner->views[i], PyBUF_SIMPLE) == 0;
            owner->buffers[i] = owner->held[i] ? owner->views[i].buf : NULL;
        }
        bool ok = buffer == Py_None || owner->held[i];
        Py_DECREF(buffer);
        if (!ok) return false;
    }
    return true;
}

bool core_parts_to_arrow(PyObject *parts, const char *name, struct ArrowSchema *schema, struct ArrowArray *array) {
    if (!PyTuple_Check(parts) || PyTuple_Size(parts) != 4) {
        PyErr_Format(PyExc_TypeError, "Column '%s' is described by %R; expected (format, length, buffers, dictionary)", name,
                     parts);
        return false;
    }
    const char *format = core_text(PyTuple_GetItem(parts, 0), "The format");
    int64_t n;
    if (format == NULL || !core_int64(PyTuple_GetItem(parts, 1), "The length", &n)) return false;
    if (n < 0 || n > INT64_MAX / 64) {
        PyErr_Format(PyExc_ValueError, "Column '%s' has %lld rows; expected 0 or more", name, (long long)n);
        return false;
    }
    array_owner *owner = calloc(1, sizeof *owner);
    if (owner == NULL) {
        PyErr_NoMemory();
        return false;
    }
    struct ArrowSchema made = {0};
    struct ArrowArray whole = {.length = n,
                               .null_count = -1,
                               .n_buffers = strcmp(format, "u") == 0 || strcmp(format, "U") == 0 ? 3 : 2,
                               .buffers = owner->buffers,
                               .release = release_array,
                               .private_data = owner};
    PyObject *dictionary = PyTuple_GetItem(parts, 3);
    bool ok = hold_buffers(owner, PyTuple_GetItem(parts, 2), name) && make_schema(format, name, &made);
    if (strcmp(format, "n") == 0)
        whole.n_buffers = 0;
    else
        ok = ok && check_sizes(owner, format, name, n);
    if (ok && dictionary != Py_None) {
        schema_owner *names = made.private_data;
        ok = core_parts_to_arrow(dictionary, name, &names->dictionary, &owner->dictionary);
        made.dictionary = &names->dictionary;
        whole.dictionary = &owner->dictionary;
    }
    if (ok) {
        if (!owner->held[0]) whole.null_count = strcmp(format, "n") == 0 ? n : 0;
        *schema = made;
        *array = whole;
    } else {
        release_array(&whole);
        if (made.release != NULL) release_schema(&made);
    }
    return ok;
}
