/* arrays.c: columns as numpy arrays.
 *
 * A column is exported as one Arrow array. Where Arrow's values are numpy's (fixed width, no nulls) the numpy array looks at
 * them through a Memory, an object that owns the Arrow array and shows its bytes read-only: no copy, and the memory lives as
 * long as the numpy array. Elsewhere values are copied, with NaN, NaT or None for null:
 *
 *     int8 .. int64, uint8 .. uint32   int64; with nulls float64, or objects with None where float64 cannot hold a value
 *     uint64                           uint64; with nulls likewise
 *     bool                             bool; with nulls objects
 *     float16, float32, float64        the same; decimal: float64
 *     timestamp, duration, date        datetime64 or timedelta64 in the column's unit; date: datetime64[D]
 *     string                           objects (str)
 *     dictionary                       what the codes stand for */
#include "state.h"

#include <string.h>

#define EXACT (INT64_C(1) << 53) /* float64 holds every integer up to here */

typedef struct memory_object {
    PyObject_HEAD struct ArrowArray array;
    const void *data;
    Py_ssize_t size;
} memory_object;

static void memory_dealloc(PyObject *object) {
    PyObject_GC_UnTrack(object);
    memory_object *self = (memory_object *)object;
    if (self->array.release != NULL) self->array.release(&self->array);
    core_free(object);
}

static int memory_getbuffer(PyObject *object, Py_buffer *view, int flags) {
    memory_object *self = (memory_object *)object;
    return PyBuffer_FillInfo(view, object, (void *)(uintptr_t)self->data, self->size, 1, flags);
}

static PyType_Slot memory_slots[] = {
    {Py_tp_doc, "Memory of the library, shown to numpy."},
    {Py_tp_dealloc, (void *)(uintptr_t)memory_dealloc},
    {Py_tp_traverse, (void *)(uintptr_t)core_traverse},
    {Py_bf_getbuffer, (void *)(uintptr_t)memory_getbuffer},
    {0, NULL},
};

static PyType_Spec memory_spec = {
    .name = "patron._core.Memory",
    .basicsize = sizeof(memory_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = memory_slots,
};

int core_add_arrays(PyObject *module) { return core_add_type(module, &memory_spec, &core_state_of(module)->memory_type); }

PyObject *core_new_array(core_state *state, int64_t n, const char *dtype, void **data) {
    PyObject *array = PyObject_CallFunction(state->np_empty, "Ls", (long long)n, dtype);
    if (array == NULL) return NULL;
    /* numpy gives no buffer of datetime64, so its memory is reached through a view. */
    PyObject *bytes = PyObject_CallMethod(array, "view", "s", "u1");
    Py_buffer view;
    if (bytes == NULL || PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE | PyBUF_WRITABLE) != 0) {
        Py_XDECREF(bytes);
        Py_DECREF(array);
        return NULL;
    }
    *data = view.buf; /* numpy's memory stays where it is while `array` lives */
    PyBuffer_Release(&view);
    Py_DECREF(bytes);
    return array;
}

/* An array of objects made from a list. */
static PyObject *object_array(core_state *state, PyObject *list) {
    if (list == NULL) return NULL;
    PyObject *array = PyObject_CallFunction(state->np_empty, "ns", PyList_Size(list), "O");
    PyObject *all = array != NULL ? PySlice_New(NULL, NULL, NULL) : NULL;
    if (all == NULL || PyObject_SetItem(array, all, list) != 0) Py_CLEAR(array);
    Py_XDECREF(all);
    Py_DECREF(list);
    return array;
}

/* ---- without a copy ---- */

static PyObject *borrow(core_state *state, const patron_table *table, int64_t column, const char *dtype, int64_t width) {
    void *unused;
    int64_t n = patron_table_n_rows(table);
    if (n == 0) return core_new_array(state, 0, dtype, &unused); /* numpy makes no array of an empty buffer */
    memory_object *memory = (memory_object *)core_new(state->memory_type);
    if (memory == NULL) return NULL;
    struct ArrowSchema schema = {0};
    PyObject *result = NULL;
    if (core_export_column(state, table, column, &schema, &memory->array)) {
        memory->data = (const char *)memory->array.buffers[1] + memory->array.offset * width;
        memory->size = (Py_ssize_t)(n * width);
        result = PyObject_CallFunction(state->np_frombuffer, "Os", (PyObject *)memory, dtype);
    }
    if (schema.release != NULL) schema.release(&schema);
    Py_DECREF(memory);
    return result;
}

/* ---- with one ---- */

static PyObject *copy_doubles(core_state *state, const patron_table *table, int64_t column) {
    void *data;
    int64_t n = patron_table_n_rows(table);
    PyObject *result = core_new_array(state, n, "float64", &data);
    if (result == NULL) return NULL;
    core_call call;
    core_begin(&call, state);
    if (!core_end(&call, patron_table_get_float64(table, column, 0, n, data, NULL, &call.error), NULL)) Py_CLEAR(result);
    return result;
}

/* Integers and which of them are values; times in microseconds. */
static bool read_integers(core_state *state, const patron_table *table, int64_t column, int64_t *values, uint8_t *valid) {
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_get_int64(table, column, 0, patron_table_n_rows(table), values, valid, &call.error);
    return core_end(&call, status, NULL);
}

static PyObject *copy_integers(core_state *state, const patron_table *table, int64_t column) {
    void *data;
    PyObject *result = core_new_array(state, patron_table_n_rows(table), "int64", &data);
    if (result != NULL && !read_integers(state, table, column, data, NULL)) Py_CLEAR(result);
    return result;
}

/* Integers (or truth values) with nulls, as objects. */
static PyObject *integer_objects(core_state *state, const int64_t *values, const uint8_t *valid, int64_t n, bool truth) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (int64_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = !valid[i] ? Py_NewRef(Py_None)
                         : truth   ? PyBool_FromLong(values[i] != 0)
                                   : PyLong_FromLongLong(values[i]);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0) Py_CLEAR(list);
    }
    return object_array(state, list);
}

static PyObject *nullable_integers(core_state *state, const patron_table *table, int64_t column, bool truth) {
    int64_t n = patron_table_n_rows(table);
    int64_t *values = PyMem_Malloc((size_t)n * 9 + 1);
    if (values == NULL) return PyErr_NoMemory();
    uint8_t *valid = (uint8_t *)(values + n);
    PyObject *result = NULL;
    if (!read_integers(state, table, column, values, valid)) goto cleanup;
    bool exact = !truth;
    for (int64_t i = 0; exact && i < n; i++) exact = values[i] >= -EXACT && values[i] <= EXACT;
    result = exact ? copy_doubles(state, table, column) : integer_objects(state, values, valid, n, truth);
cleanup:
    PyMem_Free(values);
    return result;
}

static PyObject *copy_bools(core_state *state, const patron_table *table, int64_t column) {
    int64_t n = patron_table_n_rows(table);
    int64_t *values = PyMem_Malloc((size_t)n * 8 + 1);
    if (values == NULL) return PyErr_NoMemory();
    void *data;
    PyObject *result = core_new_array(state, n, "bool", &data);
    if (result != NULL && !read_integers(state, table, column, values, NULL)) Py_CLEAR(result);
    for (int64_t i = 0; result != NULL && i < n; i++) ((uint8_t *)data)[i] = values[i] != 0;
    PyMem_Free(values);
    return result;
}

static bool is_valid(const struct ArrowArray *array, int64_t row) {
    const uint8_t *bits = array->buffers[0];
    row += array->offset;
    return bits == NULL || ((bits[row >> 3] >> (row & 7)) & 1) != 0;
}

/* Fixed-width values with nulls, copied with `null` (width bytes) in their place. */
static PyObject *copy_with_nulls(core_state *state, const patron_table *table, int64_t column, const char *dtype, size_t width,
                                 const void *null) {
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    void *data;
    int64_t n = patron_table_n_rows(table);
    if (!core_export_column(state, table, column, &schema, &array)) return NULL;
    PyObject *result = core_new_array(state, n, dtype, &data);
    if (result != NULL) {
        const char *from = (const char *)array.buffers[1] + (size_t)array.offset * width;
        for (int64_t i = 0; i < n; i++)
            memcpy((char *)data + (size_t)i * width, is_valid(&array, i) ? from + (size_t)i * width : null, width);
    }
    array.release(&array);
    schema.release(&schema);
    return result;
}

static PyObject *fixed(core_state *state, const patron_table *table, int64_t column, const char *dtype, int64_t width,
                       const void *null) {
    if (patron_table_null_count(table, column) == 0) return borrow(state, table, column, dtype, width);
    return copy_with_nulls(state, table, column, dtype, (size_t)width, null);
}

static PyObject *strings(core_state *state, const patron_table *table, int64_t column) {
    int64_t n = patron_table_n_rows(table);
    PyObject *list = PyList_New((Py_ssize_t)n);
    patron_error error = {0};
    for (int64_t i = 0; list != NULL && i < n; i++) {
        const char *text = NULL;
        int64_t length = 0;
        patron_status status = patron_table_get_string(table, column, i, &text, &length, &error);
        PyObject *item = NULL;
        if (status != PATRON_OK)
            core_raise(state, status, &error, NULL);
        else
            item = text != NULL ? PyUnicode_DecodeUTF8(text, (Py_ssize_t)length, NULL) : Py_NewRef(Py_None);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0) Py_CLEAR(list);
        if ((i & 65535) == 0 && PyErr_CheckSignals() != 0) Py_CLEAR(list);
    }
    return object_array(state, list);
}

static PyObject *unsigned_objects(core_state *state, const patron_table *table, int64_t column) {
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    if (!core_export_column(state, table, column, &schema, &array)) return NULL;
    const uint64_t *from = (const uint64_t *)array.buffers[1] + array.offset;
    PyObject *list = PyList_New((Py_ssize_t)array.length);
    for (int64_t i = 0; list != NULL && i < array.length; i++) {
        PyObject *item = is_valid(&array, i) ? PyLong_FromUnsignedLongLong(from[i]) : Py_NewRef(Py_None);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0) Py_CLEAR(list);
    }
    array.release(&array);
    schema.release(&schema);
    return object_array(state, list);
}

static PyObject *unsigned64(core_state *state, const patron_table *table, int64_t column) {
    if (patron_table_null_count(table, column) == 0) return borrow(state, table, column, "uint64", 8);
    PyObject *result = nullable_integers(state, table, column, false);
    if (result != NULL || !PyErr_ExceptionMatches(PyExc_ValueError)) return result;
    PyErr_Clear(); /* above 2^63 - 1 */
    return unsigned_objects(state, table, column);
}

static PyObject *nulls(core_state *state, int64_t n) {
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (int64_t i = 0; list != NULL && i < n; i++)
        if (PyList_SetItem(list, (Py_ssize_t)i, Py_NewRef(Py_None)) != 0) Py_CLEAR(list);
    return object_array(state, list);
}

/* Days since 1970, which numpy holds in eight bytes and Arrow in four. */
static PyObject *days(core_state *state, const patron_table *table, int64_t column) {
    void *data;
    const int64_t n = patron_table_n_rows(table);
    uint8_t *valid = PyMem_Malloc((size_t)n + 1);
    if (valid == NULL) return PyErr_NoMemory();
    PyObject *result = core_new_array(state, n, "datetime64[D]", &data);
    if (result != NULL && !read_integers(state, table, column, data, valid)) Py_CLEAR(result);
    for (int64_t i = 0; result != NULL && i < n; i++)
        if (!valid[i]) ((int64_t *)data)[i] = INT64_MIN;
    PyMem_Free(valid);
    return result;
}

/* ---- dictionaries ---- */

/* The dictionary of an exported array, which is emptied of it, as a table of one column. */
static patron_table *take_dictionary(core_state *state, struct ArrowSchema *schema, struct ArrowArray *array) {
    const char *name = "";
    struct ArrowSchema value_schema = *schema->dictionary;
    struct ArrowArray values = *array->dictionary;
    schema->dictionary->release = NULL;
    array->dictionary->release = NULL;
    return core_import_children(state, values.length, 1, &name, &value_schema, &values);
}

static int64_t index_at(char format, const void *data, int64_t i) {
    switch (format) {
    case 'c':
        return ((const int8_t *)data)[i];
    case 'C':
        return ((const uint8_t *)data)[i];
    case 's':
        return ((const int16_t *)data)[i];
    case 'S':
        return ((const uint16_t *)data)[i];
    case 'i':
        return ((const int32_t *)data)[i];
    case 'I':
        return ((const uint32_t *)data)[i];
    default:
        return ((const int64_t *)data)[i];
    }
}

PyObject *core_column_codes(core_state *state, const patron_table *table, int64_t column) {
    if (patron_table_column_type(table, column) != PATRON_TYPE_DICTIONARY) {
        PyErr_Format(PyExc_TypeError, "Column '%s' holds %s; expected a dictionary", patron_table_column_name(table, column),
                     patron_type_name(patron_table_column_type(table, column)));
        return NULL;
    }
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    if (!core_export_column(state, table, column, &schema, &array)) return NULL;
    void *data;
    PyObject *codes = core_new_array(state, array.length, "int64", &data);
    for (int64_t i = 0; codes != NULL && i < array.length; i++)
        ((int64_t *)data)[i] = is_valid(&array, i) ? index_at(schema.format[0], array.buffers[1], i + array.offset) : -1;
    PyObject *values = NULL;
    patron_table *dictionary = codes != NULL ? take_dictionary(state, &schema, &array) : NULL;
    if (dictionary != NULL) values = core_column_array(state, dictionary, 0);
    patron_table_destroy(dictionary);
    array.release(&array);
    schema.release(&schema);
    if (values == NULL) {
        Py_XDECREF(codes);
        return NULL;
    }
    return Py_BuildValue("(NN)", codes, values);
}

/* ---- a column, whatever its type ---- */

/* The unit letters of the column's Arrow format, e.g. "us" of "tsu:UTC". */
static bool unit_of(core_state *state, const patron_table *table, int64_t column, const char *kind, char out[24]) {
    patron_table *one = NULL;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    const char *name = patron_table_column_name(table, column);
    core_call call;
    core_begin(&call, state);
    patron_status status = patron_table_select(table, 1, &name, &one, &call.error);
    if (status == PATRON_OK) status = patron_table_export_stream(one, &stream, &call.error);
    if (status == PATRON_OK && stream.get_schema(&stream, &schema) != 0) status = PATRON_ERR_NO_MEMORY;
    patron_table_destroy(one);
    bool ok = core_end(&call, status, NULL);
    if (ok) {
        char unit = schema.children[0]->format[2];
        PyOS_snprintf(out, 24, unit == 's' ? "%s[%c]" : "%s[%cs]", kind, unit);
    }
    if (schema.release != NULL) schema.release(&schema);
    if (stream.release != NULL) stream.release(&stream);
    return ok;
}

PyObject *core_column_array(core_state *state, const patron_table *table, int64_t column) {
    static const uint16_t half_nan = 0x7e00;
    static const float single_nan = (float)Py_NAN;
    static const double double_nan = Py_NAN;
    static const int64_t nat = INT64_MIN;
    const bool has_nulls = patron_table_null_count(table, column) > 0;
    char dtype[24];
    switch (patron_table_column_type(table, column)) {
    case PATRON_TYPE_NULL:
        return nulls(state, patron_table_n_rows(table));
    case PATRON_TYPE_BOOL:
        return has_nulls ? nullable_integers(state, table, column, true) : copy_bools(state, table, column);
    case PATRON_TYPE_INT64:
        return has_nulls ? nullable_integers(state, table, column, false) : borrow(state, table, column, "int64", 8);
    case PATRON_TYPE_INT8:
    case PATRON_TYPE_INT16:
    case PATRON_TYPE_INT32:
    case PATRON_TYPE_UINT8:
    case PATRON_TYPE_UINT16:
    case PATRON_TYPE_UINT32:
        return has_nulls ? copy_doubles(state, table, column) : copy_integers(state, table, column);
    case PATRON_TYPE_UINT64:
        return unsigned64(state, table, column);
    case PATRON_TYPE_FLOAT16:
        return fixed(state, table, column, "float16", 2, &half_nan);
    case PATRON_TYPE_FLOAT32:
        return fixed(state, table, column, "float32", 4, &single_nan);
    case PATRON_TYPE_FLOAT64:
        return fixed(state, table, column, "float64", 8, &double_nan);
    case PATRON_TYPE_DECIMAL:
        return copy_doubles(state, table, column);
    case PATRON_TYPE_UTF8:
    case PATRON_TYPE_LARGE_UTF8:
    case PATRON_TYPE_UTF8_VIEW:
        return strings(state, table, column);
    case PATRON_TYPE_DATE32:
        return days(state, table, column);
    case PATRON_TYPE_DATE64:
        return fixed(state, table, column, "datetime64[ms]", 8, &nat);
    case PATRON_TYPE_TIMESTAMP:
        return unit_of(state, table, column, "datetime64", dtype) ? fixed(state, table, column, dtype, 8, &nat) : NULL;
    case PATRON_TYPE_DURATION:
        return unit_of(state, table, column, "timedelta64", dtype) ? fixed(state, table, column, dtype, 8, &nat) : NULL;
    case PATRON_TYPE_DICTIONARY:
    default:
        return core_column_codes(state, table, column);
    }
}

/* ---- a column as Python's own bytes, for pickle ---- */

static PyObject *packed_bits(const struct ArrowArray *array, const uint8_t *bits) {
    PyObject *out = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((array->length + 7) / 8));
    if (out == NULL) return NULL;
    char *to = PyBytes_AsString(out);
    memset(to, 0, (size_t)((array->length + 7) / 8));
    for (int64_t i = 0; i < array->length; i++) {
        int64_t at = i + array->offset;
        if ((bits[at >> 3] >> (at & 7)) & 1) to[i >> 3] = (char)(to[i >> 3] | (1 << (i & 7)));
    }
    return out;
}

static PyObject *text_parts(core_state *state, const patron_table *table, int64_t column, PyObject *validity) {
    int64_t n = patron_table_n_rows(table), total = 0, length;
    const char *text;
    patron_error error = {0};
    PyObject *offsets = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((n + 1) * 8)), *bytes = NULL;
    bool ok = offsets != NULL;
    for (int64_t i = 0; ok && i < n; i++) {
        memcpy(PyBytes_AsString(offsets) + i * 8, &total, 8);
        patron_status status = patron_table_get_string(table, column, i, &text, &length, &error);
        if (status != PATRON_OK) core_raise(state, status, &error, NULL);
        ok = status == PATRON_OK;
        if (ok && text != NULL) total += length;
    }
    if (ok) {
        memcpy(PyBytes_AsString(offsets) + n * 8, &total, 8);
        bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
    }
    total = 0;
    for (int64_t i = 0; bytes != NULL && i < n; i++) {
        if (patron_table_get_string(table, column, i, &text, &length, NULL) != PATRON_OK || text == NULL) continue;
        memcpy(PyBytes_AsString(bytes) + total, text, (size_t)length);
        total += length;
    }
    if (bytes == NULL) {
        Py_XDECREF(offsets);
        Py_DECREF(validity);
        return NULL;
    }
    return Py_BuildValue("(sL[NNN]O)", "U", (long long)n, validity, offsets, bytes, Py_None);
}

static int64_t width_of(const struct ArrowSchema *schema) {
    const char *format = schema->format;
    if (strcmp(format, "tdD") == 0) return 4;
    if (format[0] == 't') return 8;
    if (format[0] == 'd') return 16;
    return strchr("cC", format[0]) ? 1 : strchr("sSe", format[0]) ? 2 : strchr("iIf", format[0]) ? 4 : 8;
}

PyObject *core_column_parts(core_state *state, const patron_table *table, int64_t column) {
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    PyObject *validity = NULL, *values = NULL, *dictionary = NULL, *result = NULL;
    if (!core_export_column(state, table, column, &schema, &array)) return NULL;
    const patron_type type = patron_table_column_type(table, column);
    if (type == PATRON_TYPE_NULL) {
        result = Py_BuildValue("(sL[O]O)", "n", (long long)array.length, Py_None, Py_None);
        goto cleanup;
    }
    validity = array.buffers[0] != NULL ? packed_bits(&array, array.buffers[0]) : Py_NewRef(Py_None);
    if (validity == NULL) goto cleanup;
    if (type == PATRON_TYPE_UTF8 || type == PATRON_TYPE_LARGE_UTF8 || type == PATRON_TYPE_UTF8_VIEW) {
        result = text_parts(state, table, column, validity);
        validity = NULL;
        goto cleanup;
    }
    if (type == PATRON_TYPE_DECIMAL && strchr(strchr(schema.format, ',') + 1, ',') != NULL) {
        PyErr_Format(PyExc_TypeError, "Column '%s' has Arrow format '%s', which cannot be pickled",
                     patron_table_column_name(table, column), schema.format);
        goto cleanup;
    }
    if (array.length == 0)
        values = PyBytes_FromStringAndSize(NULL, 0);
    else if (type == PATRON_TYPE_BOOL)
        values = packed_bits(&array, array.buffers[1]);
    else
        values = PyBytes_FromStringAndSize((const char *)array.buffers[1] + array.offset * width_of(&schema),
                                           (Py_ssize_t)(array.length * width_of(&schema)));
    if (values == NULL) goto cleanup;
    if (type == PATRON_TYPE_DICTIONARY) {
        patron_table *table_of_values = take_dictionary(state, &schema, &array);
        dictionary = table_of_values != NULL ? core_column_parts(state, table_of_values, 0) : NULL;
        patron_table_destroy(table_of_values);
    } else {
        dictionary = Py_NewRef(Py_None);
    }
    if (dictionary != NULL)
        result = Py_BuildValue("(sL[OO]O)", schema.format, (long long)array.length, validity, values, dictionary);
cleanup:
    Py_XDECREF(validity);
    Py_XDECREF(values);
    Py_XDECREF(dictionary);
    if (array.release != NULL) array.release(&array);
    if (schema.release != NULL) schema.release(&schema);
    return result;
}
