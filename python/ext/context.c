/* context.c: the module's context: calls with the GIL released, Ctrl-C, progress, threads, memory.
 *
 * The core asks "cancelled?" on the thread that called it. The answer needs the GIL and the thread state that core_begin put
 * aside; both are found through a thread-specific slot of the module, because the context's one callback_state serves all
 * threads. Signal handlers run in the main thread only, so that is where Ctrl-C ends a call. An exception that a handler or a
 * progress callback raises stays set in the thread state until core_end reports it. */
#include "state.h"

void core_begin(core_call *call, core_state *state) {
    *call = (core_call){.state = state, .outer = PyThread_tss_get(state->calls)};
    PyObject *dict = PyThreadState_GetDict(); /* borrowed */
    if (dict != NULL) {
        call->progress = PyDict_GetItemWithError(dict, state->progress_key);
        Py_XINCREF(call->progress);
    }
    PyErr_Clear();
    /* A slot that cannot be set costs Ctrl-C and progress, not the call. */
    (void)PyThread_tss_set(state->calls, call);
    call->thread = PyEval_SaveThread();
}

bool core_end(core_call *call, patron_status status, PyObject *path) {
    PyEval_RestoreThread(call->thread);
    (void)PyThread_tss_set(call->state->calls, call->outer);
    Py_CLEAR(call->progress);
    if (call->raised) return false;
    if (status == PATRON_OK) return true;
    core_raise(call->state, status, &call->error, path);
    return false;
}

static int cancelled(void *calls) {
    core_call *call = PyThread_tss_get(calls);
    if (call == NULL) return 0;
    if (call->raised) return 1;
    PyEval_RestoreThread(call->thread);
    call->raised = PyErr_CheckSignals() != 0;
    call->thread = PyEval_SaveThread();
    return call->raised;
}

static void progress(void *calls, const char *what, int64_t done, int64_t total) {
    core_call *call = PyThread_tss_get(calls);
    if (call == NULL || call->progress == NULL || call->raised) return;
    PyEval_RestoreThread(call->thread);
    PyObject *result = PyObject_CallFunction(call->progress, "sLL", what, (long long)done, (long long)total);
    call->raised = result == NULL;
    Py_XDECREF(result);
    call->thread = PyEval_SaveThread();
}

/* ---- functions ---- */

static PyObject *set_progress(PyObject *module, PyObject *callback) {
    core_state *state = core_state_of(module);
    PyObject *dict = PyThreadState_GetDict();
    if (dict == NULL) return PyErr_NoMemory();
    PyObject *before = PyDict_GetItemWithError(dict, state->progress_key);
    if (before == NULL && PyErr_Occurred()) return NULL;
    before = Py_NewRef(before != NULL ? before : Py_None);
    int failed = 0;
    if (callback != Py_None)
        failed = PyDict_SetItem(dict, state->progress_key, callback);
    else if (before != Py_None)
        failed = PyDict_DelItem(dict, state->progress_key);
    if (failed) Py_CLEAR(before);
    return before;
}

static PyObject *set_threads(PyObject *module, PyObject *value) {
    core_state *state = core_state_of(module);
    int n;
    if (!core_int(value, "The number of threads", &n)) return NULL;
    patron_error error = {0};
    patron_status status = patron_ctx_set_threads(state->ctx, n, &error);
    if (status != PATRON_OK) {
        core_raise(state, status, &error, NULL);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *get_threads(PyObject *module, PyObject *Py_UNUSED(unused)) {
    return PyLong_FromLong(patron_ctx_threads(core_state_of(module)->ctx));
}

static PyObject *cpu(PyObject *module, PyObject *Py_UNUSED(unused)) {
    return PyUnicode_FromString(patron_ctx_cpu(core_state_of(module)->ctx));
}

static PyObject *set_memory_cap(PyObject *module, PyObject *value) {
    core_state *state = core_state_of(module);
    int64_t bytes = 0;
    if (value != Py_None && !core_int64(value, "The memory cap", &bytes)) return NULL;
    if (value != Py_None && bytes < 1)
        return PyErr_Format(PyExc_ValueError, "The memory cap is %lld; expected at least 1 byte, or None for no cap",
                            (long long)bytes);
    patron_ctx_set_memory_cap(state->ctx, (uint64_t)bytes);
    Py_RETURN_NONE;
}

static PyObject *memory(PyObject *module, PyObject *Py_UNUSED(unused)) {
    return PyLong_FromUnsignedLongLong(patron_ctx_memory(core_state_of(module)->ctx));
}

static PyObject *memory_peak(PyObject *module, PyObject *Py_UNUSED(unused)) {
    return PyLong_FromUnsignedLongLong(patron_ctx_memory_peak(core_state_of(module)->ctx));
}

static PyObject *memory_peak_reset(PyObject *module, PyObject *Py_UNUSED(unused)) {
    patron_ctx_memory_peak_reset(core_state_of(module)->ctx);
    Py_RETURN_NONE;
}

static PyObject *section_tuple(const patron_file_section *section) {
    return Py_BuildValue("(ssLL)", section->name, patron_section_type_name(section->type), (long long)section->count,
                         (long long)section->bytes);
}

static PyObject *describe_file(const patron_file_info *info) {
    PyObject *sections = PyList_New(0);
    for (int64_t i = 0; sections != NULL && i < info->n_sections; i++) {
        PyObject *section = section_tuple(patron_file_info_section(info, i));
        if (section == NULL || PyList_Append(sections, section) != 0) Py_CLEAR(sections);
        Py_XDECREF(section);
    }
    if (sections == NULL) return NULL;
    return Py_BuildValue("{s:s,s:i,s:i,s:s,s:L,s:N}", "kind", info->kind, "version", (int)info->kind_version, "format",
                         (int)info->format_version, "library", info->writer, "length", (long long)info->length, "sections",
                         sections);
}

static PyObject *inspect(PyObject *module, PyObject *path) {
    core_state *state = core_state_of(module);
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    patron_file_info *info = NULL;
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_file_inspect(state->ctx, PyBytes_AsString(encoded), &info, &call.error);
    PyObject *result = core_end(&call, status, path) ? describe_file(info) : NULL;
    patron_file_info_destroy(info);
    Py_DECREF(encoded);
    return result;
}

static PyObject *verify(PyObject *module, PyObject *path) {
    core_state *state = core_state_of(module);
    PyObject *encoded;
    if (!PyUnicode_FSConverter(path, &encoded)) return NULL;
    core_call call;
    core_begin(&call, state);
    bool ok = core_end(&call, patron_file_verify(state->ctx, PyBytes_AsString(encoded), &call.error), path);
    Py_DECREF(encoded);
    return ok ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef functions[] = {
    {"set_progress", set_progress, METH_O,
     "set_progress(callback, /)\n--\n\nCalled as callback(what, done, total) by calls of this thread; None: none. Returns the "
     "one "
     "before."},
    {"set_threads", set_threads, METH_O,
     "set_threads(n, /)\n--\n\nUse exactly n threads from the next call on; 0: what affinity and cgroup allow."},
    {"get_threads", get_threads, METH_NOARGS, "get_threads()\n--\n\nThe number of threads in use."},
    {"cpu", cpu, METH_NOARGS, "cpu()\n--\n\nThe vector width in use: 'generic', 'avx2' or 'avx512'."},
    {"set_memory_cap", set_memory_cap, METH_O,
     "set_memory_cap(bytes, /)\n--\n\nFrom now on all objects of the library together may hold at most so many bytes, else a "
     "MemoryError; None: no cap. Arrays and frames made from them are Python's."},
    {"memory", memory, METH_NOARGS, "memory()\n--\n\nBytes that all objects of the library hold."},
    {"memory_peak", memory_peak, METH_NOARGS, "memory_peak()\n--\n\nThe most bytes held since the last reset."},
    {"memory_peak_reset", memory_peak_reset, METH_NOARGS, "memory_peak_reset()\n--\n\nThe peak is what is held now."},
    {"inspect", inspect, METH_O,
     "inspect(path, /)\n--\n\nWhat a saved file holds: kind, version, library, sections as (name, type, count, bytes)."},
    {"verify", verify, METH_O, "verify(path, /)\n--\n\nReads a saved file and checks every byte of it."},
    {NULL, NULL, 0, NULL},
};

int core_add_context(PyObject *module) {
    core_state *state = core_state_of(module);
    state->calls = PyThread_tss_alloc();
    if (state->calls == NULL || PyThread_tss_create(state->calls) != 0) {
        PyErr_NoMemory();
        return -1;
    }
    state->progress_key = PyUnicode_FromString("patron.progress");
    if (state->progress_key == NULL) return -1;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.callback_state = state->calls;
    options.cancelled = cancelled;
    options.progress = progress;
    patron_error error = {0};
    patron_status status = patron_ctx_create(&options, &state->ctx, &error);
    if (status != PATRON_OK) {
        core_raise(state, status, &error, NULL);
        return -1;
    }
    return PyModule_AddFunctions(module, functions);
}
