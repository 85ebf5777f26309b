"""How the tests of the doors make what a user would have: a wheel, an environment, and which interpreters there are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONG = os.environ.get("PATRON_LONG", "") not in ("", "0")
VERSION = re.findall(r'#define PATRON_VERSION "(.*)"', (ROOT / "include/patron/base.h").read_text(encoding="utf-8"))[0]
MAJOR, MINOR, _ = (int(word) for word in VERSION.split("."))
ABI = f"{MAJOR}.{MINOR}" if MAJOR == 0 else f"{MAJOR}"
EXTENSION = "_core" + (sysconfig.get_config_var("EXT_SUFFIX") if sysconfig.get_config_var("Py_GIL_DISABLED") else ".abi3.so")
# What an interpreter's first builds of numpy are; the oldest that the package promises is 1.23.5.
OLDEST_NUMPY = {(3, 11): "1.23.5", (3, 12): "1.26.0", (3, 13): "2.1.0", (3, 14): "2.3.2"}


def run(*words: str | Path, folder: Path | None = None, **environment: str) -> str:
    """The standard output of a command, with no Python settings of ours; a failure shows everything it said."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "VIRTUAL"))}
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=inherited | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout


def copy_of_the_tree(target: Path) -> Path:
    """The sources as a clone has them, without what builds leave."""
    made = [".git", ".work", "build", "dist", "__pycache__", "*.egg-info", "*.so*", ".venv*", ".*_cache", ".hypothesis"]
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*made))
    for folder in ("python/patron/include", "python/patron/lib"):
        shutil.rmtree(target / folder, ignore_errors=True)
    return target


def build_wheel(tree: Path, out: Path) -> Path:
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", out, tree)
    (wheel,) = out.glob("*.whl")
    return wheel


def make_environment(folder: Path, python: Path, *packages: str | Path) -> Path:
    """A virtual environment with these packages in it; its interpreter."""
    if python == Path(sys.executable):
        venv.create(folder, with_pip=True, symlinks=True)
    else:
        run(python, "-m", "venv", folder)
    made = folder / "bin/python"
    run(made, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return made


def _interpreters() -> list[Path]:
    """One of each minor version: on PATH, kept by pyenv, or named in PATRON_PYTHONS."""
    named = [Path(word) for word in os.environ.get("PATRON_PYTHONS", "").split(os.pathsep) if word]
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin/python3")
    on_path = [Path(word) for word in (shutil.which(f"python3.{minor}") for minor in range(11, 20)) if word]
    found: dict[str, Path] = {}
    for candidate in [Path(sys.executable), *named, *on_path, *sorted(kept)]:
        asked = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2], sys.version_info >= (3, 11))"
        done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        version, _, fits = done.stdout.strip().partition(" ")
        if done.returncode == 0 and fits == "True":
            found.setdefault(version, candidate)
    return list(found.values())


INTERPRETERS = _interpreters()


def package_folder(python: Path) -> Path:
    return Path(run(python, "-c", "import patron, os; print(os.path.dirname(patron.__file__))").strip())
