"""What a chapter is made of: a few kinds of blocks, which the template knows how to set."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Block", "Card", "Cards", "Cell", "Listing", "Notes", "Picture", "Pictures", "Rows", "Text"]


@dataclass(frozen=True)
class Text:
    """A paragraph; with `heading`, under a small heading."""

    text: str = ""
    heading: str = ""
    quiet: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Picture:
    """A drawing (SVG made by us, set as it is), under its title if it has one."""

    svg: str
    title: str = ""


@dataclass(frozen=True)
class Pictures:
    """Drawings side by side, with a note below."""

    drawn: list[Picture]
    note: str = ""
    kind: str = "pictures"


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and for a bar behind the number its length as a share of one."""

    text: str
    bar: float | None = None
    strong: bool = False


@dataclass(frozen=True)
class Rows:
    """A table. `align`: one letter a column, l or r."""

    caption: str
    head: list[str]
    rows: list[list[Cell]]
    align: str
    kind: str = "rows"


@dataclass(frozen=True)
class Card:
    """One headline figure."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Cards:
    """Headline figures side by side."""

    cards: list[Card]
    kind: str = "cards"


@dataclass(frozen=True)
class Listing:
    """Sentences as a list."""

    sentences: list[str]
    kind: str = "listing"


@dataclass(frozen=True)
class Notes:
    """Terms with what they mean; the third value, where there is one, is what follows from it."""

    notes: list[tuple[str, str, str]]
    kind: str = "notes"


Block = Text | Pictures | Rows | Cards | Listing | Notes
