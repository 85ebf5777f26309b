"""The command: ``patron run``, ``patron demo``, ``patron inspect``, ``patron config``.

Results go to files and a few lines to standard output; guesses, progress and errors go to standard error. Exit codes: 0 done,
1 the work could not be done (one line says why), 2 the command was not understood, 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from patron import guess

__all__ = ["main"]

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="patron", description="Customer intelligence from a shop's event log.")
    parser.add_argument("--version", action="store_true", help="show the version and stop")
    commands = parser.add_subparsers(dest="command", metavar="{run,demo,inspect,config}")

    run = commands.add_parser("run", help="profile and segment customers of a log; write tables and a report")
    run.add_argument(
        "events", nargs="+", type=Path, metavar="EVENTS", help="CSV (also .gz) or Parquet; several files are one log"
    )
    run.add_argument("--users", type=Path, metavar="F", help="attributes of users, CSV or Parquet")
    run.add_argument("--items", type=Path, metavar="F", help="attributes of items, CSV or Parquet")
    run.add_argument("--users-key", metavar="COLUMN", help="id column of --users")
    run.add_argument("--items-key", metavar="COLUMN", help="id column of --items")
    roles = run.add_argument_group(
        "columns", "Which column plays which role; what is not given is guessed, '-' leaves a role out."
    )
    for role in guess.ROLES:
        roles.add_argument(f"--{role.replace('_', '-')}", metavar="COLUMN", dest=f"role_{role}")
    roles.add_argument("--property", action="append", default=[], metavar="COLUMN", help="carry a further column along")
    roles.add_argument("--kind", action="append", default=[], metavar="NAME=KIND", help="what a name in the event column means")
    reading = run.add_argument_group("reading")
    reading.add_argument(
        "--tz", default="UTC", metavar="ZONE", help="time zone of local times, e.g. Asia/Shanghai (default UTC)"
    )
    reading.add_argument("--time-format", metavar="F", help="of times as text or numbers, e.g. %%Y%%m%%d")
    reading.add_argument("--time-unit", choices=("s", "ms", "us", "ns", "D"), help="of times as numbers since 1970")
    reading.add_argument("--encoding", metavar="E", help="of CSV files, e.g. gbk (default utf-8)")
    reading.add_argument("--drop-duplicates", action="store_true", help="drop exact duplicates instead of counting them")
    _output_options(run)

    demo = commands.add_parser("demo", help="simulate a shop and do the same with it")
    demo.add_argument("--seed", type=_at_least(0), default=0, metavar="N", help="the same seed gives the same shop (default 0)")
    demo.add_argument("--customers", type=_at_least(1), default=3000, metavar="N", help="default 3000")
    _output_options(demo)

    inspect = commands.add_parser("inspect", help="show what a saved model or log holds")
    inspect.add_argument("file", type=Path, metavar="FILE")

    config = commands.add_parser("config", help="what a C compiler or CMake needs to find libpatron")
    config.add_argument("--cflags", action="store_true", help="options to compile with")
    config.add_argument("--libs", action="store_true", help="options to link with")
    config.add_argument("--cmakedir", action="store_true", help="folder for CMake's patron_DIR")
    config.add_argument("--pkgconfigdir", action="store_true", help="folder for PKG_CONFIG_PATH")
    return parser


def _output_options(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of results; earlier results are replaced"
    )
    output.add_argument("--lang", choices=("en", "zh"), default="en", help="of the report")
    output.add_argument("--title", help="of the report")
    output.add_argument("--format", type=_formats, default=("parquet",), metavar="F,F", help="of tables: parquet, csv, xlsx")
    output.add_argument("--threads", type=_at_least(1), metavar="N")
    output.add_argument("--progress", action="store_true", help="show progress even when not on a terminal")


def _formats(text: str) -> tuple[str, ...]:
    from patron.files import FORMATS

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{(unknown or [text])[0]!r} is not one of {', '.join(FORMATS)}")
    return names


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return value

    return number


def _say(text: str) -> None:
    print(f"patron: {text}", file=sys.stderr)


@contextlib.contextmanager
def _progress(total: int, wanted: bool) -> Iterator[Callable[[str], None]]:
    """A function that is called with a word at the beginning of each of `total` steps."""
    if not (wanted or sys.stderr.isatty()):
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=total, file=sys.stderr, leave=False, bar_format="{desc:<24}{bar} {n_fmt}/{total_fmt} {elapsed}") as bar:
        begun = False

        def step(word: str) -> None:
            nonlocal begun
            bar.update(int(begun))
            begun = True
            bar.set_description_str(word)

        yield step


# ---- run and demo ------------------------------------------------------------------------------------------------------


def _read_log(options: argparse.Namespace, step: Callable[[str], None], say: Callable[[str], None]) -> Any:
    """The log of the files, with attributes; says what it guessed and dropped."""
    import patron
    from patron import files

    def guessed(text: str) -> None:
        say(f"guessed {text}")

    sources = [files.find(path, options.encoding) for path in options.events]
    names = list(dict.fromkeys(name for source in sources for name in source.columns))
    given = {role: getattr(options, f"role_{role}") for role in guess.ROLES}
    roles = guess.columns(names, given)
    for role, column in roles.items():
        if given[role] is None:
            guessed(f"--{role.replace('_', '-')} {column}")
    if given["amount"] is None and "quantity" in roles and "price" in roles.get("amount", "").lower():
        amount, quantity = roles["amount"], roles["quantity"]
        say(f"takes {amount!r} for the total of a line; if it is the price of one piece, multiply it by {quantity!r} first")
    for name in options.property:
        if name not in names:
            raise ValueError(f"No column {name!r} for --property; the columns are {', '.join(names)}")
    for source in sources:
        for role in ("user", "time"):
            if roles[role] not in source.columns:
                raise ValueError(f"{source.path} has no column {roles[role]!r} for {role}; it has {', '.join(source.columns)}")
    properties = [name for name in dict.fromkeys(options.property) if name not in roles.values()]
    table = files.read_events(
        sources,
        list(dict.fromkeys([*roles.values(), *properties])),
        ids=[roles[role] for role in guess.ID_ROLES if role in roles],
        texts=[roles[role] for role in guess.TEXT_ROLES if role in roles]
        + ([roles["time"]] if options.time_format is not None else []),
        guarded=properties,
        numbers=[roles[role] for role in guess.NUMBER_ROLES if role in roles],
        progress=step,
    )
    how: dict[str, Any] = {"time_format": options.time_format, "time_unit": options.time_unit}
    if options.time_format is None and options.time_unit is None:
        style = guess.time_style(table[roles["time"]])
        for name, said in style.items():
            guessed(f"--{name.replace('_', '-')} {said}")
        how |= style
    kinds = dict(_kind(text) for text in options.kind)
    if "event" in roles:
        usual = guess.kind_names(table[roles["event"]], kinds)
        for name, kind in usual.items():
            guessed(f"--kind {name}={kind}")
        kinds = usual | kinds
    step("log")
    log = patron.EventLog(
        table,
        **cast(dict[str, Any], roles),
        **how,
        properties=properties,
        kinds=kinds or None,
        tz=options.tz,
        drop_duplicates=options.drop_duplicates,
    )
    for said in _dropped(log):
        say(said)
    for role, path, key in (("user", options.users, options.users_key), ("item", options.items, options.items_key)):
        if path is None:
            continue
        if role not in roles:
            raise ValueError(f"--items needs an item column in the events; pass --item with one of {', '.join(names)}")
        step(path.name)
        source = files.find(path, options.encoding)
        if key is None:
            key = guess.key(source.columns, role, roles[role])
            if key is None:
                raise ValueError(
                    f"Cannot guess the id column of {path}; pass --{role}s-key with one of {', '.join(source.columns)}"
                )
            guessed(f"--{role}s-key {key}")
        attributes = files.read_attributes(source, key, table[roles[role]].type)
        attach = log.with_users if role == "user" else log.with_items
        log = attach(attributes, key=key, valid_from="valid_from" if "valid_from" in source.columns else None)
    return log


def _dropped(log: Any) -> Iterator[str]:
    """A line for each rule of cleaning by which rows were dropped."""
    audit = log.audit
    columns = [audit[name] for name in ("rule", "column", "rows", "action", "example")]
    n_read = sum(int(rows) for rule, rows in zip(audit["rule"], audit["rows"], strict=True) if rule == "rows read")
    for rule, column, rows, action, example in zip(*columns, strict=True):
        if action == "dropped" and rows:
            where = f" in {column!r}" if column else ""
            yield f"dropped {rows:,} of {n_read:,} rows: {rule}{where}" + (f", e.g. {example!r}" if example else "")


def _kind(text: str) -> tuple[str, str]:
    name, mark, kind = text.rpartition("=")
    if not mark or not name:
        raise ValueError(f"--kind {text!r} is not of the form NAME=KIND, e.g. buy=purchase")
    return name, kind


def _work(options: argparse.Namespace, make: Callable[[Path, Callable[[str], None]], Any], steps: int) -> int:
    """Build the log and the report in a folder that replaces the output when all is done."""
    import patron
    from patron import files, report

    if options.threads is not None:
        patron.set_threads(options.threads)
    with files.replacing(options.out) as folder, _progress(steps, options.progress) as step:
        log = make(folder, step)
        made = report.write(log, folder, lang=options.lang, title=options.title, formats=options.format, progress=step)
    _summary(made, options.out, log, options.lang)
    return DONE


def _summary(made: Any, out: Path, log: Any, lang: str) -> None:
    from patron import figures
    from patron.words import Language

    words = Language(lang)
    zone = figures.zone_of(log)
    first = words.date(figures.local_date(figures.instant(log.start), zone))
    last = words.date(figures.local_date(figures.instant(log.end) - 1, zone))
    period = words("subtitle", start=first, end=last)
    print(words("said_log", events=words.number(log.n_events), users=words.number(log.n_users), period=period))
    print(" · ".join(f"{label} {value}" for label, value in made.headline))
    if made.left_out:
        print(words("not_included") + ": " + "; ".join(f"{chapter} ({reason})" for chapter, reason in made.left_out))
    print(words("said_tables") + ": " + ", ".join(str(out / path.name) for paths in made.tables.values() for path in paths))
    page = out / made.report.name
    print(words("said_report") + f": {page} ({page.stat().st_size / 1000:,.0f} kB)")


def _run(options: argparse.Namespace) -> int:
    steps = len(options.events) + 5 + (options.users is not None) + (options.items is not None)
    return _work(options, lambda _, step: _read_log(options, step, _say), steps)


def _demo(options: argparse.Namespace) -> int:
    from patron import demo

    def make(folder: Path, step: Callable[[str], None]) -> Any:
        step("simulation")
        shop = demo.simulate(options.customers, seed=options.seed, language=options.lang)
        paths = shop.write(folder / "shop")
        arguments = ["run", str(paths["events"]), "--users", str(paths["users"]), "--items", str(paths["items"])]
        arguments += ["--users-key", "user", "--items-key", "item", "--tz", shop.timezone, "--out", str(options.out)]
        arguments += [part for role in ("user", "time") for part in (f"--{role}", role)]
        return _read_log(_parser().parse_args(arguments), step, lambda _: None)  # the names are our own

    return _work(options, make, 9)


# ---- inspect -----------------------------------------------------------------------------------------------------------


def _inspect(options: argparse.Namespace) -> int:
    from patron import _core

    found = _core.inspect(str(options.file))
    summary: list[str] = []
    if found["kind"] == "log":
        import patron

        summary = repr(patron.load(options.file)).splitlines()[1:]
    print(f"{options.file}: {found['kind']}, file version {found['version']}, written by patron {found['library']}")
    for line in summary:
        print(line)
    rows = [(str(name), str(kind), f"{count:,}", f"{size:,}") for name, kind, count, size in found["sections"]]
    rows.append(("total", "", "", f"{sum(section[3] for section in found['sections']):,}"))
    head = ("section", "type", "values", "bytes")
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(4)]
    for row in (head, *rows):
        cells = [row[i].ljust(widths[i]) if i < 2 else row[i].rjust(widths[i]) for i in range(4)]
        print("  " + "  ".join(cells).rstrip())
    return DONE


def _config(options: argparse.Namespace) -> int:
    import patron

    include = patron.get_include()
    library = os.path.join(os.path.dirname(include), "lib")
    (name,) = (name for name in os.listdir(library) if name.startswith("libpatron.so."))
    answers = (
        (options.cflags, [f"-I{include}"]),
        (options.libs, [f"-L{library}", f"-Wl,-rpath,{library}", f"-l:{name}"]),
        (options.cmakedir, [os.path.join(library, "cmake", "patron")]),
        (options.pkgconfigdir, [os.path.join(library, "pkgconfig")]),
    )
    words = [word for wanted, words in answers if wanted for word in words]
    if not words:
        _say("error: expected --cflags, --libs, --cmakedir or --pkgconfigdir")
        return MISUSED
    print(*map(shlex.quote, words))
    return DONE


# ---- the door ----------------------------------------------------------------------------------------------------------


def _terminated(signal_number: int, _: Any) -> None:
    raise SystemExit(128 + signal_number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.version:
        import patron

        print(f"patron {patron.__version__}")
        return DONE
    if options.command is None:
        parser.error("expected one of run, demo, inspect, config")
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, _terminated)
    try:
        return {"run": _run, "demo": _demo, "inspect": _inspect, "config": _config}[options.command](options)
    except KeyboardInterrupt:
        _say("interrupted; nothing was written")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ValueError, TypeError, OSError, MemoryError, ImportError, NotImplementedError) as error:
        _say(f"error: {_reason(error)}")
        return FAILED


def _reason(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError) and not str(error):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
