"""A path that a text of the project names is there: documentation, comments and messages lead nowhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tree import ROOT, tracked

PLACES = (
    "README",
    "SECURITY",
    "include/",
    "csrc/",
    "python/",
    "notebooks/",
    "tests/c/",
    "tests/py/",
    "tests/bench/",
    "tests/fuzz/",
)
NAMED = re.compile(r"(?<![\w./$}-])((?:tests|csrc|notebooks|python/ext|python/patron|include)/[\w.][\w./-]*\w)(?![\w*<{\[])")
BUILT = re.compile(r"python/patron/(?:include|lib)(?:/|$)")  # what a build puts into the package


def violations(root: Path, files: list[Path]) -> list[str]:
    found = []
    for path in files:
        place = path.relative_to(root).as_posix()
        if not place.startswith(PLACES) or b"\0" in path.read_bytes()[:8000]:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
            for match in NAMED.finditer(line):
                begun = line[match.end() :].startswith(("_*", "-*", "/*"))
                if not begun and not BUILT.match(match[1]) and not (root / match[1]).exists():
                    found.append(f"{place}:{number}: names {match[1]}, which is not there")
    return found


def test_paths_that_texts_name_are_there() -> None:
    found = violations(ROOT, tracked(ROOT))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("see csrc/base/sort.c.", 0),
        ("run `python tests/bench/log.py --events 3`", 0),
        ("tests/c/test_*.c and tests/c/faults_*.h", 0),
        ("https://example.com/tests/gone.c and $x/csrc/gone.c", 0),
        ("see csrc/base/gone.c", 1),
        ("(tests/bench/gone.py)", 1),
    ],
)
def test_a_path_that_leads_nowhere_is_seen(tmp_path: Path, text: str, seen: int) -> None:
    for name in ("csrc/base/sort.c", "tests/bench/log.py", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n", encoding="utf-8")
    (tmp_path / "README.md").write_text(text + "\n", encoding="utf-8")
    assert len(violations(tmp_path, tracked(tmp_path))) == seen
