# SPDX-License-Identifier: MIT
"""Reads C++ line by line: code apart from comments, statements, declarations in headers.

No parser: it follows brackets and semicolons in code that a formatter has laid out, which is
enough for the house rules (`check_layers.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

# What has to be taken out of code to find comments: raw strings first, as they hide the others.
# A quote between two digits is a separator, not a character.
TOKEN = re.compile(
    r'R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'"
    r"|//(?P<line>[^\n]*)"
    r"|/\*(?P<block>.*?)\*/",
    re.DOTALL,
)


@dataclass(frozen=True)
class Line:
    """One line of C++: as written, without comments and string contents, and its comment."""

    raw: str
    code: str
    comment: str


@dataclass(frozen=True)
class Statement:
    """The code around one line, up to the ends of its statement, and what is said about it."""

    code: str
    comments: tuple[str, str]  # beside the code, and on the lines right above


@dataclass(frozen=True)
class Declaration:
    """A function (or a pointer type for functions) declared in a header."""

    line: int
    name: str
    code: str  # up to the body or the semicolon
    comment: str  # right above, or of the group that it belongs to; may be empty
    is_public: bool
    is_trivial: bool  # nothing to say about it: a constructor, an operator, defaulted, deleted


@dataclass
class Source:
    """One file of the tree."""

    path: Path
    root: Path
    text: str
    raw: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.raw = self.text.splitlines()

    @cached_property
    def relative(self) -> str:
        """The path from the root, with forward slashes."""
        return self.path.relative_to(self.root).as_posix()

    @cached_property
    def folder(self) -> str | None:
        """The folder of core/ that the file is in, or None if it is elsewhere."""
        parts = self.path.relative_to(self.root).parts
        return parts[1] if len(parts) > 2 and parts[0] == "core" else None

    @cached_property
    def lines(self) -> list[Line]:
        """The lines if this is C++, else none."""
        if self.path.suffix not in (".h", ".cpp"):
            return []
        code, comments = list(self.text), [""] * (len(self.raw) + 2)

        def blank(start: int, end: int) -> None:
            code[start:end] = [c if c == "\n" else " " for c in self.text[start:end]]

        for found in TOKEN.finditer(self.text):
            comment = found["line"] if found["line"] is not None else found["block"]
            if comment is None:
                blank(found.start() + 1, found.end() - 1)
                continue
            blank(found.start(), found.end())
            first = self.text.count("\n", 0, found.start())
            for offset, part in enumerate(comment.split("\n")):
                comments[first + offset] += part.strip(" \t*/") + " "
        blanked = "".join(code).splitlines()
        return [
            Line(raw, code_line.rstrip(), comment.strip())
            for raw, code_line, comment in zip(self.raw, blanked, comments, strict=False)
        ]

    def cpp(self) -> Iterator[tuple[int, Line]]:
        """Give the numbered lines of C++."""
        return enumerate(self.lines, 1)


def comment_above(lines: list[Line], index: int) -> str:
    """Give the text of the comment lines that end right above `lines[index]`."""
    first = index
    while first > 0 and not lines[first - 1].code and lines[first - 1].raw.strip():
        if "SPDX-License-Identifier" in lines[first - 1].raw:
            break
        first -= 1
    return " ".join(line.comment for line in lines[first:index])


def statement(source: Source, number: int) -> Statement:
    """Give the statement that line `number` is part of."""
    lines = source.lines
    first = last = number - 1
    while first > 0 and lines[first - 1].code and lines[first - 1].code[-1] not in ";{}:":
        first -= 1
    while last + 1 < len(lines) and lines[last].code and lines[last].code[-1] not in ";{}":
        last += 1
    part = lines[first : last + 1]
    # A comment line may stand inside a statement, between a condition and what it guards.
    beside = " ".join(line.comment for line in part if line.comment)
    return Statement(" ".join(line.code for line in part), (beside, comment_above(lines, first)))


def declarations(source: Source) -> Iterator[Declaration]:
    """Give the functions that a header declares in namespaces and types, bodies left out."""
    scopes: list[tuple[str, str, bool]] = []  # kind, name, whether what comes next is public
    start, text, shared_comment, previous_end = 0, "", "", -2
    depth = 0  # of round brackets: a brace in there is a default argument's
    in_directive = False
    for number, line in source.cpp():
        code = line.code
        if in_directive or code.lstrip().startswith("#"):
            in_directive = line.raw.endswith("\\")
            text = ""
            continue
        for character in code + " ":
            if not text.strip():
                start = number
            depth += (character == "(") - (character == ")")
            if depth > 0 or character not in "{};":
                text += character
                label = re.fullmatch(r"\s*(public|protected|private)\s*:\s*", text)
                if label and scopes:
                    scopes[-1] = (*scopes[-1][:2], label[1] == "public")
                    text = ""
                continue
            is_outside = all(kind in ("namespace", "type") for kind, _, _ in scopes)
            if is_outside and character != "}":
                comment = comment_above(source.lines, start - 1)
                # Neighbours without a blank line between them share a comment.
                if not comment and start == previous_end + 1:
                    comment = shared_comment
                found = as_function(text, scopes, start, comment)
                if found:
                    yield found
                if found or text.strip():
                    shared_comment = comment if found else ""
            if character == "{":
                scopes.append(opened_scope(text))
                text = ""
            elif character == ";":
                text, previous_end = "", number
            elif scopes:
                closed = scopes.pop()[0]
                # `= {}` and `x{}` go on to their semicolon.
                text, previous_end = ("x" if closed == "value" else ""), number
        if line.code:
            text += " "


def opened_scope(text: str) -> tuple[str, str, bool]:
    """Tell what the brace after `text` opens."""
    noise = r"\[\[.*?\]\]|alignas\s*\([^)]*\)|template\s*<[^{]*>\s*(?=class|struct)"
    words = re.sub(noise, "", text)
    namespace = re.search(r"\b(?:inline\s+)?namespace\b\s*([\w:]*)\s*$", words)
    if namespace:
        return "namespace", namespace[1], bool(namespace[1]) and "detail" not in namespace[1]
    declared = re.match(r"\s*(?:typedef\s+)?(class|struct|union)\s+(\w+)[^()=]*$", words)
    if declared:
        return "type", declared[2], declared[1] != "class"
    if re.match(r"\s*extern\s*\"\s*\"?\s*$", words):
        return "namespace", "C", True
    if re.search(r"\)[^()=]*$", words) or re.match(r"\s*enum\b", words):
        return "body", "", False
    return "value", "", False


def as_function(
    text: str, scopes: list[tuple[str, str, bool]], line: int, comment: str
) -> Declaration | None:
    """Read `text`, a declaration without its body, as a function; None if it is something else."""
    code = " ".join(text.split())
    bare = re.sub(r"\[\[.*?\]\]|\b(?:alignas|decltype|explicit|requires)\s*\([^)]*\)", "", code)
    bare = re.sub(r"\boperator\s*(?:\(\s*\)|[^\s\w(]+)", "operator", bare)
    while True:  # template arguments may hold brackets: std::function<void(int)>
        shorter = re.sub(r"<[^<>]*>", "", bare)
        if shorter == bare:
            break
        bare = shorter
    bare = re.sub(r"^\s*template\s*", "", bare).strip()
    if re.match(r"(?:using|typedef)\b", bare):
        # A pointer type for functions carries the promise of what it points at.
        pointer = re.search(r"\b(?:using\s+(\w+)|\(\s*\*\s*(\w+)\s*\))", bare)
        if not pointer or not (pointer[2] or "(*)" in bare.replace(" ", "")):
            return None
        return Declaration(line, pointer[1] or pointer[2], code, comment, False, True)
    head = re.match(r"([^=(]*?)([~\w:]+)\s*\(", bare)
    if not head or re.match(
        r"(?:static_assert|friend|return|class|struct|enum|extern\b.*\*)", bare
    ):
        return None
    if re.match(r"\(\s*\*", bare[head.end() - 1 :]):  # a member that points at a function
        return None
    is_public = all(public for _, _, public in scopes)
    types = [name for kind, name, _ in scopes if kind == "type"]
    is_constructor = bool(types) and head[2].lstrip("~") == types[-1]
    # An override keeps the contract that stands where it was first declared.
    has_contract = re.search(r"=\s*(?:default|delete)$|\b(?:override|final)\b", code) is not None
    is_trivial = is_constructor or has_contract or "operator" in bare
    return Declaration(line, head[2], code, comment, is_public, is_trivial)
