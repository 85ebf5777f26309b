/* errors.c: statuses of the core as Python exceptions.
 *
 *     invalid, not found, limit   ValueError        wrong type     TypeError
 *     no memory                   MemoryError       I/O            OSError with errno and, where known, the file
 *     file format                 FormatError       cancelled      what the signal handler raised, else KeyboardInterrupt */
#include "state.h"

#include <string.h>

/* Messages may end in the middle of a character when a long name was cut. */
static PyObject *message_of(const patron_error *error) {
    return PyUnicode_DecodeUTF8(error->message, (Py_ssize_t)strlen(error->message), "replace");
}

static void raise_os_error(const patron_error *error, PyObject *message, PyObject *path) {
    if (error->os_error == 0) {
        PyErr_SetObject(PyExc_OSError, message);
        return;
    }
    PyObject *args = NULL;
    if (path != NULL) {
        PyObject *reason = PyUnicode_DecodeLocale(strerror(error->os_error), "surrogateescape");
        if (reason != NULL) args = Py_BuildValue("(iNO)", error->os_error, reason, path);
    } else {
        args = Py_BuildValue("(iO)", error->os_error, message);
    }
    if (args != NULL) PyErr_SetObject(PyExc_OSError, args);
    Py_XDECREF(args);
}

void core_raise(core_state *state, patron_status status, const patron_error *error, PyObject *path) {
    if (PyErr_Occurred()) return; /* what a callback raised is the cause */
    PyObject *message = message_of(error);
    if (message == NULL) return;
    switch (status) {
    case PATRON_ERR_TYPE:
        PyErr_SetObject(PyExc_TypeError, message);
        break;
    case PATRON_ERR_NO_MEMORY:
        PyErr_SetObject(PyExc_MemoryError, message);
        break;
    case PATRON_ERR_IO:
        raise_os_error(error, message, path);
        break;
    case PATRON_ERR_FORMAT:
        PyErr_SetObject(state->format_error, message);
        break;
    case PATRON_ERR_CANCELLED:
        PyErr_SetObject(PyExc_KeyboardInterrupt, message);
        break;
    case PATRON_OK:
    case PATRON_ERR_INVALID:
    case PATRON_ERR_NOT_FOUND:
    case PATRON_ERR_LIMIT:
    default:
        PyErr_SetObject(PyExc_ValueError, message);
        break;
    }
    Py_DECREF(message);
}
