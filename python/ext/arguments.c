/* arguments.c: reading the arguments of a call: by position or name, each checked and named in the error.
 *
 * PyArg_Parse cannot read a vectorcall in the limited API; this is the part of it that the extension needs. */
#include "state.h"

#include <string.h>

static int position_of(const char *const *names, PyObject *name) {
    for (int i = 0; names[i] != NULL; i++)
        if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0) return i;
    return -1;
}

bool core_arguments(const char *function, const char *const *names, int n_positional, int n_required, PyObject *const *args,
                    Py_ssize_t nargs, PyObject *kwnames, PyObject **out) {
    for (int i = 0; names[i] != NULL; i++) out[i] = NULL;
    if (nargs > n_positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments; %zd were given", function, n_positional,
                     nargs);
        return false;
    }
    for (Py_ssize_t i = 0; i < nargs; i++) out[i] = args[i];
    Py_ssize_t n_named = kwnames != NULL ? PyTuple_Size(kwnames) : 0;
    for (Py_ssize_t i = 0; i < n_named; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i);
        int at = position_of(names, name);
        if (at < 0 || out[at] != NULL) {
            PyErr_Format(PyExc_TypeError, at < 0 ? "%s() has no argument named %R" : "%s() was given the argument %R twice",
                         function, name);
            return false;
        }
        out[at] = args[nargs + i];
    }
    for (int i = 0; i < n_required; i++) {
        if (out[i] != NULL) continue;
        PyErr_Format(PyExc_TypeError, "%s() needs the argument '%s'", function, names[i]);
        return false;
    }
    return true;
}

const char *core_text(PyObject *value, const char *what) {
    if (!PyUnicode_Check(value)) {
        PyObject *type = PyType_GetName(Py_TYPE(value));
        if (type != NULL) PyErr_Format(PyExc_TypeError, "%s is %R of type %U; expected str", what, value, type);
        Py_XDECREF(type);
        return NULL;
    }
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(value, &length);
    if (text != NULL && strlen(text) != (size_t)length) {
        PyErr_Format(PyExc_ValueError, "%s is %R; expected no null character", what, value);
        return NULL;
    }
    return text;
}

bool core_optional_text(PyObject *value, const char *what, const char **out) {
    if (value == NULL || value == Py_None) return true;
    const char *text = core_text(value, what);
    if (text == NULL) return false;
    *out = text;
    return true;
}

bool core_int64(PyObject *value, const char *what, int64_t *out) {
    PyObject *index = PyNumber_Index(value);
    if (index == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_Format(PyExc_TypeError, "%s is %R; expected an int", what, value);
        return false;
    }
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(index, &overflow);
    Py_DECREF(index);
    if (overflow) {
        PyErr_Format(PyExc_ValueError, "%s is %R; expected a number of 64 bits", what, value);
        return false;
    }
    if (number == -1 && PyErr_Occurred()) return false;
    *out = number;
    return true;
}

bool core_int(PyObject *value, const char *what, int *out) {
    int64_t number;
    if (!core_int64(value, what, &number)) return false;
    if (number < INT_MIN || number > INT_MAX) {
        PyErr_Format(PyExc_ValueError, "%s is %R; expected a number of 32 bits", what, value);
        return false;
    }
    *out = (int)number;
    return true;
}

bool core_flag(PyObject *value, int *out) {
    if (value == NULL) return true;
    int truth = PyObject_IsTrue(value);
    if (truth < 0) return false;
    *out = truth;
    return true;
}

/* numpy writes int64 as 'l', others as 'q'; both are eight bytes where this library runs. */
static bool same_format(const char *given, char wanted) {
    if (given == NULL) return wanted == 'B';
    if (*given == '@' || *given == '=' || *given == '<') given++;
    if (given[0] == '\0' || given[1] != '\0') return false;
    return given[0] == wanted || (wanted == 'q' && given[0] == 'l') || (wanted == 'Q' && given[0] == 'L');
}

bool core_buffer(PyObject *value, const char *what, char format, Py_ssize_t size, bool writable, Py_buffer *out) {
    if (PyObject_GetBuffer(value, out, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) != 0) {
        bool unfit = PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError) ||
                     PyErr_ExceptionMatches(PyExc_BufferError);
        if (!unfit) return false; /* no memory, say */
        PyErr_Clear();
        PyObject *type = PyType_GetName(Py_TYPE(value));
        if (type != NULL) PyErr_Format(PyExc_TypeError, "%s is of type %U; expected a contiguous array", what, type);
        Py_XDECREF(type);
        return false;
    }
    if (out->ndim != 1 || out->itemsize != size || !same_format(out->format, format)) {
        PyErr_Format(PyExc_TypeError, "%s has %d dimensions and item format '%s'; expected one dimension of '%c'", what,
                     out->ndim, out->format != NULL ? out->format : "B", format);
        PyBuffer_Release(out);
        return false;
    }
    return true;
}
