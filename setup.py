"""Builds the extension module `patron._core`; everything that is not code to build stands in pyproject.toml.

The core is every C file below csrc/, compiled as a plain C library without Python's headers, then linked with the C files of
python/ext/, which see only the public headers, Python and numpy. Nothing is listed by hand. Flags stand in
csrc/compile_flags.txt, which the C build reads too.

Environment:

PATRON_SANITIZE=address,undefined | thread
    Instruments the extension; the interpreter must then run with the sanitizer's runtime preloaded (tests/run does).
PATRON_DEBUG=1
    Assertions on, no optimisation, symbols kept.
PATRON_COVERAGE=1
    Instruments for gcov.
PATRON_WERROR=1
    Warnings are errors.
"""

from __future__ import annotations

import os
import re
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
SANITIZE = os.environ.get("PATRON_SANITIZE", "")
DEBUG = os.environ.get("PATRON_DEBUG", "") not in ("", "0")
COVERAGE = os.environ.get("PATRON_COVERAGE", "") not in ("", "0")
WERROR = os.environ.get("PATRON_WERROR", "") not in ("", "0")
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def version() -> str:
    """The version stands once, in the public header."""
    found = re.search(r'#define PATRON_VERSION "([^"]+)"', (ROOT / "include/patron/base.h").read_text(encoding="utf-8"))
    if found is None:
        raise SystemExit("include/patron/base.h does not define PATRON_VERSION")
    return found[1]


def long_description() -> str:
    readme = ROOT / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


def sources(folder: str) -> list[str]:
    """Every C file below a folder, relative to the project, sorted so that builds repeat."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.c"))


def core_sources() -> list[str]:
    return sources("csrc")


def extension_sources() -> list[str]:
    return sources("python/ext")


def compile_flags() -> list[str]:
    lines = (ROOT / "csrc/compile_flags.txt").read_text(encoding="utf-8").split()
    flags = [flag for flag in lines if not flag.startswith("-I")]  # those serve editors, relative to csrc
    # Debug information and __FILE__ name files relative to the project, so that the place of the build leaves no trace.
    flags.append(f"-ffile-prefix-map={ROOT}=.")
    flags.append("-UNDEBUG" if DEBUG or SANITIZE else "-DNDEBUG")
    if SANITIZE:
        # Python's own flags hold -fwrapv, which would hide signed overflow.
        flags += ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-wrapv"]
        flags += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=all"]
    elif DEBUG or COVERAGE:
        flags += ["-O0", "-g"]
    else:
        flags.append("-g0")
    if COVERAGE:
        flags.append("--coverage")
    if WERROR:
        flags.append("-Werror")
    return flags


def link_flags() -> list[str]:
    flags = ["-pthread", "-lm"]
    if SANITIZE:
        flags.append(f"-fsanitize={SANITIZE}")
    if COVERAGE:
        flags.append("--coverage")
    if not (SANITIZE or DEBUG or COVERAGE):
        flags.append("-Wl,-s")
    return flags


def flavour() -> str:
    """Each kind of build has a folder of its own, so that none links another's objects."""
    words = [*SANITIZE.split(","), "debug" if DEBUG else "", "coverage" if COVERAGE else ""]
    return "-".join(word for word in words if word) or "release"


class BuildExt(build_ext):
    """Compiles file by file on all cores: the core first, then the extension over its objects."""

    def build_extension(self, ext: Extension) -> None:
        import numpy

        python_includes = {sysconfig.get_path("include"), sysconfig.get_path("platinclude"), numpy.get_include()}
        # As system folders: the warnings asked for are about this code, not about theirs.
        system = [word for folder in sorted(python_includes) for word in ("-isystem", folder)]
        core = self.compile_all(core_sources(), ["include", "csrc"], [], [])
        own = self.compile_all(ext.sources, ["include", *ext.include_dirs], ext.define_macros, system)
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        self.compiler.link_shared_object(core + own, str(target), extra_postargs=link_flags())

    def compile_all(self, files: list[str], includes: list[str], macros: list[tuple[str, str]], flags: list[str]) -> list[str]:
        """Objects of C files. setuptools compiles one list one file after another; one list a file runs them side by side."""
        for folder in {os.path.dirname(file) for file in files}:
            os.makedirs(os.path.join(self.build_temp, folder), exist_ok=True)

        def compile_one(file: str) -> list[str]:
            return self.compiler.compile(
                [file],
                output_dir=self.build_temp,
                include_dirs=includes,
                macros=macros,
                extra_postargs=compile_flags() + flags,
            )

        # The longest first, so that no core waits for a late giant.
        order = sorted(files, key=lambda file: -os.path.getsize(file))
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            objects = dict(zip(order, pool.map(compile_one, order), strict=True))
        return [name for file in files for name in objects[file]]


MACROS = [("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("NPY_TARGET_VERSION", "NPY_1_23_API_VERSION")]
if not FREE_THREADED:
    MACROS.append(("Py_LIMITED_API", "0x030B0000"))  # one build serves every Python from 3.11 on

if __name__ == "__main__":  # the lints read the flags above
    setup(
        version=version(),
        long_description=long_description(),
        long_description_content_type="text/markdown",
        ext_modules=[
            Extension(
                "patron._core",
                extension_sources(),
                define_macros=MACROS,
                depends=[str(path) for path in ROOT.glob("include/**/*.h")],
                py_limited_api=not FREE_THREADED,
            )
        ],
        cmdclass={"build_ext": BuildExt},
        options={
            "build": {"build_base": f"build/{flavour()}"},
            "bdist_wheel": {} if FREE_THREADED else {"py_limited_api": "cp311"},
        },
    )
