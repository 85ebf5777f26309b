"""What the tests of the doors share: the wheel, an installation of the C library, the README's program.

These tests stand on what a user would get: a wheel, installed, or `cmake --install`, moved to another folder. None of them
sees the tree it was built from.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from made import ROOT, build_wheel, copy_of_the_tree, make_environment, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(copy_of_the_tree(folder / "tree"), folder / "out")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel."""
    return make_environment(tmp_path_factory.mktemp("user") / "with spaces", Path(sys.executable), wheel)


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of the C library, moved after it was made."""
    folder = tmp_path_factory.mktemp("prefix")
    first, moved = folder / "first", folder / "moved here"
    run("cmake", "-S", ROOT / "csrc", "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_INSTALL_PREFIX={first}")
    run("cmake", "--build", folder / "build")
    run("cmake", "--install", folder / "build")
    first.rename(moved)
    shutil.rmtree(folder / "build")
    return moved


@pytest.fixture(scope="session")
def example() -> tuple[str, str]:
    """The README's C program, and what the README says it prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    program = re.search(r"```c\n(#include <patron\.h>\n.*?)```", text, re.DOTALL)
    output = re.search(r"```\n(customer \d+: .*?)```", text, re.DOTALL)
    assert program is not None, "README.md has no C program"
    assert output is not None, "README.md does not say what its C program prints"
    return program[1], output[1]
