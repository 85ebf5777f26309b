"""The README's C program, compiled by each way that a C user has, runs and meets nothing of Python."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from made import ABI, MAJOR, MINOR, ROOT, VERSION, package_folder, run

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wstrict-prototypes", "-pedantic", "-Werror"]
COMPILERS = [name for name in ("cc", "gcc", "clang") if shutil.which(name)]

PROJECT = f"""
cmake_minimum_required(VERSION 3.18)
project(user LANGUAGES C)
find_package(patron {ABI} REQUIRED)
add_executable(shared shop.c)
target_link_libraries(shared PRIVATE patron::patron)
if(TARGET patron::patron_static)
  add_executable(static shop.c)
  target_link_libraries(static PRIVATE patron::patron_static)
endif()
"""


@pytest.fixture
def shop(example: tuple[str, str], tmp_path: Path) -> Path:
    path = tmp_path / "shop.c"
    path.write_text(example[0], encoding="utf-8")
    return path


def needed(program: Path) -> set[str]:
    """The libraries that a program loads, all the way down."""
    return {line.split()[0].partition(".so")[0] for line in run("ldd", program).splitlines() if "linux-vdso" not in line}


def check(program: Path, example: tuple[str, str], library: bool = True) -> None:
    """It prints what the README says, in an empty environment, and loads the C library and libpatron only."""
    done = subprocess.run([program], env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, example[1], "")
    loaded = {name for name in needed(program) if "ld-linux" not in name}
    assert loaded == {"libc", "libm"} | ({"libpatron"} if library else set())


def pkg_config(folder: Path, *words: str) -> list[str]:
    if shutil.which("pkg-config") is None:
        pytest.skip("pkg-config is not installed")
    return shlex.split(run("pkg-config", *words, "patron", PKG_CONFIG_PATH=str(folder)))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_by_pkg_config_against_the_wheel(compiler: str, installed: Path, shop: Path, example: tuple[str, str]) -> None:
    options = pkg_config(package_folder(installed) / "lib/pkgconfig", "--cflags", "--libs")
    run(compiler, *STRICT, shop, "-o", shop.with_suffix(""), *options)
    check(shop.with_suffix(""), example)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_by_pkg_config_against_the_installed_library(compiler: str, prefix: Path, shop: Path, example: tuple[str, str]) -> None:
    (folder,) = prefix.rglob("pkgconfig")
    options = pkg_config(folder, "--cflags", "--libs")
    assert not any("rpath" in word for word in options), "where a system keeps its libraries is its own affair"
    run(compiler, *STRICT, shop, "-o", shop.with_suffix(""), *options, f"-Wl,-rpath,{folder.parent}")
    check(shop.with_suffix(""), example)


def test_statically_by_pkg_config(prefix: Path, shop: Path, example: tuple[str, str]) -> None:
    (folder,) = prefix.rglob("pkgconfig")
    options = pkg_config(folder, "--cflags", "--libs", "--static")
    options = ["-l:libpatron.a" if word == "-lpatron" else word for word in options]
    run("cc", *STRICT, shop, "-o", shop.with_suffix(""), *options)
    check(shop.with_suffix(""), example, library=False)


def test_by_the_config_command(installed: Path, shop: Path, example: tuple[str, str]) -> None:
    options = shlex.split(run(installed, "-m", "patron", "config", "--cflags", "--libs"))
    run("cc", *STRICT, shop, "-o", shop.with_suffix(""), *options)
    check(shop.with_suffix(""), example)
    (folder,) = shlex.split(run(installed, "-m", "patron", "config", "--pkgconfigdir"))
    assert (Path(folder) / "patron.pc").is_file()


def by_cmake(shop: Path, example: tuple[str, str], *options: str | Path) -> set[str]:
    (shop.parent / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    build = shop.parent / "build"
    run("cmake", "-S", shop.parent, "-B", build, "-G", "Ninja", f"-DCMAKE_C_FLAGS={' '.join(STRICT)}", *options)
    run("cmake", "--build", build)
    made = {name for name in ("shared", "static") if (build / name).exists()}
    for name in made:
        check(build / name, example, library=name == "shared")
    return made


def test_by_find_package_against_the_wheel(installed: Path, shop: Path, example: tuple[str, str]) -> None:
    (folder,) = shlex.split(run(installed, "-m", "patron", "config", "--cmakedir"))
    assert by_cmake(shop, example, f"-Dpatron_DIR={folder}") == {"shared"}


def test_by_find_package_against_the_installed_library(prefix: Path, shop: Path, example: tuple[str, str]) -> None:
    assert by_cmake(shop, example, f"-DCMAKE_PREFIX_PATH={prefix}") == {"shared", "static"}


def test_as_a_part_of_another_project(shop: Path, example: tuple[str, str]) -> None:
    (shop.parent / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.18)
project(user LANGUAGES C)
add_subdirectory("{ROOT / "csrc"}" patron)
add_executable(shop shop.c)
target_link_libraries(shop PRIVATE patron::patron_static)
""",
        encoding="utf-8",
    )
    build = shop.parent / "build"
    run("cmake", "-S", shop.parent, "-B", build, "-G", "Ninja")
    run("cmake", "--build", build, "--target", "shop")
    check(build / "shop", example, library=False)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (ABI, True),
        (VERSION, True),
        (f"{VERSION}9", False),
        (f"{MAJOR}.{MINOR + 1}", False),
        (f"{MAJOR + 1}.0", False),
    ],
)
def test_find_package_finds_what_fits(asked: str, found: bool, prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.18)\nproject(user LANGUAGES C)\nfind_package(patron {asked} QUIET)\n"
        'message(STATUS "found=${patron_FOUND}")\n',
        encoding="utf-8",
    )
    said = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    assert f"found={int(found)}\n" in said


def test_cxx_programs_may_include_the_headers(prefix: Path, tmp_path: Path) -> None:
    if shutil.which("c++") is None:
        pytest.skip("no C++ compiler")
    (tmp_path / "user.cc").write_text(
        "#include <patron.h>\nint main() { return patron_version() == nullptr; }\n", encoding="utf-8"
    )
    (library,) = prefix.rglob("libpatron.so")
    strict = ["-std=c++17", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    run(
        "c++",
        *strict,
        f"-I{prefix / 'include'}",
        f"-Wl,-rpath,{library.parent}",
        tmp_path / "user.cc",
        "-o",
        tmp_path / "user",
        library,
    )
    run(tmp_path / "user")


def test_what_is_installed(prefix: Path) -> None:
    files = {path.relative_to(prefix).as_posix().replace(os.sep, "/") for path in prefix.rglob("*") if not path.is_dir()}
    headers = {"include/" + path.relative_to(ROOT / "include").as_posix() for path in (ROOT / "include").rglob("*.h")}
    assert headers <= files
    rest = {name.rpartition("/")[2] for name in files - headers}
    assert rest == {
        "libpatron.a",
        "libpatron.so",
        f"libpatron.so.{ABI}",
        f"libpatron.so.{VERSION}",
        "patron.pc",
        "patronConfig.cmake",
        "patronConfigVersion.cmake",
        "LICENSE",
    }
