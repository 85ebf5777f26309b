/* fault_hooks.c: a system that refuses: memory to the library, files to the library and the interpreter, memory to Python.
 * test_faults.py compiles it, loads it with ctypes into a process of its own, and calls the library through fault_call.
 *
 * Calls from a shared object into libc go through words of its own that the dynamic linker filled in. fault_attach finds
 * those of the objects that it is told of (by the relocations of the ELF file) and puts the functions below in their place. So
 * nobody else's calls are counted, wherever the core is linked to, and a sanitizer's runtime stays where it is: the functions
 * below call it. Python's allocations are met by PyMem_SetAllocator, all three domains.
 *
 * - fault_call calls something; requests number first to last of one kind are refused meanwhile.
 * - fault_read tells how many were ASKED and REFUSED and how many files RENAMED in that call, and how many blocks (LIVE) and
 *   mappings (MAPS) the library has not given back yet.
 *
 * A refused request does nothing, but for close(), which closes and then reports the error, as the system does. fsync() does
 * not wait for the disk. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTHING, MEMORY, FILES, PYTHON };
enum { ASKED, REFUSED, LIVE, MAPS, RENAMED, N_FIGURES };

static struct {
    _Atomic int kind;
    int64_t first, last;
    int error;
} plan;
static _Atomic int64_t figures[N_FIGURES];

static bool refused(int kind) {
    if (plan.kind != kind) return false;
    int64_t number = ++figures[ASKED];
    if (number < plan.first || number > plan.last) return false;
    figures[REFUSED]++;
    errno = kind == FILES ? plan.error : ENOMEM;
    return true;
}

/* ---- memory ---- */

static void *given(void *block) {
    if (block != NULL) figures[LIVE]++;
    return block;
}

static void *on_malloc(size_t size) { return refused(MEMORY) ? NULL : given(malloc(size)); }
static void *on_calloc(size_t n, size_t size) { return refused(MEMORY) ? NULL : given(calloc(n, size)); }
static void *on_aligned_alloc(size_t unit, size_t size) { return refused(MEMORY) ? NULL : given(aligned_alloc(unit, size)); }

static int on_posix_memalign(void **out, size_t unit, size_t size) {
    if (refused(MEMORY)) return ENOMEM;
    int result = posix_memalign(out, unit, size);
    if (result == 0) figures[LIVE]++;
    return result;
}

static void *on_realloc(void *old, size_t size) {
    if (refused(MEMORY)) return NULL;
    void *block = realloc(old, size);
    return old == NULL ? given(block) : block;
}

static void on_free(void *block) {
    if (block != NULL) figures[LIVE]--;
    free(block);
}

/* ---- files ---- */

static int on_open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return refused(FILES) ? -1 : open(path, flags, mode);
}

static int on_close(int fd) {
    bool fail = refused(FILES);
    int result = close(fd);
    if (fail) errno = plan.error;
    return fail ? -1 : result;
}

static ssize_t on_write(int fd, const void *data, size_t n) { return refused(FILES) ? -1 : write(fd, data, n); }
static int on_fsync(int fd) { return refused(FILES) || fcntl(fd, F_GETFD) < 0 ? -1 : 0; }
static int on_fstat(int fd, struct stat *about) { return refused(FILES) ? -1 : fstat(fd, about); }
static int on_unlink(const char *path) { return refused(FILES) ? -1 : unlink(path); }
static int on_chmod(const char *path, mode_t mode) { return refused(FILES) ? -1 : chmod(path, mode); }

static int on_rename(const char *from, const char *to) {
    int result = refused(FILES) ? -1 : rename(from, to);
    if (result == 0) figures[RENAMED]++;
    return result;
}

static void *on_mmap(void *where, size_t n, int protection, int flags, int fd, off_t offset) {
    if (refused(FILES)) return MAP_FAILED;
    void *data = mmap(where, n, protection, flags, fd, offset);
    if (data != MAP_FAILED) figures[MAPS]++;
    return data;
}

static int on_munmap(void *data, size_t n) {
    figures[MAPS]--;
    return munmap(data, n);
}

/* ---- putting the functions above in their places ---- */

static const struct hook {
    const char *name;
    bool shared; /* the interpreter's are taken too */
    void (*function)(void);
} hooks[] = {
#define HOOK(name, shared)                                                                                                     \
    { #name, shared, (void (*)(void))on_##name }
    HOOK(malloc, false), HOOK(calloc, false),  HOOK(aligned_alloc, false), HOOK(posix_memalign, false),
    HOOK(free, false),   HOOK(realloc, false), HOOK(mmap, false),          HOOK(munmap, false),
    HOOK(open, true),    HOOK(close, true),    HOOK(write, true),          HOOK(fsync, true),
    HOOK(fstat, true),   HOOK(unlink, true),   HOOK(chmod, true),          HOOK(rename, true),
#undef HOOK
};

/* "open64" is "open" under the name it has for files beyond 2 GiB. */
static const struct hook *hook_of(const char *name, bool all) {
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        size_t n = strlen(hooks[i].name);
        if ((all || hooks[i].shared) && strncmp(name, hooks[i].name, n) == 0 &&
            (name[n] == '\0' || strcmp(name + n, "64") == 0))
            return &hooks[i];
    }
    return NULL;
}

typedef struct attaching {
    const char *prefix;
    bool all;
    int n;
} attaching;

static void attach_table(const struct dl_phdr_info *object, const ElfW(Rela) * table, size_t n, const ElfW(Sym) * symbols,
                         const char *names, attaching *a) {
    for (size_t i = 0; i < n; i++) {
        const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(table[i].r_info)];
        if (ELF64_R_SYM(table[i].r_info) == 0 || symbol->st_shndx != SHN_UNDEF) continue;
        const struct hook *hook = hook_of(names + symbol->st_name, a->all);
        if (hook == NULL) continue;
        uintptr_t slot = object->dlpi_addr + table[i].r_offset, page = slot & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
        if (mprotect((void *)page, slot + sizeof slot - page, PROT_READ | PROT_WRITE) != 0) continue;
        memcpy((void *)slot, &hook->function, sizeof slot);
        a->n++;
    }
}

static int attach_object(struct dl_phdr_info *object, size_t size, void *state) {
    (void)size;
    attaching *a = state;
    uintptr_t found[DT_NUM] = {0};
    size_t n = *a->prefix != '\0' ? strlen(a->prefix) : 1;
    if (strncmp(object->dlpi_name, a->prefix, n) != 0) return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag >= 0 && entry->d_tag < DT_NUM) found[entry->d_tag] = entry->d_un.d_val;
    }
    for (int tag = DT_PLTGOT; tag <= DT_JMPREL; tag++) { /* some linkers leave addresses relative to the object */
        bool address = tag == DT_STRTAB || tag == DT_SYMTAB || tag == DT_RELA || tag == DT_JMPREL;
        if (address && found[tag] != 0 && found[tag] < object->dlpi_addr) found[tag] += object->dlpi_addr;
    }
    const ElfW(Sym) *symbols = (const void *)found[DT_SYMTAB];
    const char *names = (const void *)found[DT_STRTAB];
    attach_table(object, (const void *)found[DT_RELA], found[DT_RELASZ] / sizeof(ElfW(Rela)), symbols, names, a);
    attach_table(object, (const void *)found[DT_JMPREL], found[DT_PLTRELSZ] / sizeof(ElfW(Rela)), symbols, names, a);
    return 0;
}

/* To the loaded objects whose file names begin so; the name of the program is "". All hooks, or those of files only, which the
 * interpreter shares. How many places there were. */
int fault_attach(const char *prefix, int all);
int fault_attach(const char *prefix, int all) {
    attaching a = {prefix, all != 0, 0};
    dl_iterate_phdr(attach_object, &a);
    return a.n;
}

/* ---- Python ---- */

/* As Python.h has it; the functions are the interpreter's. */
typedef struct allocator {
    void *state;
    void *(*malloc)(void *, size_t);
    void *(*calloc)(void *, size_t, size_t);
    void *(*realloc)(void *, void *, size_t);
    void (*free)(void *, void *);
} allocator;

extern void PyMem_GetAllocator(int domain, allocator *out);
extern void PyMem_SetAllocator(int domain, allocator *in);
extern void *PyObject_Call(void *callable, void *arguments, void *keywords);

enum { DOMAINS = 3 };
static allocator originals[DOMAINS];

static void *py_malloc(void *state, size_t size) {
    allocator *original = state;
    return refused(PYTHON) ? NULL : original->malloc(original->state, size);
}

static void *py_calloc(void *state, size_t n, size_t size) {
    allocator *original = state;
    return refused(PYTHON) ? NULL : original->calloc(original->state, n, size);
}

static void *py_realloc(void *state, void *block, size_t size) {
    allocator *original = state;
    return refused(PYTHON) ? NULL : original->realloc(original->state, block, size);
}

static void py_free(void *state, void *block) {
    allocator *original = state;
    original->free(original->state, block);
}

void fault_attach_python(void);
void fault_attach_python(void) {
    for (int i = 0; i < DOMAINS; i++) {
        PyMem_GetAllocator(i, &originals[i]);
        allocator ours = {&originals[i], py_malloc, py_calloc, py_realloc, py_free};
        PyMem_SetAllocator(i, &ours);
    }
}

/* ---- calls ---- */

void *fault_call(int kind, int64_t first, int64_t last, int error, void *callable, void *arguments, void *keywords);
void *fault_call(int kind, int64_t first, int64_t last, int error, void *callable, void *arguments, void *keywords) {
    figures[ASKED] = figures[REFUSED] = figures[RENAMED] = 0;
    plan.first = first;
    plan.last = last;
    plan.error = error;
    plan.kind = kind;
    void *result = PyObject_Call(callable, arguments, keywords);
    plan.kind = NOTHING;
    return result;
}

int64_t fault_read(int what);
int64_t fault_read(int what) { return figures[what]; }
