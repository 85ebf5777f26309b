"""Builds the C side of the package; everything that is not code to build stands in pyproject.toml.

    patron/_core.abi3.so            the extension: every C file of python/ext/, which sees the public headers and Python
    patron/lib/libpatron.so.ABI     the core: every C file below csrc/, without anything of Python
    patron/lib/pkgconfig, cmake     patron.pc and the CMake package, from the templates that the C build fills in too
    patron/include                  the public headers

Nothing is listed by hand. Flags stand in csrc/compile_flags.txt, which the C build reads too. The same sources, compiler and
Python give the same wheel, byte for byte, wherever and whenever it is built.

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
import shlex
import shutil
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
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


def abi() -> str:
    """What the name of the library ends in: programs go on with it while this stays the same (include/patron/base.h)."""
    major, minor, _ = version().split(".")
    return f"{major}.{minor}" if major == "0" else major


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
    flags = [*shlex.split(os.environ.get("LDFLAGS", "")), "-pthread", "-lm", "-Wl,-z,relro,-z,now"]
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
    """Compiles file by file on all cores: the core to a library, then the extension that needs it."""

    def build_extension(self, ext: Extension) -> None:
        target = Path(self.get_ext_fullpath(ext.name))
        package, library = target.parent, f"libpatron.so.{abi()}"
        core = self.compile_all(core_sources(), ["include", "csrc"], [], ["-DPATRON_BUILD"])
        # As system folders: the warnings asked for are about this code, not about Python's.
        python = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
        system = [word for folder in sorted(python) for word in ("-isystem", folder)]
        own = self.compile_all(ext.sources, ["include", *ext.include_dirs], ext.define_macros, system)
        (package / "lib").mkdir(parents=True, exist_ok=True)
        self.link(core, package / "lib" / library, [f"-Wl,-soname,{library}"])
        # An RPATH, not a RUNPATH: what LD_LIBRARY_PATH holds is another's.
        search = [f"-L{package / 'lib'}", f"-l:{library}", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags"]
        self.link(own, target, search)
        self.write_c_package(package, library)

    def link(self, objects: list[str], target: Path, words: list[str]) -> None:
        """By the command that compiles: Python's own for linking may bring folders of the machine it was built on."""
        self.spawn([*self.compiler.compiler_so, "-shared", "-o", str(target), *objects, *words, *link_flags()])

    def copy_extensions_to_source(self) -> None:
        """An editable install has the C side in the source tree."""
        super().copy_extensions_to_source()
        for folder in ("include", "lib"):
            shutil.rmtree(ROOT / "python/patron" / folder, ignore_errors=True)
            shutil.copytree(Path(self.build_lib) / "patron" / folder, ROOT / "python/patron" / folder)

    def write_c_package(self, package: Path, library: str) -> None:
        """What a C program needs beside the library itself."""
        shutil.rmtree(package / "include", ignore_errors=True)
        for header in sorted((ROOT / "include").rglob("*.h")):
            copy = package / "include" / header.relative_to(ROOT / "include")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(header, copy)
        values = {"version": version(), "abi": abi(), "libdir": "lib", "includedir": "include"}
        # The folder is no system folder, so programs are told where to look when they start; and a wheel holds no links, so the
        # library has only the name that ends in its ABI.
        values |= {"pc_to_prefix": "../..", "cmake_to_prefix": "../../..", "link": f"-Wl,-rpath,${{libdir}} -l:{library}"}
        for folder, names in {
            "lib/pkgconfig": ["patron.pc"],
            "lib/cmake/patron": ["patronConfig.cmake", "patronConfigVersion.cmake"],
        }.items():
            (package / folder).mkdir(parents=True, exist_ok=True)
            for name in names:
                template = (ROOT / f"csrc/{name}.in").read_text(encoding="utf-8")
                filled = re.sub(r"@(\w+)@", lambda match: values[match[1]], template)
                (package / folder / name).write_text(filled, encoding="utf-8")

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


def without_umask(folder: str) -> None:
    """Gives what was made the modes that it has everywhere."""
    for path in Path(folder).rglob("*"):
        path.chmod(0o755 if path.is_dir() or ".so" in path.suffixes else 0o644)


class Build(build):
    """Begins afresh, so that a file which is gone from the sources is gone from the wheel."""

    def run(self) -> None:
        shutil.rmtree(Path(self.build_lib) / "patron", ignore_errors=True)
        super().run()
        without_umask(self.build_lib)


class BdistWheel(bdist_wheel):
    """Metadata in the modes that they have everywhere."""

    def write_wheelfile(self, wheelfile_base: str, *more: str) -> None:
        super().write_wheelfile(wheelfile_base, *more)
        without_umask(wheelfile_base)


MACROS = [] if FREE_THREADED else [("Py_LIMITED_API", "0x030B0000")]  # one build serves every Python from 3.11 on

if __name__ == "__main__":  # the lints read the flags above
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # the times in a wheel: 2026-01-01, whenever it is built
    os.umask(0o022)
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
        cmdclass={"build": Build, "build_ext": BuildExt, "bdist_wheel": BdistWheel},
        options={
            "build": {"build_base": f"build/{flavour()}"},
            "bdist_wheel": {} if FREE_THREADED else {"py_limited_api": "cp311"},
        },
    )
