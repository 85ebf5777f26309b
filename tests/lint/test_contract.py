"""Public functions have one shape, so that who knows one knows them all.

`patron_` in front of everything; context first, then inputs, options, outputs and error; who returns a status takes an error
last, and who takes one returns a status; options structs begin with their size and come with both ways to fill them; an object
that is handed over can be ended; every function is called by a test in C; and every door that reads bytes or another program's
memory has a fuzz target.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headers import Declaration, Variable, public_headers, read
from tree import ROOT, without_comments

# Functions that read what came from outside.
DOORS = re.compile(r"_(?:from_bytes|load|import_\w+|inspect|verify)$")
# Inputs that are written to: an Arrow structure that is taken over is marked so.
TAKEN = re.compile(r"struct Arrow\w+ \*")


def stage(parameter: Variable, function: str) -> int:
    """Where a parameter belongs: context or object 0, inputs 1, options 2, outputs 3, error 4."""
    kind = parameter.type
    if kind == "patron_error *":
        return 4
    if kind == "patron_ctx *":
        return 0
    if re.fullmatch(r"const patron_\w+_options \*", kind):
        return 2
    pointee = kind.removesuffix("*").rstrip()
    read_only = pointee.endswith("const") or (pointee.startswith("const ") and "*" not in pointee)
    if kind.endswith("*") and not read_only:
        return 1 if TAKEN.fullmatch(kind) and "_import_" in function else 3
    return 1


def function_violations(where: str, made: Declaration, opaque: set[str]) -> list[str]:
    found = []
    stages = [stage(parameter, made.name) for parameter in made.members]
    first = made.members[0].type.removeprefix("const ").removesuffix(" *") if made.members else ""
    if first in opaque or first.endswith("_options"):
        stages[0] = 0  # the object that the function is of
    if stages != sorted(stages):
        named = ", ".join(parameter.name for parameter in made.members)
        found.append(f"{where}: ({named}) is not in the order context, inputs, options, outputs, error")
    if (made.type == "patron_status") != (4 in stages):
        found.append(f"{where}: a status is returned where an error is taken, and only there")
    return found


def violations(root: Path) -> list[str]:
    found = []
    declarations = [(path, made) for path in public_headers(root) for made in read(path).declarations]
    opaque = {made.name for _, made in declarations if made.kind == "opaque"}
    functions = {made.name for _, made in declarations if made.kind in ("function", "inline")}
    for path, made in declarations:
        where = f"{path.name}:{made.first}: {made.name}"
        if not made.name.startswith(("patron_", "Arrow")):
            found.append(f"{where} does not begin with patron_")
        if made.kind == "enum":
            wrong = [each.name for each in made.members if not each.name.startswith("PATRON_")]
            found += [f"{where}: {name} does not begin with PATRON_" for name in wrong]
        if made.kind == "struct" and made.name.endswith("_options"):
            if made.members[0].name != "struct_size" or made.members[0].type != "size_t":
                found.append(f"{where} does not begin with size_t struct_size")
            missing = {f"{made.name}_init", f"{made.name}_init_sized"} - functions
            found += [f"{where} is not filled by {name}" for name in sorted(missing)]
        if made.kind in ("function", "inline"):
            found += function_violations(where, made, opaque)
            handed = {each.type.removesuffix(" **") for each in made.members if each.type.endswith(" **")}
            found += [
                f"{where} hands over a {name}, and there is no {name}_destroy"
                for name in sorted(handed)
                if name.startswith("patron_") and f"{name}_destroy" not in functions
            ]
    return found


def calls(root: Path, folder: str) -> set[str]:
    """The words in the code of the C files of a folder."""
    texts = [without_comments(path.read_text(encoding="utf-8")) for path in (root / folder).glob("*.[ch]")]
    return set(re.findall(r"\b(patron_\w+)\s*\(", "\n".join(texts)))


def untried(root: Path) -> list[str]:
    in_tests, in_targets = calls(root, "tests/c"), calls(root, "tests/fuzz")
    found = []
    for made in (each for path in public_headers(root) for each in read(path).declarations if each.kind == "function"):
        if made.name not in in_tests and made.name.removesuffix("_sized") not in in_tests:
            found.append(f"{made.name} is called by no test in tests/c")
        if DOORS.search(made.name) and made.name not in in_targets:
            found.append(f"{made.name} reads what comes from outside, and no target in tests/fuzz calls it")
    return found


def test_public_functions_have_one_shape() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_public_functions_are_tested_and_doors_fuzzed() -> None:
    found = untried(ROOT)
    assert not found, "\n" + "\n".join(found)


SOUND = """\
#define PATRON_API
typedef enum patron_status { PATRON_OK = 0 } patron_status;
typedef struct patron_error {
    int status;
} patron_error;
typedef struct patron_ctx patron_ctx;
typedef struct patron_log patron_log;
typedef struct patron_log_options {
    size_t struct_size;
} patron_log_options;
PATRON_API void patron_log_options_init_sized(patron_log_options *options, size_t size);
static inline void patron_log_options_init(patron_log_options *options) { (void)options; }
PATRON_API patron_status patron_log_build(patron_ctx *ctx, const char *const *names, const patron_log_options *options,
                                          patron_log **out, patron_error *error);
PATRON_API patron_status patron_log_import_array(patron_ctx *ctx, struct ArrowArray *array, patron_log **out,
                                                 patron_error *error); /* */
PATRON_API patron_status patron_log_ids(const patron_log *log, int64_t n, const int64_t *codes, int64_t *out,
                                        patron_error *error); /* */
PATRON_API void patron_log_destroy(patron_log *log);
"""
TESTS = "void f(void) { patron_log_build(); patron_log_ids(); patron_log_destroy(); patron_log_options_init(); }\n"


def write(root: Path, header: str, tests: str = TESTS + "void g(void) { patron_log_import_array (1); }\n") -> None:
    for name, text in {
        "include/patron/log.h": header,
        "tests/c/test_log.c": tests,
        "tests/fuzz/fuzz_log.c": "int main(void) { return patron_log_import_array(); }\n",
    }.items():
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text(text, encoding="utf-8")


def test_a_sound_header_passes(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    assert violations(tmp_path) == []
    assert untried(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("patron_status patron_log_ids", "patron_status ptn_log_ids"),
        ("{ PATRON_OK = 0 }", "{ OK = 0 }"),
        ("    size_t struct_size;\n", "    int n;\n    size_t struct_size;\n"),
        ("PATRON_API void patron_log_options_init_sized(patron_log_options *options, size_t size);\n", ""),
        ("array, patron_log **out,", "array, patron_error *error, patron_log **out); /*"),
        ("patron_ctx *ctx, struct ArrowArray *array", "struct ArrowArray *array, patron_ctx *ctx"),
        ("const int64_t *codes, int64_t *out", "int64_t *out, const int64_t *codes"),
        (
            "const char *const *names, const patron_log_options *options",
            "const patron_log_options *options, const char *const *names",
        ),
        ("int64_t *out,\n", "int64_t *out); /*\n"),
        ("PATRON_API patron_status patron_log_ids", "PATRON_API int patron_log_ids"),
    ],
)
def test_another_shape_is_seen(tmp_path: Path, old: str, new: str) -> None:
    assert SOUND.count(old) == 1
    write(tmp_path, SOUND.replace(old, new))
    assert len(violations(tmp_path)) == 1


def test_an_object_that_cannot_be_ended_is_seen(tmp_path: Path) -> None:
    write(tmp_path, SOUND.replace("PATRON_API void patron_log_destroy(patron_log *log);\n", ""))
    found = violations(tmp_path)
    assert len(found) == 2
    assert all(line.endswith("hands over a patron_log, and there is no patron_log_destroy") for line in found)


def test_an_untried_function_and_door_are_seen(tmp_path: Path) -> None:
    write(tmp_path, SOUND + "PATRON_API int patron_log_verify(const patron_log *log);\n", "/* patron_log_build() */" + TESTS)
    assert [line.split()[0] for line in untried(tmp_path)] == [
        "patron_log_import_array",
        "patron_log_verify",
        "patron_log_verify",
    ]
