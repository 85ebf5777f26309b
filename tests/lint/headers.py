"""A reader of public headers: comments, functions with their parameters, structs with their fields, enums with their constants.

It knows the C that public headers are written in and no more: declarations at the top level, one comment style, no macros
that make declarations. What it cannot read it refuses, so that nothing escapes the lints that stand on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from tree import without_comments


@dataclass(frozen=True)
class Comment:
    """A comment: its words without the stars, and the lines it stands on, from 1."""

    text: str
    first: int
    last: int

    @property
    def is_ruler(self) -> bool:
        """A line that divides the header and documents nothing."""
        return self.text.startswith("----")


@dataclass(frozen=True)
class Variable:
    """A parameter, field or constant: the type as it is written with single spaces ("" of a constant) and the name."""

    type: str
    name: str
    line: int
    documented: bool = False  # of fields and constants: by a comment on its line, or above its group


@dataclass
class Declaration:
    """What a header declares at its top level.

    kind is "function", "inline" (a function with a body), "struct", "enum" or "opaque"; type is what a function returns; group
    is the comment directly above, or above the declarations that stand directly above without a blank line.
    """

    kind: str
    name: str
    first: int
    last: int
    type: str = ""
    members: list[Variable] = field(default_factory=list)
    group: Comment | None = None


@dataclass
class Header:
    path: Path
    comments: list[Comment]
    declarations: list[Declaration]


SPACE = re.compile(r"\s+")
NAME = re.compile(r"[A-Za-z_]\w*")


def words_of(comment: str) -> str:
    """The text of a comment without its marks; the lines stay."""
    if comment.startswith("//"):
        return comment[2:].strip()
    lines = comment[2:-2].split("\n")
    return "\n".join(re.sub(r"^\s*\*? ?", "", line) if i else line.removeprefix(" ") for i, line in enumerate(lines)).strip()


def comments_of(text: str) -> list[Comment]:
    found = []
    for match in re.finditer(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', text, flags=re.DOTALL):
        if match[0][0] == "/":
            first = text.count("\n", 0, match.start()) + 1
            found.append(Comment(words_of(match[0]), first, first + match[0].count("\n")))
    return found


def without_directives(text: str) -> str:
    """Code without comments, preprocessor lines and what only C++ sees; every character keeps its place."""
    out, hidden = [], False
    for line in without_comments(text).split("\n"):
        directive = re.match(r"\s*#\s*(\w+)\s*(.*)", line)
        if directive is not None:
            hidden = directive[1] in ("ifdef", "if") and "__cplusplus" in directive[2]
            if line.rstrip().endswith("\\"):
                raise ValueError(f"a directive goes on in the next line: {line}")
        out.append(" " * len(line) if directive is not None or hidden else line)
    return "\n".join(out)


def split_top(text: str, separator: str) -> list[tuple[int, str]]:
    """Pieces between separators that are in no bracket, with the places they begin at."""
    pieces, depth, begin = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == separator and depth == 0:
            pieces.append((begin, text[begin:i]))
            begin = i + 1
    return [*pieces, (begin, text[begin:])]


def type_of(text: str) -> str:
    """The type in `const double *x`, `char message[504]` or, without a name, `struct ArrowSchema *`."""
    named = re.search(r"[\w*]\s*(?<!\w)(\w+)((?:\[\w*\])*)$", text)
    bare = named is None or named[1] in ("int", "double", "char") or text.startswith(f"struct {named[1]}")
    return (text if bare else text[: named.start(1)].strip() + named[2]).strip()


def variable(text: str, line: int) -> Variable:
    """One declarator: `const double *x`, `char message[504]`, `int (*map)(void *state)`."""
    text = SPACE.sub(" ", text).strip()
    pointer = re.fullmatch(r"(.*)\( ?\* ?(\w+) ?\) ?\((.*)\)", text)
    if pointer is not None:
        parameters = ", ".join(type_of(piece.strip()) for _, piece in split_top(pointer[3], ","))
        return Variable(f"{pointer[1].strip()} (*)({parameters})", pointer[2], line)
    name = re.search(r"(\w+)(?:\[\w*\])*$", text)
    if name is None:
        raise ValueError(f"line {line}: not understood: {text}")
    return Variable(type_of(text), name[1], line)


def fields_of(body: str, line: int) -> list[Variable]:
    """The fields of a struct, one for each declarator; their line is the one their statement ends on."""
    out = []
    for begin, piece in split_top(body, ";"):
        lead = re.match(r"\s*((?:const\s+|unsigned\s+|struct\s+)*\w+(?:\s+const)?)", piece)
        if lead is None:
            if piece.strip():
                raise ValueError(f"line {line}: not understood: {piece.strip()}")
            continue
        last = line + body.count("\n", 0, begin + len(piece))
        for number, (_, declarator) in enumerate(split_top(piece, ",")):
            out.append(variable(declarator if number == 0 else f"{lead[1]} {declarator.strip()}", last))
    return out


def constants_of(body: str, line: int) -> list[Variable]:
    out = []
    for begin, piece in split_top(body, ","):
        name = NAME.search(piece)
        if name is not None:
            out.append(Variable("", name[0], line + body.count("\n", 0, begin + name.start())))
    return out


def parameters_of(text: str, line: int) -> list[Variable]:
    if text.strip() == "void":
        return []
    return [variable(piece, line) for _, piece in split_top(text, ",")]


def declaration_of(code: str, first: int) -> Declaration:
    """One top-level declaration without its comments."""
    last = first + code.count("\n")
    flat = SPACE.sub(" ", code).strip()
    opaque = re.fullmatch(r"typedef struct (\w+) (\w+) ?;", flat)
    if opaque is not None:
        return Declaration("opaque", opaque[2], first, last)
    compound = re.match(r"\s*(?:typedef\s+)?(struct|enum)\s+(\w+)\s*\{", code)
    if compound is not None:
        end = code.rindex("}")
        begun = first + code.count("\n", 0, compound.end())
        read = fields_of if compound[1] == "struct" else constants_of
        return Declaration(compound[1], compound[2], first, last, members=read(code[compound.end() : end], begun))
    function = re.match(r"\s*(PATRON_API|static\s+inline)\s+([^(]*?)(\w+)\s*\(", code)
    if function is not None:
        pieces = split_top(code[function.end() - 1 :], ")")
        inside = pieces[0][1][1:]
        kind = "function" if function[1] == "PATRON_API" else "inline"
        returned = SPACE.sub(" ", function[2]).strip()
        return Declaration(kind, function[3], first, last, returned, parameters_of(inside, first))
    raise ValueError(f"line {first}: not understood: {flat}")


def declarations_of(text: str) -> list[Declaration]:
    code, out = without_directives(text), []
    depth, begin = 0, None
    for i, letter in enumerate(code):
        if begin is None and not letter.isspace():
            begin = i
        if begin is None:
            continue
        depth += (letter == "{") - (letter == "}")
        body_ends = letter == "}" and code.startswith("static", begin)
        if depth == 0 and (letter == ";" or body_ends):
            out.append(declaration_of(code[begin : i + 1], code.count("\n", 0, begin) + 1))
            begin = None
    if begin is not None:
        raise ValueError(f"line {code.count(chr(10), 0, begin) + 1}: a declaration without an end")
    return out


def marked(made: Declaration, comments: list[Comment], lines: list[str]) -> list[Variable]:
    """The members, each with whether a comment on its line, or one above it and others without a blank line, documents it."""
    starts = {comment.first for comment in comments}
    out, group = [], False
    for number in range(made.first, made.last + 1):
        line = lines[number - 1].strip()
        beside = number in starts and not line.startswith("/")
        group = bool(line) and (group or number in starts) and not beside
        out += [replace(member, documented=group or beside) for member in made.members if member.line == number]
    return out


def read(path: Path) -> Header:
    text = path.read_text(encoding="utf-8")
    comments = comments_of(text)
    declarations = declarations_of(text)
    endings = {comment.last: comment for comment in comments if not comment.is_ruler}
    groups: dict[int, Comment | None] = {}  # by the last line of a declaration
    for made in declarations:
        made.group = groups[made.last] = endings.get(made.first - 1, groups.get(made.first - 1))
        if made.kind in ("struct", "enum"):
            made.members = marked(made, comments, text.split("\n"))
    return Header(path, comments, declarations)


def public_headers(root: Path) -> list[Path]:
    return sorted((root / "include/patron").glob("*.h"))
