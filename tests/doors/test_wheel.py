"""The wheel: what is in it, that anyone builds the same one, and that it runs wherever it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from made import (
    ABI,
    EXTENSION,
    INTERPRETERS,
    LONG,
    OLDEST_NUMPY,
    ROOT,
    VERSION,
    build_wheel,
    make_environment,
    package_folder,
    run,
)

LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")

# Everything that crosses from numpy or Python into the core and back; prints what must be the same everywhere.
WORK = """
import hashlib, pickle, sys, tempfile, os
import numpy as np, patron
n = 5000
k = np.arange(n, dtype=np.int64)
data = {
    "who": np.char.add("c", (k * 7919 % 601).astype(str)),
    "when": np.datetime64("2024-01-01T00:00:00", "us") + (k * 104729 % 20000) * np.timedelta64(1, "h"),
    "what": [f"item {i}" for i in (k * 31 % 97).tolist()],
    "paid": (k % 113) * 0.25,
    "n": (k % 5 + 1).astype(np.int16),
    "rated": np.where(k % 3 == 0, np.nan, k % 5 + 1.0),
    "online": k % 2 == 0,
}
roles = dict(user="who", time="when", item="what", amount="paid", quantity="n", rating="rated", properties=["online"])
log = patron.EventLog(data, **roles)
log = log.with_users({"who": np.unique(data["who"]), "age": np.arange(601) % 70}, "who")
profiler = patron.profile.Profiler(windows=("30D", "365D")).fit(log)
profiles = profiler.transform()
rfm = patron.segment.RFM(bins=5).fit(profiles)
segments = rfm.predict(profiles)
folder = tempfile.mkdtemp()
path = os.path.join(folder, "log.patron")
log.save(path)
with open(path, "rb") as file:
    saved = file.read()
assert pickle.loads(pickle.dumps(log)).n_events == patron.load(path).n_events == n
digest = hashlib.sha256(saved)
for table in (profiles, segments):
    for name in table.columns:
        values = table[name]
        digest.update(name.encode())
        digest.update(repr(values.tolist()).encode() if values.dtype == object else np.ascontiguousarray(values).tobytes())
print(np.__version__, digest.hexdigest())
"""


@pytest.fixture(scope="session")
def reference(installed: Path) -> str:
    """The digest of the work in the environment that the other tests use."""
    return run(installed, "-c", WORK).split()[1]


def test_what_is_in_the_wheel(wheel: Path) -> None:
    expected_tag = "cp311-abi3" if LIMITED else f"cp3{sys.version_info.minor}-cp3{sys.version_info.minor}t"
    assert wheel.name.startswith(f"patron-{VERSION}-{expected_tag}-linux_")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for header in (ROOT / "include").rglob("*.h"):
            assert archive.read("patron/include/" + header.relative_to(ROOT / "include").as_posix()) == header.read_bytes()
        assert archive.read(f"patron-{VERSION}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert "Requires-Dist: numpy>=1.23.5\n" in archive.read(f"patron-{VERSION}.dist-info/METADATA").decode()
    machine = {name for name in names if ".so" in name}
    assert machine == {f"patron/{EXTENSION}", f"patron/lib/libpatron.so.{ABI}"}
    cmake = "patron/lib/cmake/patron/patronConfig"
    assert {"patron/lib/pkgconfig/patron.pc", f"{cmake}.cmake", f"{cmake}Version.cmake", "patron/py.typed"} <= names
    assert {name.partition("/")[0] for name in names} == {"patron", f"patron-{VERSION}.dist-info"}
    modules = {path.relative_to(ROOT / "python").as_posix() for path in (ROOT / "python/patron").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert wheel.stat().st_size <= 1_000_000


def test_the_same_bytes_from_another_folder_by_way_of_the_source_archive(wheel: Path, tmp_path: Path) -> None:
    """In another umask, time zone and locale, from files of another age."""
    build = "import os; os.umask(0o077); from setuptools import build_meta; build_meta.build_sdist(os.environ['OUT'])"
    tree = wheel.parent.parent / "tree"
    run(sys.executable, "-c", build, folder=tree, OUT=str(tmp_path), TZ="Asia/Shanghai", LC_ALL="C")
    with tarfile.open(tmp_path / f"patron-{VERSION}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    other = tmp_path / f"patron-{VERSION}"
    for path in other.rglob("*"):
        os.utime(path, (1e9, 1e9))
        if path.is_file():
            path.chmod(0o600)
    again = build_wheel(other, tmp_path / "out")
    assert again.name == wheel.name
    if again.read_bytes() != wheel.read_bytes():
        with zipfile.ZipFile(again) as ours, zipfile.ZipFile(wheel) as theirs:
            made = {entry.filename: (entry.CRC, entry.date_time, f"{entry.external_attr:x}") for entry in theirs.infolist()}
            differing = [
                f"{entry.filename} is {found}, was {made.get(entry.filename)}"
                for entry in ours.infolist()
                if (found := (entry.CRC, entry.date_time, f"{entry.external_attr:x}")) != made.get(entry.filename)
            ]
        pytest.fail("the wheels differ: " + "; ".join(differing))


@pytest.mark.skipif(not LIMITED, reason="a free-threaded interpreter has no limited API")
def test_abi3audit_finds_nothing(wheel: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "abi3audit", "--strict", "--verbose", wheel], capture_output=True, text=True)
    said = " ".join((done.stdout + done.stderr).split())  # it breaks lines to fit
    assert done.returncode == 0, said
    assert "1 extensions scanned; 0 ABI version mismatches and 0 ABI violations found" in said


def test_neither_library_names_the_machine_it_was_built_on(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    for path in (tmp_path / f"patron/{EXTENSION}", tmp_path / f"patron/lib/libpatron.so.{ABI}"):
        content = path.read_bytes()
        for place in (wheel.parent.parent, ROOT, Path(sys.prefix), Path(sys.base_prefix), Path.home()):
            assert str(place).encode() + b"/" not in content
        dynamic = run("readelf", "--dynamic", path)
        searched = ["$ORIGIN/lib"] if path.parent.name == "patron" else []
        assert re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic) == searched
        assert re.search(r"FLAGS.*\bNOW", dynamic)
        assert "TEXTREL" not in dynamic
        assert "RWE" not in run("readelf", "--program-headers", "--wide", path)


def test_the_library_wants_nothing_of_python(installed: Path) -> None:
    library = package_folder(installed) / f"lib/libpatron.so.{ABI}"
    wanted = {name.partition(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "--dynamic", library))}
    assert wanted <= {"libc", "libm", "libpthread"}
    undefined = run("nm", "--dynamic", "--undefined-only", library)
    assert not re.search(r"\b_?Py", undefined)


def test_another_library_of_that_name_is_refused(installed: Path, tmp_path: Path) -> None:
    """One that the process has loaded before, of another version, say."""
    library = f"libpatron.so.{ABI}"
    (tmp_path / "other.c").write_text('const char *patron_version(void) { return "0.1.999"; }\n', encoding="utf-8")
    words = ["-shared", "-fPIC", f"-Wl,-soname,{library}", "-o", tmp_path / library]
    run("cc", *words, tmp_path / "other.c")
    # The one beside the extension comes first, whatever LD_LIBRARY_PATH says.
    run(installed, "-c", "import patron", LD_LIBRARY_PATH=str(tmp_path))
    # A name that the process has already is another matter: then the missing functions or the version are named.
    code = f"""
import ctypes
ctypes.CDLL({str(tmp_path / library)!r}, ctypes.RTLD_GLOBAL)
try:
    import patron
except ImportError as error:
    print(error)
"""
    assert re.search(r"undefined symbol: patron_|0\.1\.999", run(installed, "-c", code))


def test_get_include_and_the_entry_point_lead_to_what_builds_need(installed: Path) -> None:
    code = """
import importlib.metadata, importlib.resources, os, patron
assert os.path.isfile(os.path.join(patron.get_include(), "patron", "log.h"))
(point,) = importlib.metadata.entry_points(group="pkg_config", name="patron")
print(importlib.resources.files(point.value).joinpath("patron.pc").is_file())
"""
    assert run(installed, "-c", code) == "True\n"


def environments() -> list[tuple[Path, str]]:
    """(interpreter, numpy): the oldest and the newest numpy on the oldest Python and on the newest; all with --long."""
    chosen = INTERPRETERS if LONG else [INTERPRETERS[0], INTERPRETERS[-1]][: len(INTERPRETERS)]
    return [(python, which) for python in dict.fromkeys(chosen) for which in ("oldest", "newest")]


@pytest.mark.parametrize(("python", "which"), environments(), ids=lambda value: str(value).rpartition("/")[2])
def test_it_runs_and_gives_the_same_bits(python: Path, which: str, wheel: Path, reference: str, tmp_path: Path) -> None:
    asked = run(python, "-c", "import sys; print(sys.version_info.major, sys.version_info.minor)").split()
    version = (int(asked[0]), int(asked[1]))
    numpy = f"numpy=={OLDEST_NUMPY[version]}" if which == "oldest" and version in OLDEST_NUMPY else "numpy"
    if not LIMITED and version != sys.version_info[:2]:
        pytest.skip("a wheel without the limited API serves one version")
    made = make_environment(tmp_path / "environment", python, numpy, wheel)
    found, digest = run(made, "-W", "error", "-c", WORK).split()
    assert which == "newest" or version not in OLDEST_NUMPY or found == OLDEST_NUMPY[version]
    assert digest == reference


@pytest.mark.skipif(not LONG, reason="runs with tests/run --long")
def test_an_editable_install_has_the_same_doors(tmp_path: Path, wheel: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(wheel.parent.parent / "tree", tree, ignore=shutil.ignore_patterns("build"))
    python = make_environment(tmp_path / "environment", Path(sys.executable), "numpy", "setuptools>=77")
    run(python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "-e", tree)
    assert run(python, "-c", "import patron; print(patron.get_include())").strip() == str(tree / "python/patron/include")
    assert str(tree) in run(python, "-m", "patron", "config", "--libs")
