"""The binary interface is what tests/golden/abi.txt says: functions, constants, structs, down to sizes and offsets.

    python tests/lint/test_abi.py --write [--breaking]

writes the list anew, and refuses to when a program that was compiled earlier would break, unless told so. What may be added: a
function, a constant whose number was free, a struct, and fields at the end of a struct that grows (one that begins with
struct_size, or that the library alone makes and whose comment says that later versions append fields). A test in
test_objects.py sees to it that the functions here are those that the library exports. Sizes are those of 64-bit machines.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from headers import Declaration, public_headers, read
from tree import ROOT

GOLDEN = ROOT / "tests/golden/abi.txt"
HEAD = (
    "# The binary interface of libpatron on 64-bit machines; written by tests/lint/test_abi.py, which says what may change.\n"
)
INT_MAX = 2**31 - 1


def measured(root: Path, expressions: Sequence[str]) -> list[int]:
    """The values of constant expressions over the public headers, as the compiler has them."""
    lines = "".join(f'    printf("%lld\\n", (long long)({expression}));\n' for expression in expressions)
    text = f"#include <patron.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {{\n{lines}    return 0;\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "measure.c"), Path(folder, "measure")
        source.write_text(text, encoding="utf-8")
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-std=c11", f"-I{root / 'include'}", str(source), "-o", str(program)], check=True)
        said = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    return [int(word) for word in said.split()]


def grows(made: Declaration) -> bool:
    told = made.group.text.replace("\n", " ") if made.group else ""
    return made.members[0].name == "struct_size" or "later versions append fields" in told


def describe(root: Path) -> list[str]:
    """The interface of the headers below a root, one thing a line."""
    declarations = sorted(
        (made for path in public_headers(root) for made in read(path).declarations), key=lambda made: made.name
    )
    lines, asked = [], []
    for kind in ("function", "inline"):
        for made in (each for each in declarations if each.kind == kind):
            lines.append(f"{kind} {made.name}: {made.type} ({', '.join(each.type for each in made.members) or 'void'})")
    for made in (each for each in declarations if each.kind == "enum"):
        asked += [each.name for each in made.members]
        lines += [f"constant {made.name}.{each.name}: {{}}" for each in made.members]
    for made in (each for each in declarations if each.kind == "struct"):
        asked += [f"sizeof(struct {made.name})", *(f"offsetof(struct {made.name}, {each.name})" for each in made.members)]
        lines.append(f"struct {made.name}: {{}} bytes{', grows' if grows(made) else ''}")
        lines += [f"field {made.name}.{each.name}: {each.type} at {{}}" for each in made.members]
    values = iter(measured(root, asked))
    return [line.format(next(values)) if "{}" in line else line for line in lines]


# ---- what changed ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A difference, and whether a program that was compiled against the old headers may go wrong with the new library."""

    breaking: bool
    text: str

    def __str__(self) -> str:
        return f"{'breaking' if self.breaking else 'additive'}: {self.text}"


def entries(lines: Sequence[str], kinds: str) -> dict[str, str]:
    found = {}
    for line in lines:
        kind, _, rest = line.partition(" ")
        name, _, value = rest.partition(": ")
        if kind in kinds.split():
            found[name] = value
    return found


def within(items: dict[str, str], owner: str) -> list[tuple[str, str]]:
    """The fields or constants of a struct or enum, in their order."""
    return [(name, value) for name, value in items.items() if name.partition(".")[0] == owner]


def changed_functions(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    found = []
    for kind in ("function", "inline"):
        before, after = entries(old, kind), entries(new, kind)
        found += [Change(False, f"{kind} {name} is new") for name in after.keys() - before.keys()]
        for name, value in before.items():
            if name not in after:
                found.append(Change(True, f"{kind} {name} is gone"))
            elif after[name] != value:
                found.append(Change(True, f"{kind} {name} is {after[name]}; it was {value}"))
    return found


def changed_constants(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    before, after = entries(old, "constant"), entries(new, "constant")
    found = []
    for name, value in before.items():
        if name not in after:
            found.append(Change(True, f"constant {name} is gone"))
        elif after[name] != value:
            found.append(Change(True, f"constant {name} is {after[name]}; it was {value}"))
    for name in after.keys() - before.keys():
        there = dict(within(before, name.partition(".")[0]))
        value = int(after[name])
        taken = after[name] in there.values() or (bool(there) and not 0 <= value <= INT_MAX)
        note = ", a number that was taken" if after[name] in there.values() else ", which changes the type" if taken else ""
        found.append(Change(taken, f"constant {name} is new: {value}{note}"))
    return found


def changed_structs(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    before, after = entries(old, "struct"), entries(new, "struct")
    found = [Change(False, f"struct {name} is new") for name in after.keys() - before.keys()]
    for name, value in before.items():
        if name not in after:
            found.append(Change(True, f"struct {name} is gone"))
            continue
        fields, now = within(entries(old, "field"), name), within(entries(new, "field"), name)
        size, could_grow = int(value.split()[0]), value.endswith("grows")
        kept = next((i for i, pair in enumerate(fields) if i >= len(now) or now[i] != pair), len(fields))
        if kept < len(fields):
            what = f"{now[kept][0]}: {now[kept][1]}" if kept < len(now) else "nothing"
            found.append(Change(True, f"struct {name} has {what} where {fields[kept][0]}: {fields[kept][1]} was"))
            continue
        for field, what in now[kept:]:
            inside = int(what.rpartition(" ")[2]) < size
            note = ", in bytes that were padding: no size tells whether they are set" if inside else ""
            found.append(Change(inside or not could_grow, f"field {field} is new: {what}{note or ''}"))
        if now == fields and value != after[name]:
            found.append(Change(True, f"struct {name} is {after[name]}; it was {value}"))
        elif could_grow and not after[name].endswith("grows"):
            found.append(Change(True, f"struct {name} no longer grows"))
    return found


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    found = changed_functions(old, new) + changed_constants(old, new) + changed_structs(old, new)
    return sorted(found, key=lambda change: (not change.breaking, change.text))


def golden() -> list[str]:
    return [line for line in GOLDEN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def write(breaking: bool) -> int:
    lines = describe(ROOT)
    found = changes(golden(), lines) if GOLDEN.exists() else []
    print("\n".join(map(str, found)) or "nothing changed")
    if not breaking and any(change.breaking for change in found):
        print("not written: programs would break; --breaking writes it all the same", file=sys.stderr)
        return 1
    GOLDEN.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


# ---- the tests ---------------------------------------------------------------------------------------------------------------

on_64_bits = pytest.mark.skipif(sys.maxsize < 2**32, reason="the list holds sizes of 64-bit machines")


@on_64_bits
def test_the_binary_interface_is_the_one_on_record() -> None:
    old, new = golden(), describe(ROOT)
    found = changes(old, new)
    advice = "What is additive may be recorded with: python tests/lint/test_abi.py --write"
    assert old == new, "\n" + "\n".join([*map(str, found), advice])


SOUND = """\
#define PATRON_API
/* Numbers. */
typedef enum patron_color {
    PATRON_RED = 0,
    PATRON_BLUE = 1,
    PATRON_OTHER = 64
} patron_color;
/* Fixed. */
typedef struct patron_point {
    double x, y;
    int kind;
} patron_point;
/* Made by the library; later
 * versions append fields. */
typedef struct patron_info {
    long long n;
} patron_info;
/* A thing. */
typedef struct patron_thing patron_thing;
/* Options. */
typedef struct patron_thing_options {
    unsigned long struct_size;
    int (*call)(void *state, int n);
    int a;
} patron_thing_options;
/* Does. */
PATRON_API int patron_thing_do(const patron_thing *thing, patron_color color, double *out);
/* Fills. */
static inline void patron_thing_options_init(patron_thing_options *options) { options->a = 0; }
"""


SEE = "/* Sees. */\nPATRON_API int patron_thing_see(void);\n"
WAY = "/* A way. */\ntypedef enum patron_way { PATRON_UP = -1 } patron_way;\n"
PAIR = "/* A pair. */\ntypedef struct patron_pair {\n    int a;\n} patron_pair;\n"


def interface(root: Path, text: str) -> list[str]:
    (root / "include/patron").mkdir(parents=True)
    (root / "include/patron/base.h").write_text(text, encoding="utf-8")
    (root / "include/patron.h").write_text('#include "patron/base.h"\n', encoding="utf-8")
    return describe(root)


@on_64_bits
def test_an_interface_is_described_down_to_offsets(tmp_path: Path) -> None:
    assert interface(tmp_path, SOUND) == [
        "function patron_thing_do: int (const patron_thing *, patron_color, double *)",
        "inline patron_thing_options_init: void (patron_thing_options *)",
        "constant patron_color.PATRON_RED: 0",
        "constant patron_color.PATRON_BLUE: 1",
        "constant patron_color.PATRON_OTHER: 64",
        "struct patron_info: 8 bytes, grows",
        "field patron_info.n: long long at 0",
        "struct patron_point: 24 bytes",
        "field patron_point.x: double at 0",
        "field patron_point.y: double at 8",
        "field patron_point.kind: int at 16",
        "struct patron_thing_options: 24 bytes, grows",
        "field patron_thing_options.struct_size: unsigned long at 0",
        "field patron_thing_options.call: int (*)(void *, int) at 8",
        "field patron_thing_options.a: int at 16",
    ]


@on_64_bits
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("/* Does. */", "/* Does not. */", []),
        ("patron_color color, double *out)", "patron_color colour,\n    double *out)", []),
        ("int n);", "int number);", []),
        ("/* Fills. */", SEE + "/* Fills. */", ["additive: function patron_thing_see is new"]),
        (
            "    PATRON_OTHER",
            "    PATRON_GREEN = 2,\n    PATRON_OTHER",
            ["additive: constant patron_color.PATRON_GREEN is new: 2"],
        ),
        ("/* Fixed. */", WAY + "/* Fixed. */", ["additive: constant patron_way.PATRON_UP is new: -1"]),
        ("/* Fixed. */", PAIR + "/* Fixed. */", ["additive: struct patron_pair is new"]),
        ("    int a;\n", "    int a;\n    long long b;\n", ["additive: field patron_thing_options.b is new: long long at 24"]),
        ("long long n;", "long long n;\n    int m;", ["additive: field patron_info.m is new: int at 8"]),
        ("int patron_thing_do", "long patron_thing_do", ["breaking: function patron_thing_do is long ("]),
        (
            "double *out)",
            "float *out)",
            ["breaking: function patron_thing_do is int (const patron_thing *, patron_color, float *)"],
        ),
        ("patron_thing_do", "patron_do", ["breaking: function patron_thing_do is gone", "additive: function patron_do is new"]),
        ("PATRON_BLUE = 1", "PATRON_BLUE = 2", ["breaking: constant patron_color.PATRON_BLUE is 2; it was 1"]),
        (
            "PATRON_BLUE = 1",
            "PATRON_RED_TOO = 0",
            [
                "breaking: constant patron_color.PATRON_BLUE is gone",
                "breaking: constant patron_color.PATRON_RED_TOO is new: 0, a n",
            ],
        ),
        ("= 64", "= 64,\n    PATRON_NO = -1", ["breaking: constant patron_color.PATRON_NO is new: -1, which changes the type"]),
        ("    int kind;\n", "    int kind;\n    double z;\n", ["breaking: field patron_point.z is new: double at 24"]),
        (
            "    int kind;\n",
            "    long long kind;\n",
            ["breaking: struct patron_point has patron_point.kind: long long at 16 where"],
        ),
        ("    int kind;\n", "", ["breaking: struct patron_point has nothing where patron_point.kind: int at 16 was"]),
        (
            "    int a;\n",
            "    int a;\n    int b;\n",
            ["breaking: field patron_thing_options.b is new: int at 20, in bytes that were p"],
        ),
        (
            "    int a;\n",
            "    int b;\n    int a;\n",
            ["breaking: struct patron_thing_options has patron_thing_options.b: int at"],
        ),
        (
            "int n);",
            "long n);",
            ["breaking: struct patron_thing_options has patron_thing_options.call: int (*)(void *, long) at 8"],
        ),
        ("append fields", "add to it", ["breaking: struct patron_info is 8 bytes; it was 8 bytes, grows"]),
        ("patron_point", "patron_place", ["breaking: struct patron_point is gone", "additive: struct patron_place is new"]),
    ],
)
def test_additive_and_breaking_changes_are_told_apart(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert old in SOUND
    before = interface(tmp_path / "before", SOUND)
    after = interface(tmp_path / "after", SOUND.replace(old, new))
    found = list(map(str, changes(before, after)))
    assert [text[: len(start)] for text, start in zip(found, expected, strict=True)] == expected
    assert (before == after) == (not expected)


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the record of the binary interface anew.")
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("--breaking", action="store_true", help="also when programs that were compiled earlier break")
    return write(parser.parse_args().breaking)


if __name__ == "__main__":
    sys.exit(main())
