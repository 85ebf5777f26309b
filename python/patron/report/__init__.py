"""The report: one self-contained page and the tables behind it.

`build` runs the main job on a log (profile, segment) and writes ``report.html`` and the tables into a folder, all of them
or none. The page needs no network and no script, follows light and dark, prints, and is under 500 KB whatever the size of
the log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patron import figures, files
from patron.words import Language

__all__ = ["Report", "build", "page", "write"]

LARGEST_PAGE = 500_000  # bytes
WINDOWS = ("7D", "30D", "90D", "365D")


@dataclass(frozen=True)
class Report:
    """What `build` made.

    Attributes
    ----------
    report : Path
        The page.
    tables : dict of str to list of Path
        The files of each table.
    left_out : list of (chapter, reason)
    headline : list of (label, value)
    """

    report: Path
    tables: dict[str, list[Path]]
    left_out: list[tuple[str, str]]
    headline: list[tuple[str, str]]


def build(
    log: Any,
    out: str | Path,
    *,
    lang: str = "en",
    title: str | None = None,
    as_of: Any = None,
    windows: Sequence[str] = WINDOWS,
    bins: int = 5,
    formats: Sequence[str] = ("parquet",),
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Run the main job on a log and write the report and the tables.

    Parameters
    ----------
    log : EventLog
    out : path
        A folder; made when it does not exist. What an earlier report left there is replaced; a folder with other files
        in it is refused.
    lang : {"en", "zh"}
    title : str, optional
        Of the page, e.g. the shop's name.
    as_of : time, optional
        Later events do not count; by default the end of the log.
    windows : sequence of str
        Windows of the profiles, in local days.
    bins : int
        Number of RFM scores.
    formats : sequence of {"parquet", "csv", "xlsx"}
        Of the tables.
    progress : callable, optional
        Called with a word at the beginning of each step.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        An unknown language or format; an empty log.
    OSError
        The folder cannot be used or written.
    ImportError
        A library of ``patron[report]`` is missing.

    Examples
    --------
    >>> patron.report.build(log, "out", lang="zh")  # doctest: +SKIP
    """
    with files.replacing(out) as folder:
        made = write(
            log, folder, lang=lang, title=title, as_of=as_of, windows=windows, bins=bins, formats=formats, progress=progress
        )
    final = Path(out)
    tables = {name: [final / path.name for path in paths] for name, paths in made.tables.items()}
    return Report(final / made.report.name, tables, made.left_out, made.headline)


def write(
    log: Any,
    folder: Path,
    *,
    lang: str = "en",
    title: str | None = None,
    as_of: Any = None,
    windows: Sequence[str] = WINDOWS,
    bins: int = 5,
    formats: Sequence[str] = ("parquet",),
    progress: Callable[[str], None] | None = None,
) -> Report:
    """As `build`, into a folder that exists, without any care for what is there or for what stays after an error."""
    step = progress or (lambda _: None)
    files.check_formats(formats, int(log.n_users))
    material = _material(log, Language(lang, _currency(log)), as_of, windows, bins, step)
    step("report")
    text, left_out, headline = _render(material, title)
    (folder / "report.html").write_text(text, encoding="utf-8", newline="\n")
    step("tables")
    tables = {}
    for name, table in (("profiles", material.profiles), ("segments", material.segments), ("audit", material.audit)):
        if table is not None:
            tables[name] = files.write_table(table, folder, name, formats)
    return Report(folder / "report.html", tables, left_out, headline)


def page(log: Any, *, lang: str = "en", title: str | None = None, as_of: Any = None) -> str:
    """The report's page as HTML, e.g. for a notebook or a mail.

    Parameters
    ----------
    log : EventLog
    lang, title, as_of
        As for `build`.
    """
    words = Language(lang, _currency(log))
    return _render(_material(log, words, as_of, WINDOWS, 5, lambda _: None), title)[0]


def _currency(log: Any) -> str | None:
    currency = getattr(log, "currency", None)
    return str(currency) if currency else None


def _material(log: Any, words: Language, as_of: Any, windows: Sequence[str], bins: int, step: Callable[[str], None]) -> Any:
    import patron
    from patron.profile import Profiler
    from patron.report.chapters import LeftOut, Material
    from patron.segment import RFM

    if not log.n_events:
        raise ValueError("The log is empty; a report needs at least one event")
    step("profile")
    profiles = Profiler(windows=tuple(windows)).fit(log).transform(as_of=as_of)
    activity = figures.Activity.of(log, None if as_of is None else figures.instant(as_of))
    material = Material(
        log=log,
        activity=activity,
        profiles=profiles,
        segments=None,
        rfm=None,
        audit=log.audit,
        quality=log.quality(),
        words=words,
        bins=bins,
        windows=windows,
        version=patron.__version__,
        as_of=figures.instant(log.end if as_of is None else as_of),
    )
    step("segment")
    if not material.n_customers:
        material.why_no_segments = LeftOut("no_purchases")
    elif activity.amount is None:
        material.why_no_segments = LeftOut("no_amounts")
    elif material.n_customers < bins:
        material.why_no_segments = LeftOut("few_customers", least=words.number(bins))
    else:
        material.rfm = RFM(bins=bins).fit(profiles)
        material.segments = material.rfm.predict(profiles)
    return material


def _render(material: Any, title: str | None) -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    import jinja2

    from patron.report import chapters

    words = material.words
    written, left_out = [], []
    for chapter in chapters.CHAPTERS:
        if chapter.write is None:
            left_out.append((words(chapter.key), words("not_in_version", version=material.version)))
            continue
        try:
            blocks = chapter.write(material)
        except chapters.LeftOut as reason:
            left_out.append((words(chapter.key), words(reason.reason, **reason.values)))
        else:
            written.append({"key": chapter.key, "title": words(chapter.key), "blocks": blocks})
    cards = chapters.headline(material)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("patron.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    text = environment.get_template("page.html").render(
        words=words,
        title=title or words("title"),
        subtitle=words("subtitle", start=material.first_day, end=material.as_of_day),
        summary=chapters.in_short(material),
        cards=cards,
        chapters=written,
        left_out=[words("left_out_line", chapter=chapter, reason=reason) for chapter, reason in left_out],
        version=material.version,
    )
    if len(text.encode("utf-8")) >= LARGEST_PAGE:
        raise ValueError(f"The report came to {len(text.encode('utf-8')):,} bytes; expected less than {LARGEST_PAGE:,}")
    return text, left_out, [(card.label, card.value) for card in cards.cards]
