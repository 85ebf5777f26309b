/* module.c: patron._core, the extension module: its state, its types, how it begins and ends.
 *
 * Multi-phase initialisation, heap types, all state in the module (PEP 489, PEP 573): importing it twice gives two that never
 * meet. Only the limited API of Python 3.11 is used, and numpy through Python, so one build serves every later version of
 * both. Sub-interpreters are refused, as numpy refuses them: memory given away through Arrow may be released on threads that
 * know only the main interpreter. */
#include "state.h"

#include <string.h>

core_state *core_state_of(PyObject *module) { return PyModule_GetState(module); }

PyObject *core_new(PyTypeObject *type) { return PyType_GenericAlloc(type, 0); }

int core_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    return 0;
}

void core_free(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

int core_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **out) {
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL) {
        if (!PyErr_Occurred()) PyErr_NoMemory(); /* 3.11 does not say so for the copy of the name */
        return -1;
    }
    *out = (PyTypeObject *)type;
    return PyModule_AddType(module, *out);
}

static int import_numpy(core_state *state) {
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL) return -1;
    state->np_empty = PyObject_GetAttrString(numpy, "empty");
    if (state->np_empty != NULL) state->np_frombuffer = PyObject_GetAttrString(numpy, "frombuffer");
    Py_DECREF(numpy);
    return state->np_frombuffer == NULL ? -1 : 0;
}

static int add_errors(PyObject *module, core_state *state) {
    state->format_error = PyErr_NewExceptionWithDoc(
        "patron.FormatError", "A file that is damaged, of another kind, or from a newer version of the library.",
        PyExc_ValueError, NULL);
    if (state->format_error == NULL) return -1;
    return PyModule_AddObjectRef(module, "FormatError", state->format_error);
}

static int module_exec(PyObject *module) {
    core_state *state = core_state_of(module);
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
        PyErr_SetString(PyExc_ImportError, "patron works in the main interpreter only, not in sub-interpreters, like numpy");
        return -1;
    }
    if (strcmp(patron_version(), PATRON_VERSION) != 0) {
        PyErr_Format(PyExc_ImportError,
                     "patron %s found libpatron %s in the process, loaded by something else before; expected its own version",
                     PATRON_VERSION, patron_version());
        return -1;
    }
    if (import_numpy(state) != 0 || add_errors(module, state) != 0) return -1;
    if (core_add_context(module) != 0 || core_add_arrays(module) != 0 || core_add_table(module) != 0) return -1;
    if (core_add_log(module) != 0 || core_add_profile(module) != 0 || core_add_rfm(module) != 0) return -1;
    if (core_add_numbers(module) != 0) return -1;
    return PyModule_AddStringConstant(module, "__version__", patron_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    core_state *state = core_state_of(module);
    Py_VISIT(state->progress_key);
    Py_VISIT(state->format_error);
    Py_VISIT(state->np_empty);
    Py_VISIT(state->np_frombuffer);
    Py_VISIT(state->memory_type);
    Py_VISIT(state->table_type);
    Py_VISIT(state->log_type);
    Py_VISIT(state->rfm_type);
    return 0;
}

static int module_clear(PyObject *module) {
    core_state *state = core_state_of(module);
    Py_CLEAR(state->progress_key);
    Py_CLEAR(state->format_error);
    Py_CLEAR(state->np_empty);
    Py_CLEAR(state->np_frombuffer);
    Py_CLEAR(state->memory_type);
    Py_CLEAR(state->table_type);
    Py_CLEAR(state->log_type);
    Py_CLEAR(state->rfm_type);
    return 0;
}

static void module_free(void *module) {
    core_state *state = core_state_of(module);
    (void)module_clear(module);
    patron_ctx_destroy(state->ctx);
    state->ctx = NULL;
    PyThread_tss_free(state->calls);
    state->calls = NULL;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)(uintptr_t)module_exec},
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "patron._core",
    .m_doc = "The C core of patron.",
    .m_size = sizeof(core_state),
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&definition); }
