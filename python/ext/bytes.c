/* bytes.c: what the core hands over as bytes, as Python's. A copy of hundreds of megabytes takes a while, so it is made in
 * pieces with the GIL released and Ctrl-C looked at between them. */
#include "state.h"

#include <string.h>

enum { PIECE = 16 << 20 };

PyObject *core_take_bytes(patron_bytes *bytes) {
    const int64_t size = patron_bytes_size(bytes);
    const char *from = patron_bytes_data(bytes);
    PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    char *to = result != NULL ? PyBytes_AsString(result) : NULL; /* nobody else knows the object yet */
    for (int64_t done = 0; result != NULL && done < size; done += PIECE) {
        size_t n = (size_t)(size - done < PIECE ? size - done : PIECE);
        Py_BEGIN_ALLOW_THREADS;
        memcpy(to + done, from + done, n);
        Py_END_ALLOW_THREADS;
        if (PyErr_CheckSignals() != 0) Py_CLEAR(result);
    }
    patron_bytes_destroy(bytes);
    return result;
}
