"""include/patron.h, the only supported include, names every public header."""

from __future__ import annotations

from pathlib import Path

from tree import ROOT, includes


def violations(root: Path) -> list[str]:
    named = {name for kind, name in includes(root / "include/patron.h") if kind == '"'}
    there = {f"patron/{path.name}" for path in (root / "include/patron").glob("*.h")}
    return [f"patron.h does not include {name}" for name in sorted(there - named)]


def test_the_umbrella_names_every_public_header() -> None:
    found = violations(ROOT)
    assert not found, "\n" + "\n".join(found)


def test_a_missing_header_is_seen(tmp_path: Path) -> None:
    (tmp_path / "include/patron").mkdir(parents=True)
    (tmp_path / "include/patron.h").write_text('#include "patron/base.h"\n// #include "patron/log.h"\n', encoding="utf-8")
    for name in ("base.h", "log.h"):
        (tmp_path / "include/patron" / name).touch()
    assert violations(tmp_path) == ["patron.h does not include patron/log.h"]
