"""What the text of a C file must have and must not have; what its object must not call is the affair of test_objects.py.

A file of the core opens with an essay that begins with its path; a header is guarded by a name made of its path; the only label
is `cleanup`, and the only jump goes there; statics bear no prefix, as that is for names that other files see; errno is read
where the system is called and nowhere else; nothing private of CPython is used; and no file is left half done.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tree import ROOT, without_comments

SHORTEST_ESSAY = 40  # letters after the path
READS_ERRNO = {"file_posix.c"}
LINES: list[tuple[str, re.Pattern[str], str]] = [  # where it holds (a part of the path), what it must not say, why
    ("", re.compile(r"\bgoto (?!cleanup;)\w+"), "goes elsewhere than to cleanup"),
    ("", re.compile(r"^\s*(?!cleanup|default)(\w+):(?![:\w])\s*$"), "has a label that is not cleanup"),
    ("csrc/", re.compile(r"^static (?!inline\b)[^=;{]*?\b(?:pt_|patron_)\w+\("), "prefixes a static function"),
    ("csrc/", re.compile(r"^\s*#\s*pragma\b"), "has a pragma; flags stand in compile_flags.txt"),
    ("python/ext/", re.compile(r"\b_Py\w+|\bcpython/"), "uses what is private to CPython"),
]
UNDONE = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


def opening(text: str) -> str:
    found = re.match(r"/\*(.*?)\*/", text, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*\*?\s?", " ", found[1]).strip() if found else ""


def violations(root: Path) -> list[str]:
    found = []
    files = [
        path
        for folder in ("csrc", "include", "python/ext", "tests/c", "tests/fuzz")
        for path in (root / folder).rglob("*.[ch]")
    ]
    for path in sorted(files):
        place = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        code = without_comments(text)
        below = place.removeprefix("csrc/").removeprefix("include/")
        if place.startswith(("csrc/", "include/")):
            essay = opening(text)
            if not essay.startswith(f"{below}: ") or len(essay) < len(below) + 2 + SHORTEST_ESSAY * (place[-1] == "c"):
                found.append(f"{place}: does not open with an essay: /* {below}: what it is about, the idea, the source")
            guard = re.sub(r"\W", "_", below if below.startswith("patron") else f"PT_{below}").upper()
            if place[-1] == "h" and not re.search(rf"#ifndef {guard}\n#define {guard}\n(?s:.*)#endif\s*\Z", code):
                found.append(f"{place}: is not guarded by {guard}")
        if place.startswith("csrc/") and path.name not in READS_ERRNO and re.search(r"\berrno\b(?!\.h)", code):
            found.append(f"{place}: reads errno; the file operations return what it was")
        for number, (line, whole) in enumerate(zip(code.split("\n"), text.split("\n"), strict=True), 1):
            found += [f"{place}:{number}: {why}" for where, bad, why in LINES if place.startswith(where) and bad.search(line)]
            if UNDONE.search(whole):
                found.append(f"{place}:{number}: is left undone; do it, or say what does not work and leave it")
    return found


def arithmetic_violations(flags: list[str]) -> list[str]:
    """The same bits everywhere: no contraction, and no licence to compute something else."""
    bad = {"-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-fassociative-math", "-ffinite-math-only", "-march=native"}
    bad |= {"-freciprocal-math", "-fno-signed-zeros", "-fopenmp", "-ffp-contract=fast", "-ffp-contract=on"}
    found = [f"{flag} changes results" for flag in flags if flag in bad]
    needed = {
        "-std=c11",
        "-ffp-contract=off",
        "-fvisibility=hidden",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Wshadow",
        "-Wstrict-prototypes",
    }
    return found + [f"{flag} is missing" for flag in sorted(needed - set(flags))]


def test_c_files_keep_to_the_rules_of_their_text() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_the_flags_leave_arithmetic_as_it_is_written() -> None:
    flags = (ROOT / "csrc/compile_flags.txt").read_text(encoding="utf-8").split()
    assert arithmetic_violations(flags) == []
    assert arithmetic_violations([*flags, "-ffast-math"]) == ["-ffast-math changes results"]
    assert arithmetic_violations([flag for flag in flags if flag != "-ffp-contract=off"]) == ["-ffp-contract=off is missing"]


def test_no_build_lists_the_files_of_the_core() -> None:
    for name in ("setup.py", "csrc/CMakeLists.txt", "MANIFEST.in"):
        text = "\n".join(
            line for line in (ROOT / name).read_text(encoding="utf-8").split("\n") if not line.lstrip().startswith("#")
        )
        listed = [path.name for path in (ROOT / "csrc").rglob("*.c") if re.search(rf"(?<![\w/]){re.escape(path.name)}\b", text)]
        assert listed == [], name


SOUND = {
    "csrc/base/sort.c": """\
/* base/sort.c: sorting.
 *
 * The idea, the source, the layout, and what it cannot do. */
#include "base/sort.h"
static int compare(int a, int b) {
    switch (a) {
    case 1:
    default:
        goto cleanup;
    }
    return pt_other(a) ? b : a; /* goto heaven; errno */
cleanup:
    return 0;
}
""",
    "csrc/base/sort.h": """\
/* base/sort.h: sorting. */
#ifndef PT_BASE_SORT_H
#define PT_BASE_SORT_H
static inline int pt_one(int a) { return a; }
#endif
""",
    "csrc/base/file_posix.c": """\
/* base/file_posix.c: the operations of files, as POSIX has them, each with its errno. */
int pt_last(void) { return errno; }
""",
    "include/patron/log.h": "/* patron/log.h: the log. */\n#ifndef PATRON_LOG_H\n#define PATRON_LOG_H\n#endif\n",
    "python/ext/module.c": "/* The module. */\nint f(void) { return Py_None != NULL; }\n",
    "tests/c/test_log.c": "int main(void) { return 0; }\n",
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def test_sound_files_pass(tmp_path: Path) -> None:
    write(tmp_path, SOUND)
    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("csrc/base/sort.c", "/* base/sort.c: sorting.", "/* Sorting."),
        ("csrc/base/sort.c", "/* base", "\n/* base"),
        ("csrc/base/sort.c", "The idea, the source, the layout, and what it cannot do.", ""),
        ("csrc/base/sort.c", "        goto cleanup;", "        goto out;"),
        ("csrc/base/sort.c", "    return 0;", "again:\n    return 0;"),
        ("csrc/base/sort.c", "static int compare(", "static int pt_compare("),
        ("csrc/base/sort.c", "    return 0;", "    return errno;"),
        ("csrc/base/sort.c", "static int", "#pragma GCC ivdep\nstatic int"),
        ("csrc/base/sort.c", "The idea", "TO" + "DO the idea"),
        ("csrc/base/sort.h", "base/sort.h", "sort.h"),
        ("csrc/base/sort.h", "#ifndef PT_BASE_SORT_H", "#ifndef PT_SORT_H"),
        ("include/patron/log.h", "#define PATRON_LOG_H", "#define PATRON_LOG_H_"),
        ("python/ext/module.c", "Py_None", "_Py_NoneStruct"),
        ("tests/c/test_log.c", "return 0;", "goto end; return 0;"),
    ],
)
def test_each_fault_is_seen(tmp_path: Path, file: str, old: str, new: str) -> None:
    assert SOUND[file].count(old) == 1
    write(tmp_path, SOUND | {file: SOUND[file].replace(old, new)})
    assert len(violations(tmp_path)) == 1
