/* numbers.c: the core's own arithmetic on arrays, for tests that hold it against other implementations. */
#include "state.h"

typedef patron_status (*map_function)(patron_ctx *, int64_t, const double *, double *, patron_error *);

static PyObject *map(PyObject *module, PyObject *x, map_function function) {
    core_state *state = core_state_of(module);
    Py_buffer in;
    if (!core_buffer(x, "x", 'd', 8, false, &in)) return NULL;
    void *out;
    const int64_t n = in.shape[0];
    PyObject *result = core_new_array(state, n, "float64", &out);
    if (result != NULL) {
        core_call call;
        core_begin(&call, state);
        if (!core_end(&call, function(state->ctx, n, in.buf, out, &call.error), NULL)) Py_CLEAR(result);
    }
    PyBuffer_Release(&in);
    return result;
}

static PyObject *math_exp(PyObject *module, PyObject *x) { return map(module, x, patron_math_exp); }
static PyObject *math_log(PyObject *module, PyObject *x) { return map(module, x, patron_math_log); }
static PyObject *math_log_gamma(PyObject *module, PyObject *x) { return map(module, x, patron_math_log_gamma); }

static PyObject *math_sum(PyObject *module, PyObject *x) {
    core_state *state = core_state_of(module);
    Py_buffer in;
    if (!core_buffer(x, "x", 'd', 8, false, &in)) return NULL;
    double sum = 0;
    core_call call;
    core_begin(&call, state);
    bool ok = core_end(&call, patron_math_sum(state->ctx, in.shape[0], in.buf, &sum, &call.error), NULL);
    PyBuffer_Release(&in);
    return ok ? PyFloat_FromDouble(sum) : NULL;
}

static PyObject *sort_order(PyObject *module, PyObject *keys) {
    core_state *state = core_state_of(module);
    Py_buffer in;
    if (!core_buffer(keys, "keys", 'q', 8, false, &in)) return NULL;
    void *order;
    const int64_t n = in.shape[0];
    PyObject *result = core_new_array(state, n, "int64", &order);
    if (result != NULL) {
        core_call call;
        core_begin(&call, state);
        if (!core_end(&call, patron_sort_order(state->ctx, n, in.buf, order, &call.error), NULL)) Py_CLEAR(result);
    }
    PyBuffer_Release(&in);
    return result;
}

static PyObject *random_uniform(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    core_state *state = core_state_of(module);
    static const char *const names[] = {"n", "seed", "stream", "first", NULL};
    PyObject *given[4];
    int64_t n, seed = 0, stream = 0, first = 0;
    if (!core_arguments("random_uniform", names, 4, 1, args, nargs, kwnames, given)) return NULL;
    if (!core_int64(given[0], "n", &n) || (given[1] && !core_int64(given[1], "seed", &seed)) ||
        (given[2] && !core_int64(given[2], "stream", &stream)) || (given[3] && !core_int64(given[3], "first", &first)))
        return NULL;
    if (n < 0) {
        PyErr_Format(PyExc_ValueError, "n is %lld; expected 0 or more", (long long)n);
        return NULL;
    }
    void *out;
    PyObject *result = core_new_array(state, n, "float64", &out);
    if (result == NULL) return NULL;
    core_call call;
    core_begin(&call, state);
    patron_status status =
        patron_random_uniform(state->ctx, (uint64_t)seed, (uint64_t)stream, (uint64_t)first, n, out, &call.error);
    if (!core_end(&call, status, NULL)) Py_CLEAR(result);
    return result;
}

static PyMethodDef functions[] = {
    {"exp", math_exp, METH_O, "exp(x, /)\n--\n\nThe exponential of a float64 array."},
    {"log", math_log, METH_O, "log(x, /)\n--\n\nThe natural logarithm of a float64 array."},
    {"log_gamma", math_log_gamma, METH_O, "log_gamma(x, /)\n--\n\nThe logarithm of the gamma function of a float64 array."},
    {"sum", math_sum, METH_O, "sum(x, /)\n--\n\nThe sum of a float64 array in sixteen fixed lanes."},
    {"sort_order", sort_order, METH_O, "sort_order(keys, /)\n--\n\nThe stable order that sorts an int64 array."},
    {"random_uniform", (PyCFunction)(void (*)(void))random_uniform, METH_FASTCALL | METH_KEYWORDS,
     "random_uniform(n, seed=0, stream=0, first=0)\n--\n\nNumbers first .. of a stream, in [0, 1)."},
    {NULL, NULL, 0, NULL},
};

int core_add_numbers(PyObject *module) { return PyModule_AddFunctions(module, functions); }
