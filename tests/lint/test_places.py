"""No file names a package registry or a path of the machine it was written on: both are the reader's own affair."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tree import ROOT, tracked

# Written so that this file does not match itself.
REGISTRIES = [
    "py" + r"pi\.org",
    "python" + r"hosted\.(?:org|com)",
    "ana" + r"conda\.(?:org|com)",
    "conda" + r"-forge\.org",
    "crates" + r"\.io",
    "npm" + r"js\.(?:org|com)",
    "proxy" + r"\.golang\.org",
    "deb" + r"ian\.org",
    "ub" + r"untu\.com",
    "docker" + r"\.(?:io|com)",
    "ghcr" + r"\.io",
    "quay" + r"\.io",
]
PATHS = [r"(?<![\w.$}~*)\]-])/(?:work|root|tmp|home|Users|opt|mnt|private)/[\w.]"]
FORBIDDEN = re.compile("|".join(REGISTRIES + PATHS).encode(), re.IGNORECASE)


def violations(root: Path, files: list[Path]) -> list[str]:
    found: list[str] = []
    for path in files:
        text = path.read_bytes()
        if b"\0" in text[:8000]:
            continue
        for number, line in enumerate(text.split(b"\n"), 1):
            match = FORBIDDEN.search(line)
            if match:
                found.append(f"{path.relative_to(root)}:{number}: names {match[0].decode('utf-8', 'replace')}")
    return found


def test_no_file_names_a_registry_or_a_machine_path() -> None:
    found = violations(ROOT, tracked(ROOT))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text", ["see https://" + "py" + "pi.org/simple", "open('/" + "tmp/x.csv')", "cd /" + "root/x", 'PATH="/' + 'home/me/bin"']
)
def test_a_registry_or_path_is_seen(tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes.md"
    file.write_text("first\n" + text + "\n", encoding="utf-8")
    assert len(violations(tmp_path, [file])) == 1


@pytest.mark.parametrize("text", ["$TMPDIR/x", ".work/tmp/x", "https://example.com/home/x", "tests/root/x.c", "${here}/work/x"])
def test_other_paths_pass(tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes.md"
    file.write_text(text + "\n", encoding="utf-8")
    assert violations(tmp_path, [file]) == []
