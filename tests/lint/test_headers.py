"""Public headers stand alone: they compile by themselves in C and C++, and say all that a caller has to know.

Each opens with an essay: what the room is for, an example that compiles, and the rules of threads, ownership and errors. Every
declaration has a comment directly above, or belongs to a group under one that speaks of it; every member has one; every
parameter that its type does not explain is named in the comment; every function that can fail says how.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from headers import Declaration, Header, public_headers, read
from tree import ROOT

WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-fsyntax-only"]
C = ["-std=c11", "-x", "c", "-Wstrict-prototypes"]
CXX = ["-std=c++17", "-x", "c++"]
# An example stops where it has made its point, and may make anew what it is given.
EXAMPLE = [*C, "-Wno-shadow", "-Wno-unused-parameter", "-Wno-unused-variable", "-Wno-unused-but-set-variable"]
COMPILERS = [("gcc", C), ("clang", C), ("g++", CXX), ("clang++", CXX)]
# Told once for all by the essay of base.h.
UNDERSTOOD = {"error", "ctx"}
RULES = ["Threads", "Ownership", "Errors"]


def compile_all(compiler: str, flags: list[str], root: Path, texts: dict[str, str], out: Path) -> str:
    """What a compiler says of these files, which see the public headers and nothing else."""
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    words = [compiler, *WARNINGS, *flags, "-I", str(root / "include"), *(str(out / name) for name in texts)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stderr


def orders(root: Path) -> dict[str, str]:
    """One file for each ordered pair of headers, a header and itself included."""
    names = ["patron.h", *(f"patron/{path.name}" for path in public_headers(root))]
    files = {}
    for first in names:
        for second in names:
            name = f"{first}-{second}.c".replace("/", "-")
            files[name] = f'#include "{first}"\n#include "{second}"\nint a_file_is_not_empty;\n'
    return files


# ---- the essay ---------------------------------------------------------------------------------------------------------------


def examples(essay: str) -> list[str]:
    """The indented blocks of an essay that are code: they hold a semicolon at the end of a line."""
    blocks = re.findall(r"(?:^ {4}.*\n(?:[ \t]*\n(?= {4}))?)+", essay + "\n", flags=re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if re.search(r";[ \t]*(?://.*)?$", block, flags=re.MULTILINE)]


def essay_violations(header: Header) -> list[str]:
    place = header.path.name
    if not header.comments or header.comments[0].first != 1:
        return [f"{place}: does not open with an essay"]
    essay = header.comments[0].text
    found = []
    if not re.match(rf"patron/{re.escape(place)}: \w.*", essay):
        found.append(f"{place}: the essay does not open with 'patron/{place}: ' and what the room is for")
    if not examples(essay):
        found.append(f"{place}: the essay has no example")
    found += [
        f"{place}: no line of the essay begins '{rule}: '" for rule in RULES if not re.search(rf"^{rule}: \S", essay, re.M)
    ]
    return found


def example_files(root: Path) -> dict[str, str]:
    """Each example of an essay as a function, which is given an error and an object of every opaque type."""
    read_headers = [read(path) for path in public_headers(root)]
    objects = [made.name for header in read_headers for made in header.declarations if made.kind == "opaque"]
    given = ["patron_error error", *(f"{name} *{name.removeprefix('patron_')}" for name in objects)]
    head = f"int example({', '.join(given)})"
    files = {}
    for header in read_headers:
        for number, code in enumerate(examples(header.comments[0].text)):
            text = f"#include <patron.h>\n#include <stdio.h>\n{head};\n{head} {{\n    {{\n"
            text += f'#line 1 "example {number} of {header.path.name}"\n{code}    }}\n    return 0;\n}}\n'
            files[f"{header.path.stem}-{number}.c"] = text
    return files


# ---- declarations ------------------------------------------------------------------------------------------------------------


def self_explaining(type_: str, name: str, opaque: set[str]) -> bool:
    """An object by itself, the place for one, a context, an error."""
    bare = type_.removeprefix("const ").replace(" ", "")
    return name in UNDERSTOOD or any(bare == f"{each}*" or (bare == f"{each}**" and name == "out") for each in opaque)


def declaration_violations(place: str, made: Declaration, opaque: set[str], first_of_group: bool) -> list[str]:
    if made.name.startswith("Arrow"):  # as their specification has them, which documents them
        return []
    where = f"{place}:{made.first}: {made.name}"
    if made.group is None:
        return [f"{where} has no comment directly above, nor above its group"]
    found = []
    comment = made.group.text
    if not first_of_group and made.kind not in ("function", "inline"):
        return [f"{where} has no comment directly above"]
    if made.kind in ("struct", "enum"):
        for member in made.members:
            if not member.documented and not (member is made.members[0] and member.name == "struct_size"):
                found.append(
                    f"{place}:{member.line}: {made.name}.{member.name} has no comment on its line, nor above its group"
                )
        return found
    spoken = set(re.findall(r"[a-z0-9]+", comment.lower()))
    last = made.name.split("_")[-1]
    if (
        made.kind == "function"
        and not first_of_group
        and not any(word.startswith(last[: max(3, len(last) - 1)]) for word in spoken)
    ):
        return [f"{where} stands under a comment that does not speak of it ({last!r}); give it its own"]
    for parameter in made.members:
        if not self_explaining(parameter.type, parameter.name, opaque) and not re.search(rf"\b{parameter.name}\b", comment):
            found.append(f"{where}: the comment does not speak of the parameter {parameter.name!r}")
    if made.type == "patron_status" and not re.search(r"\bErrors\b|PATRON_ERR_", comment):
        found.append(f"{where} can fail, and its comment does not say how")
    return found


def violations(root: Path) -> list[str]:
    found = []
    read_headers = [read(path) for path in public_headers(root)]
    opaque = {made.name for header in read_headers for made in header.declarations if made.kind == "opaque"}
    opaque |= {"patron_file_info"}  # made by the library only: patron_file_inspect hands it over
    for header in read_headers:
        found += essay_violations(header)
        before = None
        for made in header.declarations:
            first = made.group is not before
            found += declaration_violations(header.path.name, made, opaque, first)
            before = made.group
    return found


# ---- the tests ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("compiler", "flags"), COMPILERS)
def test_headers_compile_alone_twice_and_in_any_order(compiler: str, flags: list[str], tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    said = compile_all(compiler, flags, ROOT, orders(ROOT), tmp_path)
    assert not said, "\n" + said


def test_headers_say_all_that_a_caller_has_to_know() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_examples_of_the_headers_compile(compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    files = example_files(ROOT)
    assert {name.split("-")[0] for name in files} == {path.stem for path in public_headers(ROOT)}
    said = compile_all(compiler, EXAMPLE, ROOT, files, tmp_path)
    assert not said, "\n" + said


SOUND = """\
/* patron/base.h: what a test stands on.
 *
 *     double y[2];
 *     if (patron_halve(ctx, 2, (double[]){1, 2}, y, &error) != PATRON_OK) return 1;
 *
 *     patron_thing *made = NULL; // and then
 *
 * Of things there are
 *
 *     size     color
 *
 * Threads: any.
 * Ownership: the caller's.
 * Errors: by status.
 */
#ifndef PATRON_BASE_H
#define PATRON_BASE_H
#define PATRON_API
#ifdef __cplusplus
extern "C" {
#endif
/* Pinned. */
typedef enum patron_status {
    PATRON_OK = 0, /* done */
    /* All the rest. */
    PATRON_ERR_INVALID = 1,
    PATRON_ERR_TYPE = 2
} patron_status;
/* What went wrong. */
typedef struct patron_error {
    patron_status status; /* of the call */
    /* UTF-8. */
    char message[504];
} patron_error;
/* A context. */
typedef struct patron_ctx patron_ctx;

/* ---- things ---- */

/* A thing. */
typedef struct patron_thing patron_thing;
/* Grows. */
typedef struct patron_thing_options {
    unsigned long struct_size;
    int *a, *b; /* both */
    int (*call)(void *state, int n), m; /* called */
} patron_thing_options;
/* Fills `options` with the defaults; `size` is the caller's. */
PATRON_API void patron_thing_options_init_sized(patron_thing_options *options, unsigned long size);
static inline void patron_thing_options_init(patron_thing_options *options) {
    patron_thing_options_init_sized(options, sizeof *options);
}
/* y[i] becomes half of x[i], for n values. Errors: PATRON_ERR_INVALID for n < 0. */
PATRON_API patron_status patron_halve(patron_ctx *ctx, int n, const double *x, double *y, patron_error *error);
/* The size and the color of a thing. */
PATRON_API int patron_thing_size(const patron_thing *thing);
PATRON_API int patron_thing_color(const patron_thing *thing);
/* Made anew. Errors as above. */
PATRON_API patron_status patron_thing_copy(const patron_thing *thing, patron_thing **out, patron_error *error);
#ifdef __cplusplus
}
#endif
#endif
"""


def write(root: Path, text: str) -> None:
    (root / "include/patron").mkdir(parents=True)
    (root / "include/patron/base.h").write_text(text, encoding="utf-8")
    (root / "include/patron.h").write_text(
        '#ifndef PATRON_H\n#define PATRON_H\n#include "patron/base.h"\n#endif\n', encoding="utf-8"
    )


def test_a_sound_header_passes(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    assert violations(tmp_path) == []
    assert compile_all("cc", C, tmp_path, orders(tmp_path), tmp_path) == ""
    files = example_files(tmp_path)
    assert len(files) == 1
    assert compile_all("cc", EXAMPLE, tmp_path, files, tmp_path) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/* patron/base.h: what", "/* What"),
        ("/* patron/base.h", "\n/* patron/base.h"),
        ("Threads: any", "Any threads"),
        (" * Ownership: the caller's.\n", ""),
        (" * Errors: by status", " * By Errors: status"),
        ("0, /* done */", "0,"),
        ("    /* All the rest. */\n    PATRON_ERR_INVALID = 1,", "    PATRON_ERR_INVALID = 1, /* bad */"),
        ("    /* All the rest. */\n    PATRON_ERR_INVALID = 1,\n", "    /* All the rest. */\n    PATRON_ERR_INVALID = 1,\n\n"),
        ("status; /* of the call */", "status;"),
        ("    int *a, *b; /* both */", "    int *a; /* both */\n    int *b;"),
        ("n), m; /* called */", "n);\n    int m; /* called */"),
        ("/* A context. */\n", ""),
        ("/* A thing. */\n", "/* A thing. */\n\n"),
        ("/* A thing. */\n", "/* ---- a ruler is no comment ---- */\n"),
        ("/* Made anew. Errors as above. */\n", ""),
        ("/* Made anew. Errors as above. */", "/* Made anew. */"),
        ("`size` is the", "the rest is the"),
        ("half of x[i]", "half of it"),
        ("for n values. Errors: PATRON_ERR_INVALID for n < 0", "for all values. Errors: PATRON_ERR_INVALID"),
        ("/* The size and the color of a thing. */", "/* The size of a thing. */"),
    ],
)
def test_a_header_that_says_too_little_is_seen(tmp_path: Path, old: str, new: str) -> None:
    assert SOUND.count(old) == 1
    write(tmp_path, SOUND.replace(old, new))
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("compiler", "old", "new"),
    [
        ("gcc", "int patron_thing_size(", "size_t patron_thing_size("),
        ("gcc", "#ifndef PATRON_BASE_H\n", "#if 1\n"),
        ("gcc", "patron_thing_size(const patron_thing *thing)", "patron_thing_size()"),
        ("g++", "*thing, patron_thing **out", "*thing, patron_thing **new"),
        ("clang++", "patron_thing_options_init_sized(options, sizeof *options);", "int *p = (void *)options; (void)p;"),
    ],
)
def test_a_header_that_does_not_compile_is_seen(tmp_path: Path, compiler: str, old: str, new: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    assert SOUND.count(old) == 1
    write(tmp_path, SOUND.replace(old, new))
    assert "error" in compile_all(compiler, C if "+" not in compiler else CXX, tmp_path, orders(tmp_path), tmp_path)


def test_an_essay_without_an_example_is_seen(tmp_path: Path) -> None:
    write(tmp_path, re.sub(r"^ \*     .*;.*\n", "", SOUND, flags=re.MULTILINE))
    assert violations(tmp_path) == ["base.h: the essay has no example"]


@pytest.mark.parametrize(
    ("old", "new"), [("double y[2];", "double y;"), ("(ctx, 2, (double", "(2, (double"), ("*made = ", "made = ")]
)
def test_an_example_that_does_not_compile_is_seen(tmp_path: Path, old: str, new: str) -> None:
    assert SOUND.count(old) == 1
    write(tmp_path, SOUND.replace(old, new))
    files = example_files(tmp_path)
    assert "error" in compile_all("cc", EXAMPLE, tmp_path, files, tmp_path)
