"""Figures as small SVG for one page: text left to the reader's browser, colours left to the page's style sheet.

matplotlib lays text out by measuring glyphs of its own fonts, and warns of every Chinese character they lack. Here widths
are estimated instead (one em for a wide character, about half for others), so that no font is asked and nothing has to be
silenced; the browser then draws the text in whatever font the reader has. Afterwards the document is rebuilt: no metadata,
no ids but those that are referred to, palette colours as variables with themselves as fallback, two decimals. The
same figure gives the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_svg import RendererSVG

from patron import plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DPI", "svg"]

DPI = 72  # a point is a unit of the drawing

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_COLOURS = {
    plot.INK: "ink",
    plot.MUTED: "muted",
    plot.LINE: "line",
    plot.ACCENT: "accent",
    plot.WARM: "warm",
    plot.BAD: "bad",
}
_KEPT_STYLES = {
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-opacity",
    "stroke-width",
    "stroke-dasharray",
    "stroke-dashoffset",
    "opacity",
    "font-size",
    "font-weight",
    "text-anchor",
}


class _Estimating(RendererSVG):  # type: ignore[misc, unused-ignore]
    """An SVG renderer that asks no font how wide a text is."""

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> tuple[float, float, float]:
        size = float(prop.get_size_in_points())
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in s)
        return size * (wide + 0.55 * (len(s) - wide)), size * 0.93, size * 0.21


def svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an inline SVG element.

    Parameters
    ----------
    figure : Figure
        Drawn without a layout engine, which would measure text.
    name : str
        Unique on the page; prefix of ids.
    title, description : str
        Read aloud instead of the picture.
    """
    figure.set_dpi(DPI)
    figure.patch.set_visible(False)
    for ax in figure.axes:
        ax.patch.set_visible(False)
    width, height = (float(side) * DPI for side in figure.get_size_inches())
    out = io.StringIO()
    settings: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": f"patron-{name}"}
    with matplotlib.rc_context(settings):
        renderer: Any = _Estimating(  # type: ignore[no-untyped-call, unused-ignore]
            width, height, out, image_dpi=DPI, metadata={"Date": None, "Creator": None}
        )
        figure.draw(renderer)
        renderer.finalize()
    root = ElementTree.fromstring(out.getvalue())
    return _rebuild(root, name, title, description, width, height)


def _rebuild(root: ElementTree.Element, name: str, title: str, description: str, width: float, height: float) -> str:
    targets = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == _LINK:
                targets.add(value.removeprefix("#"))
            targets.update(re.findall(r"url\(#([^)]+)\)", value))
    new = ElementTree.Element(
        "svg",
        {
            "viewBox": f"0 0 {_short(width)} {_short(height)}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "class": "picture",
        },
    )
    ElementTree.SubElement(new, "title", {"id": f"{name}-title"}).text = title
    ElementTree.SubElement(new, "desc", {"id": f"{name}-desc"}).text = description
    for child in root:
        _copy(child, new, name, targets)
    return ElementTree.tostring(new, encoding="unicode")


def _copy(element: ElementTree.Element, parent: ElementTree.Element, name: str, targets: set[str]) -> None:
    tag = str(element.tag).removeprefix(_SVG)
    if tag in ("metadata", "style"):
        return
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        if key == _LINK:
            attributes["href"] = f"#{name}-{value.removeprefix('#')}"
        elif key == "id":
            if value in targets:
                attributes["id"] = f"{name}-{value}"
        elif key == "style":
            attributes |= _style(value)
        elif key in ("d", "x", "y", "width", "height", "transform", "points"):
            attributes[key] = _numbers(value)
        elif key == "clip-path":
            attributes[key] = re.sub(r"url\(#", f"url(#{name}-", value)
        else:
            attributes[key] = value
    if attributes.get("transform", "").startswith("rotate(0") or attributes.get("transform", "").startswith("rotate(-0"):
        del attributes["transform"]
    if tag == "g" and not attributes:
        for child in element:
            _copy(child, parent, name, targets)
        return
    drawn = "stroke" in attributes or "stroke:" in attributes.get("style", "")
    if tag == "path" and attributes.get("fill") == "none" and not drawn and "id" not in attributes:
        return  # a frame without a line
    if tag == "defs" and not len(element):
        return
    new = ElementTree.SubElement(parent, tag, attributes)
    new.text = element.text if tag == "text" else None
    for child in element:
        _copy(child, new, name, targets)


def _style(text: str) -> dict[str, str]:
    """The declarations that matter, as attributes; palette colours as a style, since attributes take no variables."""
    out: dict[str, str] = {}
    variables = []
    for declaration in text.split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            size = re.search(r"([\d.]+)px", value)
            if size:
                out["font-size"] = size[1]
            if re.search(r"\b(bold|[6-9]00)\b", value):
                out["font-weight"] = "600"
        elif key in _KEPT_STYLES:
            if key == "font-weight":
                value = "600"
            if key in ("fill", "stroke") and value in _COLOURS:
                variables.append(f"{key}:var(--{_COLOURS[value]},{value})")
            elif (key, value) != ("text-anchor", "start") and (key, value) != ("stroke-dashoffset", "0"):
                out[key] = value.removesuffix("px")
    if variables:
        out["style"] = ";".join(variables)
    return out


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _numbers(text: str) -> str:
    rounded = re.sub(r"-?\d+\.\d+(?:e-?\d+)?", lambda found: _short(float(found[0])) or "0", text)
    return re.sub(r"\s+", " ", rounded).strip()
