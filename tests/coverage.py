"""How much of the core the C tests reach: lines and branches of every source file, from what gcov says.

    tests/coverage.py BUILD [GCOV]

BUILD is a folder that CMake made with PATRON_COVERAGE=ON and whose tests have run (`tests/run --coverage` does both); GCOV is
the gcov of the compiler that built it. Prints a table of the files, with the lines that have a branch never taken or that never
ran, the totals of each room and of the core. Fails where a loader has a branch or line that no test takes, or where the core
has fewer than 90 % of its branches or 95 % of its lines.

A loader is code that reads what others have written: there a branch that was never taken is a door that nobody has tried.
"Taken" is counted in objects built without optimisation and without assertions. A function in a header is compiled into many
objects: a branch of it is taken if it is in any.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOADERS = (
    "csrc/base/checksum.c",
    "csrc/base/file.c",
    "csrc/base/file_layout.h",
    "csrc/base/file_name.c",
    "csrc/data/arrow_import.c",
    "csrc/data/attributes_file.c",
    "csrc/data/log_file.c",
    "csrc/data/recipe_file.c",
    "csrc/data/time_text.c",
    "csrc/data/utf8.c",
    "csrc/data/validate.c",
    "csrc/segment/rfm_file.c",
)
CORE_BRANCHES, CORE_LINES = 0.90, 0.95
SHOWN_LINES = 12


@dataclass
class Line:
    """How often a line ran, and how often each branch of each function on it was taken."""

    count: int = 0
    branches: dict[str, list[int]] = field(default_factory=dict)

    def add(self, count: int, function: str, branches: list[int]) -> None:
        self.count += count
        known = self.branches.setdefault(function, [0] * len(branches))
        if len(known) != len(branches):
            raise ValueError(f"{function} has {len(known)} branches in one object and {len(branches)} in another")
        self.branches[function] = [a + b for a, b in zip(known, branches, strict=True)]


@dataclass
class Tally:
    """Lines and branches, and those of them that were reached."""

    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_taken: int = 0

    def __iadd__(self, other: Tally) -> Tally:
        self.lines += other.lines
        self.lines_run += other.lines_run
        self.branches += other.branches
        self.branches_taken += other.branches_taken
        return self

    @property
    def complete(self) -> bool:
        return self.lines == self.lines_run and self.branches == self.branches_taken

    def cells(self) -> str:
        return f"{share(self.lines_run, self.lines)}   {share(self.branches_taken, self.branches)}"


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def share(part: int, whole: int) -> str:
    return f"{part:>6}/{whole:<6} {100 * ratio(part, whole):5.1f} %"


def reports(build: Path, gcov: str) -> Iterator[dict[str, Any]]:
    """What gcov says of every object of the library, also of those that no test has linked."""
    objects = sorted((build / "CMakeFiles" / "patron_objects.dir").rglob("*.gcno"))
    if not objects:
        sys.exit(f"{build} holds no objects built for gcov; configure it with -DPATRON_COVERAGE=ON")
    command = [gcov, "--branch-probabilities", "--json-format", "--stdout", *(str(path) for path in objects)]
    done = subprocess.run(command, cwd=build, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{gcov} failed: {done.stderr.decode(errors='replace').strip()}")
    for text in done.stdout.splitlines():
        if text.strip():
            yield json.loads(text)


def gather(build: Path, gcov: str) -> dict[str, dict[int, Line]]:
    """By file of the project, by line."""
    files: dict[str, dict[int, Line]] = {}
    for report in reports(build, gcov):
        for part in report["files"]:
            name = os.path.normpath(part["file"])
            if not name.startswith(("csrc/", "include/")):
                continue
            lines = files.setdefault(name, {})
            for line in part["lines"]:
                taken = [branch["count"] for branch in line["branches"]]
                lines.setdefault(line["line_number"], Line()).add(line["count"], line.get("function_name", ""), taken)
    return files


def count(lines: dict[int, Line]) -> tuple[Tally, list[int]]:
    """The tally of a file, and its lines with anything that was not reached."""
    tally, missed = Tally(), []
    for number, line in sorted(lines.items()):
        taken = [count for branches in line.branches.values() for count in branches]
        here = Tally(1, int(line.count > 0), len(taken), sum(count > 0 for count in taken))
        tally += here
        if not here.complete:
            missed.append(number)
    return tally, missed


def room_of(name: str) -> str:
    return "/".join(name.split("/")[:2])


def main() -> int:
    parser = argparse.ArgumentParser(description="How much of the core the C tests reach.")
    parser.add_argument("build", type=Path)
    parser.add_argument("gcov", nargs="?", default="gcov")
    parser.add_argument("--all-lines", action="store_true", help="show every line that was not reached")
    arguments = parser.parse_args()

    files = gather(arguments.build.resolve(), arguments.gcov)
    rooms: dict[str, Tally] = {}
    core = Tally()
    faults = [f"{name} is named as a loader, but no object holds it" for name in LOADERS if name not in files]
    print(f"{'file':<32} {'lines':^21}   {'branches':^21}   not reached (* a loader)")
    for name, lines in sorted(files.items()):
        tally, missed = count(lines)
        core += tally
        rooms.setdefault(room_of(name), Tally()).__iadd__(tally)
        shown = missed if arguments.all_lines else missed[:SHOWN_LINES]
        more = f" and {len(missed) - len(shown)} more" if len(shown) < len(missed) else ""
        mark = "*" if name in LOADERS else " "
        print(f"{name:<31}{mark} {tally.cells()}   {' '.join(map(str, shown))}{more}".rstrip())
        if name in LOADERS and not tally.complete:
            faults.append(f"{name} is a loader and has lines or branches that no test takes: {' '.join(map(str, missed))}")
    print()
    for room, tally in sorted(rooms.items()):
        print(f"{room:<32} {tally.cells()}")
    print(f"{'the core':<32} {core.cells()}")
    if ratio(core.branches_taken, core.branches) < CORE_BRANCHES or ratio(core.lines_run, core.lines) < CORE_LINES:
        faults.append(f"the core is below {CORE_BRANCHES:.0%} of its branches or {CORE_LINES:.0%} of its lines")
    for fault in faults:
        print(f"FAILED: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
