/* type_rfm.c: _core.RFM, a fitted patron_rfm as a Python object. Immutable. */
#include "state.h"

typedef struct rfm_object {
    PyObject_HEAD core_state *state;
    patron_rfm *rfm;
} rfm_object;

static PyObject *finish(core_call *call, patron_status status, patron_rfm **rfm, PyObject *path) {
    rfm_object *self = NULL;
    if (core_end(call, status, path)) self = (rfm_object *)core_new(call->state->rfm_type);
    if (self == NULL) {
        patron_rfm_destroy(*rfm);
        return NULL;
    }
    self->state = call->state;
    self->rfm = *rfm;
    return (PyObject *)self;
}

static void rfm_dealloc(PyObject *object) {
    PyObject_GC_UnTrack(object);
    patron_rfm_destroy(((rfm_object *)object)->rfm);
    core_free(object);
}

/* Recency, frequency and monetary: three float64 arrays of one length. */
typedef struct measures {
    Py_buffer views[3];
    int held;
    int64_t n;
} measures;

static void measures_fini(measures *m) {
    while (m->held > 0) PyBuffer_Release(&m->views[--m->held]);
}

static bool measures_init(measures *m, PyObject *const *values) {
    static const char *const names[] = {"recency", "frequency", "monetary"};
    m->held = 0;
    for (int i = 0; i < 3; i++) {
        if (!core_buffer(values[i], names[i], 'd', 8, false, &m->views[i])) {
            measures_fini(m);
            return false;
        }
        m->held++;
        m->n = m->views[0].shape[0];
        if (m->views[i].shape[0] == m->n) continue;
        PyErr_Format(PyExc_ValueError, "%s has %zd values, recency %lld; expected as many", names[i], m->views[i].shape[0],
                     (long long)m->n);
        measures_fini(m);
        return false;
    }
    return true;
}

/* Cut points by hand. */
static bool read_cuts(PyObject *value, const char *what, Py_buffer *view, bool *held, const double **cuts, int *n) {
    if (value == NULL || value == Py_None) return true;
    if (!core_buffer(value, what, 'd', 8, false, view)) return false;
    *held = true;
    *cuts = view->buf;
    *n = view->shape[0] < INT_MAX ? (int)view->shape[0] : INT_MAX;
    return true;
}

static PyObject *rfm_fit(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    core_state *state = core_state_of(module);
    static const char *const names[] = {"recency",        "frequency",     "monetary", "bins", "recency_cuts",
                                        "frequency_cuts", "monetary_cuts", "columns",  NULL};
    PyObject *given[8];
    if (!core_arguments("rfm_fit", names, 3, 3, args, nargs, kwnames, given)) return NULL;
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    if (given[3] != NULL && !core_int(given[3], "bins", &options.bins)) return NULL;
    if (given[7] != NULL) {
        if (!PyTuple_Check(given[7]) || PyTuple_Size(given[7]) != 3) {
            PyErr_Format(PyExc_TypeError, "columns is %R; expected a tuple of three names", given[7]);
            return NULL;
        }
        const char **columns[] = {&options.recency_column, &options.frequency_column, &options.monetary_column};
        for (int i = 0; i < 3; i++)
            if ((*columns[i] = core_text(PyTuple_GetItem(given[7], i), "The name of a column")) == NULL) return NULL;
    }
    measures m;
    if (!measures_init(&m, given)) return NULL;
    Py_buffer cuts[3];
    bool held[3] = {false, false, false};
    PyObject *result = NULL;
    if (read_cuts(given[4], names[4], &cuts[0], &held[0], &options.recency_cuts, &options.n_recency_cuts) &&
        read_cuts(given[5], names[5], &cuts[1], &held[1], &options.frequency_cuts, &options.n_frequency_cuts) &&
        read_cuts(given[6], names[6], &cuts[2], &held[2], &options.monetary_cuts, &options.n_monetary_cuts)) {
        patron_rfm *rfm = NULL;
        core_call call;
        core_begin(&call, state);
        patron_status status =
            patron_rfm_fit(state->ctx, m.n, m.views[0].buf, m.views[1].buf, m.views[2].buf, &options, &rfm, &call.error);
        result = finish(&call, status, &rfm, NULL);
    }
    for (int i = 0; i < 3; i++)
        if (held[i]) PyBuffer_Release(&cuts[i]);
    measures_fini(&m);
    return result;
}

static PyObject *rfm_predict(PyObject *object, PyObject *const *args, Py_ssize_t nargs) {
    rfm_object *self = (rfm_object *)object;
    if (nargs != 3) {
        PyErr_Format(PyExc_TypeError, "predict() takes recency, frequency, monetary; %zd arguments were given", nargs);
        return NULL;
    }
    measures m;
    if (!measures_init(&m, args)) return NULL;
    PyObject *arrays[4] = {NULL, NULL, NULL, NULL}, *result = NULL;
    void *out[4];
    bool ok = true;
    for (int i = 0; ok && i < 4; i++) {
        arrays[i] = core_new_array(self->state, m.n, "uint8", &out[i]);
        ok = arrays[i] != NULL;
    }
    if (ok) {
        core_call call;
        core_begin(&call, self->state);
        patron_status status = patron_rfm_predict(self->rfm, m.n, m.views[0].buf, m.views[1].buf, m.views[2].buf, out[0],
                                                  out[1], out[2], out[3], &call.error);
        if (core_end(&call, status, NULL)) result = PyTuple_Pack(4, arrays[0], arrays[1], arrays[2], arrays[3]);
    }
    for (int i = 0; i < 4; i++) Py_XDECREF(arrays[i]);
    measures_fini(&m);
    return result;
}

static PyObject *rfm_thresholds(PyObject *object, PyObject *which) {
    rfm_object *self = (rfm_object *)object;
    const char *name = core_text(which, "The name of a measure");
    if (name == NULL) return NULL;
    const double *values;
    int n;
    patron_error error = {0};
    patron_status status = patron_rfm_thresholds(self->rfm, name, &values, &n, &error);
    if (status != PATRON_OK) {
        core_raise(self->state, status, &error, NULL);
        return NULL;
    }
    void *data;
    PyObject *result = core_new_array(self->state, n, "float64", &data);
    for (int i = 0; result != NULL && i < n; i++) ((double *)data)[i] = values[i];
    return result;
}

static PyObject *get_columns(PyObject *self, void *Py_UNUSED(closure)) {
    static const char *const names[] = {"recency", "frequency", "monetary"};
    const char *columns[3];
    for (int i = 0; i < 3; i++) columns[i] = patron_rfm_column(((rfm_object *)self)->rfm, names[i]);
    return Py_BuildValue("(zzz)", columns[0], columns[1], columns[2]);
}

static PyObject *get_bins(PyObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromLong(patron_rfm_bins(((rfm_object *)self)->rfm));
}

static PyObject *rfm_save(PyObject *object, PyObject *path) {
    rfm_object *self = (rfm_object *)object;
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    core_call call;
    core_begin(&call, self->state);
    bool ok = core_end(&call, patron_rfm_save(self->rfm, PyBytes_AsString(encoded), &call.error), path);
    Py_DECREF(encoded);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyObject *rfm_to_bytes(PyObject *object, PyObject *Py_UNUSED(unused)) {
    rfm_object *self = (rfm_object *)object;
    patron_bytes *bytes = NULL;
    core_call call;
    core_begin(&call, self->state);
    if (core_end(&call, patron_rfm_to_bytes(self->rfm, &bytes, &call.error), NULL)) return core_take_bytes(bytes);
    patron_bytes_destroy(bytes);
    return NULL;
}

static PyObject *rfm_load(PyObject *module, PyObject *path) {
    core_state *state = core_state_of(module);
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    patron_rfm *rfm = NULL;
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_rfm_load(state->ctx, PyBytes_AsString(encoded), &rfm, &call.error);
    PyObject *result = finish(&call, status, &rfm, path);
    Py_DECREF(encoded);
    return result;
}

static PyObject *rfm_from_bytes(PyObject *module, PyObject *data) {
    core_state *state = core_state_of(module);
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) return NULL;
    patron_rfm *rfm = NULL;
    core_call call;
    core_begin(&call, state);
    PyObject *result = finish(&call, patron_rfm_from_bytes(state->ctx, view.buf, view.len, &rfm, &call.error), &rfm, NULL);
    PyBuffer_Release(&view);
    return result;
}

static PyObject *rfm_segment_names(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused)) {
    PyObject *names = PyList_New(0);
    for (int i = 0; names != NULL && i < PATRON_RFM_N_SEGMENTS; i++) {
        PyObject *name = PyUnicode_FromString(patron_rfm_segment_name(i));
        if (name == NULL || PyList_Append(names, name) != 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyMethodDef methods[] = {
    {"predict", (PyCFunction)(void (*)(void))rfm_predict, METH_FASTCALL,
     "predict($self, recency, frequency, monetary, /)\n--\n\nScores r, f, m and segment numbers, uint8."},
    {"thresholds", rfm_thresholds, METH_O, "thresholds($self, which, /)\n--\n\nThe thresholds of a measure."},
    {"save", rfm_save, METH_O, "save($self, path, /)\n--\n\nSaves the model to a file, at once or not at all."},
    {"to_bytes", rfm_to_bytes, METH_NOARGS, "to_bytes($self)\n--\n\nThe bytes of the file."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    {"bins", get_bins, NULL, "The number of scores.", NULL},
    {"columns", get_columns, NULL, "The columns of the profiles that are scored; None for one that is not kept.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Thresholds of recency, frequency and monetary; immutable."},
    {Py_tp_dealloc, (void *)(uintptr_t)rfm_dealloc},
    {Py_tp_traverse, (void *)(uintptr_t)core_traverse},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "patron._core.RFM",
    .basicsize = sizeof(rfm_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

static PyMethodDef functions[] = {
    {"rfm_fit", (PyCFunction)(void (*)(void))rfm_fit, METH_FASTCALL | METH_KEYWORDS,
     "rfm_fit(recency, frequency, monetary, *, bins=5, recency_cuts=None, frequency_cuts=None, monetary_cuts=None, "
     "columns=None)\n--\n\n"
     "Learns thresholds from customers."},
    {"rfm_load", rfm_load, METH_O, "rfm_load(path, /)\n--\n\nA saved model."},
    {"rfm_from_bytes", rfm_from_bytes, METH_O, "rfm_from_bytes(data, /)\n--\n\nA model from the bytes of its file."},
    {"rfm_segment_names", rfm_segment_names, METH_NOARGS, "rfm_segment_names()\n--\n\nThe names of the segments by number."},
    {NULL, NULL, 0, NULL},
};

int core_add_rfm(PyObject *module) {
    if (core_add_type(module, &spec, &core_state_of(module)->rfm_type) != 0) return -1;
    return PyModule_AddFunctions(module, functions);
}
