"""The same damage on the files of patron, LightGBM, XGBoost, faiss and hnswlib: who refuses, who crashes, who answers wrongly.

Run: ``python tests/bench/damage.py [--truncations 1000] [--mutations 1000] [--kills 60] [--seed 1] [--only patron faiss]``;
needs numpy, pandas and patron; peers that are not installed are left out. Prints the table of SECURITY.md.

Damage: a small model is saved; copies of the file are cut short at a random byte, or have one to four random bytes changed,
every other time within the first 512. Each copy is loaded and asked in a forked child with 6 GiB of address space and 10 s of
CPU. The process that forks has imported the library and no more, so no library is blamed for threads that a fork lost. An
exception is a refusal, whichever; a signal or a sudden exit is a crash; more than its time is a hang. Who loads the
file and answers has not noticed: the answers are then compared, bit for bit, with those of the whole file.

Kills: a process loads the good file and saves it over another good file again and again, until SIGKILL after a random
delay. The file is lost when it no longer loads or gives other answers. Kills land inside a loop of saves: this shows what a
kill can do, not how often.

Fork: a process uses the library with two threads, forks, and the child does the same again, within 25 s or it hangs.
"""

import argparse
import contextlib
import importlib
import importlib.metadata
import importlib.util
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ADDRESS_SPACE, CPU_SECONDS, WALL_SECONDS = 6 << 30, 10, 180  # the last is for those who sleep
FORK_SECONDS = 25
HEAD = 512
SAME, OTHER, REFUSED = 40, 41, 42  # how a child that came to an end of its own says what it saw


# ---- subjects -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A library and a kind of file: how to make the thing of n rows, save it, load it, and have it answer."""

    title: str
    package: str
    module: str
    suffix: str
    make: Callable[[int], Any]
    save: Callable[[Any, str], object]
    load: Callable[[str], Any]
    answer: Callable[[Any], bytes]


def features(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, 8))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * rng.standard_normal(n) > 0).astype(float)


def vectors(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 16)).astype(np.float32)


def patron_log(n: int) -> Any:
    import patron

    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01", "us") + rng.integers(0, 86_400_000_000 * 400, n).astype("timedelta64[us]")
    columns = {"user": rng.integers(0, n // 8, n), "time": days, "amount": rng.integers(100, 9_000, n) / 100}
    words = np.array([f"sku-{i:03d}" for i in range(200)], dtype=object)
    columns["item"] = words[rng.integers(0, 200, n)]
    return patron.EventLog(columns, user="user", time="time", item="item", amount="amount")


def patron_log_answer(log: Any) -> bytes:
    events = log.events()
    users = log.n_users.to_bytes(8, "little")
    return users + b"".join(np.asarray(events[name]).astype("U").tobytes() for name in events.columns)


def profiles(n: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    days, orders = rng.uniform(0, 400, n), rng.integers(0, 30, n)
    return {"user": np.arange(n), "recency_days": days, "orders": orders, "revenue": rng.uniform(5, 900, n)}


def patron_rfm(n: int) -> Any:
    import patron

    return patron.segment.RFM(bins=5).fit(profiles(n))


def patron_rfm_answer(model: Any) -> bytes:
    scored = model.predict(profiles(500))
    return b"".join(np.asarray(scored[name]).astype("U").tobytes() for name in scored.columns)


def patron_load(path: str) -> Any:
    import patron

    return patron.load(path)


def lightgbm_make(n: int) -> Any:
    import lightgbm

    x, y = features(n)
    parameters = {"objective": "binary", "num_leaves": 15, "verbose": -1, "min_data_in_leaf": 5}
    return lightgbm.train(parameters, lightgbm.Dataset(x, y), num_boost_round=20)


def lightgbm_load(path: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_file=path)


def xgboost_make(n: int) -> Any:
    import xgboost

    x, y = features(n)
    parameters = {"objective": "binary:logistic", "max_depth": 4, "nthread": int(os.environ["OMP_NUM_THREADS"])}
    return xgboost.train(parameters, xgboost.DMatrix(x, y), num_boost_round=20)


def xgboost_load(path: str) -> Any:
    import xgboost

    return xgboost.Booster(model_file=path)


def xgboost_answer(booster: Any) -> bytes:
    import xgboost

    return booster.predict(xgboost.DMatrix(features(500)[0])).tobytes()


def faiss_make(recipe: str, n: int) -> Any:
    import faiss

    index = faiss.index_factory(16, recipe)
    index.train(vectors(n))
    index.add(vectors(n))
    return index


def faiss_save(index: Any, path: str) -> None:
    import faiss

    faiss.write_index(index, path)


def faiss_load(path: str) -> Any:
    import faiss

    return faiss.read_index(path)


def hnswlib_make(n: int) -> Any:
    import hnswlib

    index = hnswlib.Index(space="l2", dim=16)
    index.init_index(max_elements=n, M=8, ef_construction=40, random_seed=1)
    index.add_items(vectors(n), num_threads=int(os.environ["OMP_NUM_THREADS"]))
    return index


def hnswlib_load(path: str) -> Any:
    import hnswlib

    index = hnswlib.Index(space="l2", dim=16)
    index.load_index(path)
    return index


def hnswlib_answer(index: Any) -> bytes:
    return b"".join(part.tobytes() for part in index.knn_query(vectors(500, 2), k=5, num_threads=1))


def faiss_subject(name: str, recipe: str) -> Subject:
    return Subject(
        f"faiss, {name}",
        "faiss-cpu",
        "faiss",
        ".index",
        lambda n: faiss_make(recipe, n),
        faiss_save,
        faiss_load,
        lambda index: b"".join(part.tobytes() for part in index.search(vectors(500, 2), 5)),
    )


def xgboost_subject(name: str, suffix: str) -> Subject:
    return Subject(
        f"XGBoost, {name}",
        "xgboost-cpu" if "xgboost-cpu" in {each.name for each in importlib.metadata.distributions()} else "xgboost",
        "xgboost",
        suffix,
        xgboost_make,
        lambda booster, path: booster.save_model(path),
        xgboost_load,
        xgboost_answer,
    )


SUBJECTS: dict[str, Subject] = {
    "patron-log": Subject(
        "patron, event log",
        "patron",
        "patron",
        ".patron",
        patron_log,
        lambda log, path: log.save(path),
        patron_load,
        patron_log_answer,
    ),
    "patron-rfm": Subject(
        "patron, RFM model",
        "patron",
        "patron",
        ".patron",
        patron_rfm,
        lambda model, path: model.save(path),
        patron_load,
        patron_rfm_answer,
    ),
    "lightgbm": Subject(
        "LightGBM, text",
        "lightgbm",
        "lightgbm",
        ".txt",
        lightgbm_make,
        lambda booster, path: booster.save_model(path),
        lightgbm_load,
        lambda booster: booster.predict(features(500)[0]).tobytes(),
    ),
    "xgboost-ubj": xgboost_subject("UBJSON", ".ubj"),
    "xgboost-json": xgboost_subject("JSON", ".json"),
    "faiss-flat": faiss_subject("Flat", "Flat"),
    "faiss-ivf": faiss_subject("IVF", "IVF8,Flat"),
    "faiss-hnsw": faiss_subject("HNSW", "HNSW8,Flat"),
    "hnswlib": Subject(
        "hnswlib",
        "hnswlib",
        "hnswlib",
        ".index",
        hnswlib_make,
        lambda index, path: index.save_index(path),
        hnswlib_load,
        hnswlib_answer,
    ),
}
ROWS = 1_000
ROWS_TO_SHARE = 50_000  # so many that every library puts its second thread to work


# ---- one load in a child of its own ----------------------------------------------------------------------------------------


def quiet() -> None:
    """What libraries say of damage goes nowhere, and no crash leaves a core."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def await_child(child: int, seconds: float) -> int | None:
    """The wait status of a child, None when it had to be killed after so many seconds."""
    ready, _, _ = select.select([descriptor := os.pidfd_open(child)], [], [], seconds)
    os.close(descriptor)
    if not ready:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return status if ready else None


def outcome(subject: Subject, path: Path, expected: bytes) -> str:
    """What becomes of loading the file and asking it: "refused", "crash", "hang", "same" or "other" answers."""
    child = os.fork()
    if child == 0:
        code = REFUSED
        try:
            quiet()
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
            code = SAME if subject.answer(subject.load(str(path))) == expected else OTHER
        except BaseException:
            code = REFUSED
        finally:
            os._exit(code)
    status = await_child(child, WALL_SECONDS)
    if status is None:
        return "hang"
    if os.WIFSIGNALED(status):
        return "hang" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "crash"
    return {SAME: "same", OTHER: "other", REFUSED: "refused"}.get(os.WEXITSTATUS(status), "crash")


# ---- the three trials, each in a process that runs one subject ---------------------------------------------------------------


def make_good(subject: Subject, folder: Path) -> tuple[Path, bytes]:
    """A good file and its answers, made by a process that is gone before anything is forked."""
    path, answers = folder / f"good{subject.suffix}", folder / "answers"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            subject.save(subject.make(ROWS), str(path))
            answers.write_bytes(subject.answer(subject.load(str(path))))
            code = 0
        finally:
            os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise RuntimeError(f"{subject.title} cannot make its own good file")
    return path, answers.read_bytes()


def cut_short(good: bytes, rng: random.Random) -> bytes:
    return good[: rng.randrange(len(good))]


def change(good: bytes, rng: random.Random, at_head: bool) -> bytes:
    """One to four bytes of the file, at different places, each changed to another value."""
    damaged = bytearray(good)
    for place in rng.sample(range(min(HEAD, len(good)) if at_head else len(good)), rng.randint(1, 4)):
        damaged[place] ^= rng.randint(1, 255)
    return bytes(damaged)


def try_damage(subject: Subject, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    importlib.import_module(subject.module)
    good_path, expected = make_good(subject, folder)
    good = good_path.read_bytes()
    path = folder / f"damaged{subject.suffix}"
    path.write_bytes(good)
    if (seen := outcome(subject, path, expected)) != "same":
        raise RuntimeError(f"{subject.title}: a whole copy of the file gives {seen!r}")
    rng = random.Random(f"{options.seed} {subject.title}")
    truncated: Counter[str] = Counter()
    for _ in range(options.truncations):
        path.write_bytes(cut_short(good, rng))
        truncated[outcome(subject, path, expected)] += 1
    changed: Counter[str] = Counter()
    for i in range(options.mutations):
        path.write_bytes(change(good, rng, i % 2 == 0))
        changed[outcome(subject, path, expected)] += 1
    return {"bytes": len(good), "truncated": truncated, "changed": changed}


def try_kills(subject: Subject, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    importlib.import_module(subject.module)
    good, expected = make_good(subject, folder)
    rng = random.Random(f"{options.seed} {subject.title}")
    lost = strays = 0
    for number in range(options.kills):
        place = folder / f"kill-{number}"
        place.mkdir()
        target = place / f"model{subject.suffix}"
        shutil.copyfile(good, target)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                quiet()
                model = subject.load(str(good))
                os.write(writing, b"!")
                while True:
                    subject.save(model, str(target))
            finally:
                os._exit(1)
        os.close(writing)
        started = os.read(reading, 1)
        os.close(reading)
        time.sleep(rng.uniform(0.0, 0.05))
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if not started or not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            raise RuntimeError(f"{subject.title} ended by itself while saving")
        lost += outcome(subject, target, expected) != "same"
        strays += len(list(place.iterdir())) - target.exists() > 0
        shutil.rmtree(place)
    return {"lost": lost, "strays": strays}


def try_fork(subject: Subject, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    module = importlib.import_module(subject.module)
    if subject.module == "patron":
        module.set_threads(int(os.environ["OMP_NUM_THREADS"]))

    def use() -> None:
        subject.answer(subject.make(ROWS_TO_SHARE))

    quiet_stdout = os.dup(1)
    quiet()
    use()
    if len(os.listdir("/proc/self/task")) < 2 and subject.module != "hnswlib":  # hnswlib ends its threads with each call
        raise RuntimeError(f"{subject.title} put no second thread to work, so the trial says nothing")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            use()
            code = 0
        finally:
            os._exit(code)
    status = await_child(child, FORK_SECONDS)
    os.dup2(quiet_stdout, 1)
    word = "hangs" if status is None else "goes on" if os.waitstatus_to_exitcode(status) == 0 else "fails"
    return {"fork": word}


TRIALS = {"damage": try_damage, "kills": try_kills, "fork": try_fork}


# ---- all of them -------------------------------------------------------------------------------------------------------------


def run_trial(name: str, trial: str, options: argparse.Namespace) -> dict[str, Any]:
    """A trial in a fresh process: one thread, but two where threads are what it is about."""
    threads = "2" if trial == "fork" else "1"
    environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    sizes = [f"--{key}={getattr(options, key)}" for key in ("truncations", "mutations", "kills", "seed")]
    command = [sys.executable, __file__, "--trial", trial, "--only", name, *sizes]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name}, {trial}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def version(subject: Subject) -> str | None:
    if importlib.util.find_spec(subject.module) is None:
        return None
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(subject.package)
    return getattr(importlib.import_module(subject.module), "__version__", "")


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def row(subject: Subject, found: dict[str, Any], options: argparse.Namespace) -> str:
    def both(*words: str) -> str:
        cells = [sum(found[kind].get(word, 0) for word in words) for kind in ("truncated", "changed")]
        return " / ".join(f"{cell:,}" for cell in cells)

    library, _, form = subject.title.partition(", ")
    title = f"{library} {version(subject)}" + (f", {form}" if form else "")
    cells = [title, f"{found['bytes']:,}", both("refused"), both("crash"), both("hang"), both("same", "other"), both("other")]
    return line([*cells, f"{found['lost']} of {options.kills}", found["fork"]])


HEADINGS = ["library, file", "bytes", "refused", "crashes", "hangs", "loaded as if whole", "of these, other answers"]
HEADINGS += ["lost when killed in a save", "used after fork"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truncations", type=int, default=1_000)
    parser.add_argument("--mutations", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], help="names, or how they begin: " + ", ".join(SUBJECTS))
    parser.add_argument("--trial", choices=list(TRIALS), help="run one trial of one subject here and print what was found")
    options = parser.parse_args()
    chosen = [name for name in SUBJECTS if name.startswith(tuple(options.only))]
    if options.trial:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(TRIALS[options.trial](SUBJECTS[chosen[0]], Path(folder), options)))
        return
    absent = [name for name in chosen if version(SUBJECTS[name]) is None]
    chosen = [name for name in chosen if name not in absent]
    work = [(name, trial) for trial in TRIALS for name in chosen]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        results = list(pool.map(lambda pair: run_trial(*pair, options), work))
    found: dict[str, dict[str, Any]] = {name: {} for name in chosen}
    for (name, _), result in zip(work, results, strict=True):
        found[name] |= result
    print(f"Of {options.truncations:,} files cut short / {options.mutations:,} with bytes changed; seed {options.seed}.\n")
    print(line(HEADINGS))
    print(line(["---", *["---:"] * (len(HEADINGS) - 2), "---"]))
    for name in chosen:
        print(row(SUBJECTS[name], found[name], options))
    strays = {SUBJECTS[name].title: found[name]["strays"] for name in chosen if found[name]["strays"]}
    if strays:
        print("\nKills that left a temporary file beside the good one:", ", ".join(f"{k}: {v}" for k, v in strays.items()))
    if absent:
        print("\nNot installed, left out:", ", ".join(absent))


if __name__ == "__main__":
    main()
