"""Every kind of file that the library saves is in the table that the tests of damaged files go through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tree import ROOT, tracked, without_comments

TABLE = "tests/c/saved_kinds.h"


def kinds_saved(root: Path, files: list[Path]) -> dict[str, str]:
    """The kind that each writer is made with, as it stands in the call, and the file that it stands in."""
    found: dict[str, str] = {}
    for path in files:
        place = path.relative_to(root)
        if place.parts[0] == "csrc" and place.suffix == ".c" and place.name != "file_write.c":
            text = without_comments(path.read_text(encoding="utf-8"))
            for kind in re.findall(r"\bpt_writer_create\s*\(\s*[^,]+,\s*([^,]+?)\s*,", text):
                found[kind] = str(place)
    return found


def violations(root: Path, files: list[Path]) -> list[str]:
    table = without_comments((root / TABLE).read_text(encoding="utf-8"))
    tested = set(re.findall(r'\.kind\s*=\s*("[^"]+")', table))
    saved = kinds_saved(root, files)
    found = [
        f"{place}: kind {kind} is saved; expected a line for it in {TABLE}"
        if kind.startswith('"')
        else f"{place}: the kind is {kind}; expected a string, so that it can be found"
        for kind, place in saved.items()
        if kind not in tested
    ]
    return found + [f"{TABLE}: kind {kind} is saved nowhere" for kind in sorted(tested - set(saved))]


def test_every_kind_of_file_is_damaged_by_the_tests() -> None:
    found = violations(ROOT, tracked(ROOT))
    assert kinds_saved(ROOT, tracked(ROOT))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ('pt_writer_create(ctx, "log", 1, &w, error);', 0),
        ('pt_writer_create(model->ctx, "tree", VERSION, &w, error); pt_writer_create(ctx,\n "log", 1, &w, error);', 1),
        ('pt_writer_create(ctx, kind_of(model), 1, &w, error); pt_writer_create(ctx, "log", 1, &w, error);', 1),
        ("", 1),
    ],
)
def test_a_kind_without_tests_is_seen(tmp_path: Path, code: str, number: int) -> None:
    files = {TABLE: '{.kind = "log", 0}', "csrc/tree.c": f"void f(void) {{ {code} }}"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(violations(tmp_path, [tmp_path / name for name in files])) == number
