"""What every lint needs: where the project is, which files belong to it, and C text without its comments."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(root: Path) -> list[Path]:
    """Files of the project, committed or about to be: git's list, or the folder itself where there is no git."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [root / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    else:
        made = re.compile(r"\.(?!ci$|clang-format$|gitignore$).*|build|dist|__pycache__|.*\.egg-info")
        names = [path for path in root.rglob("*") if not any(map(made.fullmatch, path.relative_to(root).parts))]
    return sorted(path for path in names if path.is_file())


def without_comments(text: str) -> str:
    """C text with comments blanked and lines kept; strings are respected."""

    def blank(match: re.Match[str]) -> str:
        word = match[0]
        return word if word[0] in "\"'" else re.sub(r"[^\n]", " ", word)

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.DOTALL)


def includes(path: Path) -> list[tuple[str, str]]:
    """The includes of a C file: ('"' or '<', name)."""
    text = without_comments(path.read_text(encoding="utf-8"))
    return re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', text, flags=re.MULTILINE)
