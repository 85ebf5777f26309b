"""What the compiled core exports, calls and keeps, read from its objects: names, forbidden calls, mutable globals, warnings.

The core is compiled here once without optimisation, so that nothing is inlined out of sight; `nm` then tells more reliably
than any search of the text what each file calls and which data it can change.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from headers import public_headers, read
from tree import ROOT

MEMORY = {"malloc", "calloc", "realloc", "reallocarray", "free", "aligned_alloc", "posix_memalign", "memalign", "valloc"}
MEMORY |= {"strdup", "strndup", "asprintf", "vasprintf", "getline", "alloca"}
PRINTING = {"printf", "vprintf", "fprintf", "vfprintf", "dprintf", "vdprintf", "puts", "fputs", "putchar", "fputc", "putc"}
PRINTING |= {"fwrite", "perror", "syslog", "psignal"}
ENDING = {"exit", "_exit", "_Exit", "quick_exit", "abort", "atexit", "__assert_fail", "raise", "kill", "signal", "sigaction"}
JUMPING = {"setjmp", "_setjmp", "__sigsetjmp", "sigsetjmp", "longjmp", "siglongjmp"}
RANDOM = {"rand", "srand", "rand_r", "random", "srandom", "drand48", "erand48", "lrand48", "getrandom", "getentropy"}
# State shared by the whole process: locale, time zone, static buffers. The core reads numbers and dates itself.
SHARED_STATE = {
    "setlocale",
    "uselocale",
    "strtok",
    "strerror",
    "localtime",
    "localtime_r",
    "gmtime",
    "mktime",
    "ctime",
    "tzset",
}
SHARED_STATE |= {"strtod", "strtof", "atof", "sscanf", "strftime", "strptime", "asctime", "setenv", "putenv", "qsort"}
OUTSIDE = {"socket", "connect", "getaddrinfo", "gethostbyname", "system", "popen", "fork", "execve", "dlopen"}
# Another libm rounds these differently; the core has its own, so that every machine gives the same bits.
INEXACT = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "cbrt", "hypot", "sin", "cos", "tan", "asin", "acos"}
INEXACT |= {"atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "tgamma", "lgamma", "lgamma_r"}
INEXACT |= {name + "f" for name in INEXACT} | {name + "l" for name in INEXACT}
FORBIDDEN = MEMORY | PRINTING | ENDING | JUMPING | RANDOM | SHARED_STATE | OUTSIDE | INEXACT | {"getenv", "secure_getenv"}
ALLOWED = {
    "memory.c": {"malloc", "free", "aligned_alloc", "posix_memalign"},
    "cpu.c": {"getenv"},
    # Text made in the line before, without a decimal point or with the host's own: the locale plays no part.
    "column.c": {"strtod"},
    "describe.c": {"strtod", "strtof"},
}
CONSTANT_SECTIONS = ("*ABS*", ".rodata", ".data.rel.ro", ".text", ".note", ".eh_frame", ".comment")


def build_script() -> ModuleType:
    """setup.py as a module: the flags and macros stand there."""
    spec = importlib.util.spec_from_file_location("patron_setup", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = build_script()


def run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


@dataclass
class Object:
    """A compiled file: what it defines for others, what it asks for, which data it can change."""

    source: str
    exported: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    mutable: set[str] = field(default_factory=set)


def read_object(source: str, path: Path) -> Object:
    made = Object(source)
    for line in run("nm", "--format=sysv", path).splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 7 or cells[0] == "Name":
            continue
        name, _, kind, what, _, _, section = cells
        if kind in "Uw" and section == "*UND*":
            made.wanted.add(re.sub(r"^__(?:builtin_)?(\w+)_chk$", r"\1", re.sub(r"@.*", "", name)))
        elif what not in ("SECTION", "FILE"):
            if kind.isupper():
                made.exported.add(name)
            if what in ("OBJECT", "TLS") and not section.startswith(CONSTANT_SECTIONS):
                made.mutable.add(name)
    return made


def compile_tree(root: Path, sources: list[Path], out: Path) -> list[tuple[Object, Path]]:
    compiler = os.environ.get("CC", "cc")

    def one(source: Path) -> tuple[Object, Path]:
        target = out / (source.relative_to(root).as_posix().replace("/", "-") + ".o")
        folders = [f"-I{root / 'include'}", f"-I{root / 'csrc'}"]
        run(*compiler.split(), *BUILD.compile_flags(), "-O0", "-w", "-DPATRON_BUILD", *folders, "-c", source, "-o", target)
        return read_object(source.name, target), target

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, sources))


def declared(root: Path) -> set[str]:
    """The functions that the public headers mark PATRON_API."""
    return {made.name for path in public_headers(root) for made in read(path).declarations if made.kind == "function"}


def object_violations(objects: list[Object], public: set[str]) -> list[str]:
    found: list[str] = []
    for made in objects:
        for name in sorted(made.exported):
            if not name.startswith("pt_") and name not in public:
                found.append(
                    f"{made.source}: {name} is seen by other files but is neither pt_... nor declared in a public header"
                )
        bad = (made.wanted & FORBIDDEN) - ALLOWED.get(made.source, set())
        bad |= {name for name in made.wanted if name.startswith(("GOMP_", "omp_", "__kmpc"))}
        found += [f"{made.source}: calls {name}" for name in sorted(bad)]
        found += [
            f"{made.source}: {name} is data that can change; state belongs to the context" for name in sorted(made.mutable)
        ]
    return found


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Object, Path]]:
    return compile_tree(ROOT, sorted((ROOT / "csrc").rglob("*.c")), tmp_path_factory.mktemp("core"))


def test_objects_keep_to_their_names_and_call_nothing_forbidden(core: list[tuple[Object, Path]]) -> None:
    found = object_violations([made for made, _ in core], declared(ROOT))
    assert not found, "\n" + "\n".join(found)


def test_the_library_exports_what_the_headers_declare(core: list[tuple[Object, Path]], tmp_path: Path) -> None:
    library = tmp_path / "libpatron.so"
    compiler = os.environ.get("CC", "cc").split()
    run(*compiler, "-shared", "-o", library, *(path for _, path in core), "-pthread", "-lm", "-Wl,--no-undefined")
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", library).splitlines()}
    public = declared(ROOT)
    assert sorted(name for name in exported if not name.startswith("patron_")) == []
    assert sorted(exported - public) == [], "exported, but in no public header"
    assert sorted(public - exported) == [], "declared, but not defined"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("folder", ["csrc", "python/ext"])
def test_no_compiler_warns(compiler: str, folder: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    words = [compiler, *BUILD.compile_flags(), "-O0", "-fsyntax-only", f"-I{ROOT / 'include'}"]
    if folder == "csrc":
        words += ["-DPATRON_BUILD", f"-I{ROOT / 'csrc'}"]
    else:
        words += [f"-D{name}={value}" for name, value in BUILD.MACROS]
        words += ["-isystem", sysconfig.get_path("include")]

    def one(source: Path) -> str:
        return subprocess.run([*words, str(source)], capture_output=True, text=True, check=False).stderr

    with ThreadPoolExecutor(2) as pool:
        said = "".join(pool.map(one, sorted((ROOT / folder).rglob("*.c"))))
    assert not said, "\n" + said


SOUND = """#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <math.h>
#include "patron/base.h"
static const char *const names[] = {"a", "b"};
static const double table[4] = {1, 2, 3, 4};
typedef struct pair { int a; void (*f)(void *); } pair;
extern const pair pt_pair;
const pair pt_pair = {1, NULL};
const char *pt_name(int i); const char *pt_name(int i) { return names[i & 1]; }
double pt_root(double x); double pt_root(double x) { return sqrt(x) + table[(int)x & 3]; }
const char *patron_version(void) { char b[8]; snprintf(b, sizeof b, "%d", 1); return b[0] ? names[0] : ""; }
"""


def build(tmp_path: Path, extra: str, name: str = "one.c") -> list[str]:
    (tmp_path / "csrc/base").mkdir(parents=True)
    (tmp_path / "include/patron").mkdir(parents=True)
    header = '#define PATRON_API __attribute__((visibility("default")))\n/* PATRON_API int patron_no(void); */\n'
    header += "PATRON_API const char *patron_version(\n    void);\n"
    (tmp_path / "include/patron/base.h").write_text(header, encoding="utf-8")
    source = tmp_path / "csrc/base" / name
    source.write_text(SOUND + extra + "\n", encoding="utf-8")
    public = declared(tmp_path)
    assert public == {"patron_version"}
    return object_violations([made for made, _ in compile_tree(tmp_path, [source], tmp_path)], public)


def test_a_sound_file_passes(tmp_path: Path) -> None:
    assert build(tmp_path, "") == []


def test_only_the_memory_file_may_allocate(tmp_path: Path) -> None:
    assert build(tmp_path, "void *pt_get(void); void *pt_get(void) { return malloc(8); }", "memory.c") == []


@pytest.mark.parametrize(
    "extra",
    [
        "void *pt_get(void); void *pt_get(void) { return malloc(8); }",
        'void pt_say(void); void pt_say(void) { printf("x\\n"); }',
        "void pt_end(void); void pt_end(void) { abort(); }",
        "int pt_draw(void); int pt_draw(void) { return rand(); }",
        'int pt_env(void); int pt_env(void) { return getenv("HOME") != NULL; }',
        'char *pt_cut(char *x); char *pt_cut(char *x) { return strtok(x, ","); }',
        "double pt_power(double x); double pt_power(double x) { return pow(x, 1.5); }",
        "int pt_count(void); int pt_count(void) { static int n; return n++; }",
        "int pt_count(void); int pt_count(void) { static _Thread_local int n; return n++; }",
        "extern int pt_level; int pt_level = 3;",
        "void shared(void); void shared(void) {}",
        "void patron_secret(void); void patron_secret(void) {}",
    ],
)
def test_each_offence_is_seen(tmp_path: Path, extra: str) -> None:
    assert len(build(tmp_path, extra)) == 1
