"""File names say what a file is about, no two core files share one, and none grows past what a reader can hold."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tree import ROOT, tracked

EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "misc"}
LONGEST = 1500


def violations(root: Path, files: list[Path]) -> list[str]:
    found: list[str] = []
    places: dict[str, list[str]] = defaultdict(list)
    for path in files:
        place = path.relative_to(root)
        words = {word for part in (*place.parts[:-1], place.stem) for word in re.split(r"[_.\-]", part.lower())}
        if words & EMPTY_WORDS:
            found.append(f"{place}: the name says nothing")
        if place.parts[0] == "csrc" and place.suffix in {".c", ".h"}:
            places[place.name].append(str(place))
        if place.suffix in {".c", ".h", ".py"}:
            lines = path.read_bytes().count(b"\n")
            if lines > LONGEST:
                found.append(f"{place}: {lines} lines, at most {LONGEST}")
    found += [f"{' and '.join(same)} share a name" for same in places.values() if len(same) > 1]
    return found


def test_names_are_telling_and_unique_and_files_short() -> None:
    found = violations(ROOT, tracked(ROOT))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "names",
    [["csrc/base/sort.c", "csrc/data/sort.c"], ["csrc/base/string_utils.c"], ["python/patron/common/a.py"], ["tests/c/long.c"]],
)
def test_a_bad_name_or_length_is_seen(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n" * (LONGEST + 1 if "long" in name else LONGEST), encoding="utf-8")
    assert len(violations(tmp_path, [tmp_path / name for name in names])) == 1
