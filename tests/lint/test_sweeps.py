"""Every public function that can fail is failed: it stands in a table of scenarios of tests/c/test_faults_*.c, which refuse it
each of its allocations and file operations in turn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headers import public_headers, read
from tree import ROOT, without_comments


def fallible(root: Path) -> list[str]:
    """The public functions that return a status."""
    declarations = [made for path in public_headers(root) for made in read(path).declarations]
    return [made.name for made in declarations if made.type == "patron_status"]


def body_of(text: str, function: str) -> str:
    """The body of a static function, as far as the brace that ends it; empty when there is none."""
    head = re.search(rf"\b{function}\s*\([^)]*\)\s*\{{", text)
    if head is None:
        return ""
    depth, end = 1, head.end()
    while depth > 0 and end < len(text):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[head.end() : end]


def violations(root: Path) -> list[str]:
    found: list[str] = []
    swept: set[str] = set()
    for path in sorted((root / "tests" / "c").glob("test_faults_*.c")):
        text = without_comments(path.read_text(encoding="utf-8"))
        for scenario in re.findall(r"\{\s*(\.function\s*=[^{}]*)\}", text):
            function = re.search(r'\.function\s*=\s*"(\w+)"', scenario)
            call = re.search(r"\.call\s*=\s*(\w+)", scenario)
            if function is None or call is None:
                found.append(f"{path.name}: a scenario without a function or a call: {' '.join(scenario.split())}")
            elif not re.search(rf"\b{function[1]}\s*\(", body_of(text, call[1])):
                found.append(f"{path.name}: {call[1]} is said to call {function[1]} and does not")
            else:
                swept.add(function[1])
    public = fallible(root)
    found += [
        f"{function} returns a status and no scenario of tests/c/test_faults_*.c calls it"
        for function in public
        if function not in swept
    ]
    found += [f"{function} has a scenario and is not in a public header" for function in sorted(swept - set(public))]
    return found


def test_every_public_function_that_can_fail_is_failed() -> None:
    assert len(fallible(ROOT)) > 40
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


HEADER = """\
/* patron_status patron_old(void); */
PATRON_API patron_status patron_log_build(patron_ctx *ctx,
                                          patron_error *error);
PATRON_API void patron_log_destroy(patron_log *log);
"""
SWEEP = """\
static patron_status building(world *w, patron_error *error) {
    if (w == NULL) { return PATRON_OK; }
    return patron_log_build(w->ctx, error);
}
static patron_status other(world *w, patron_error *error) { return PATRON_OK; }
static const scenario scenarios[] = {
    {.function = "patron_log_build", .call = building, .nothing = true},
};
"""


def write(root: Path, header: str, sweep: str) -> None:
    (root / "include" / "patron").mkdir(parents=True)
    (root / "tests" / "c").mkdir(parents=True)
    (root / "include" / "patron" / "log.h").write_text(header, encoding="utf-8")
    (root / "tests" / "c" / "test_faults_log.c").write_text(sweep, encoding="utf-8")


def test_a_swept_function_passes(tmp_path: Path) -> None:
    write(tmp_path, HEADER, SWEEP)
    assert violations(tmp_path) == []


@pytest.mark.parametrize(
    ("header", "sweep", "said"),
    [
        (HEADER + "PATRON_API patron_status patron_log_save(const char *path);\n", SWEEP, "patron_log_save returns"),
        (HEADER, SWEEP.replace("    {.function", "    // {.function"), "patron_log_build returns"),
        (HEADER, SWEEP.replace(".call = building", ".call = other"), "other is said to call patron_log_build"),
        (HEADER, SWEEP.replace(".call = building", ""), "without a function or a call"),
        ("", SWEEP, "not in a public header"),
    ],
)
def test_a_missing_or_wrong_scenario_is_seen(tmp_path: Path, header: str, sweep: str, said: str) -> None:
    write(tmp_path, header, sweep)
    assert any(said in line for line in violations(tmp_path))
