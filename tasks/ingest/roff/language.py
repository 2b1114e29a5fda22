"""The requests that decide what is read: conditionals, strings, registers and macros of the page's own, as in nroff.

What a page defines can double with each line; more than a page may come to is refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tasks.ingest.document import UnreadableError
from tasks.ingest.roff.escapes import BRACES, COMMENT, escapes, plain
from tasks.ingest.roff.glyphs import MS_STRINGS
from tasks.ingest.roff.numbers import value_of

_SPARE, _GROWTH = 1_000_000, 20
"""Characters that a page may come to, and how often those of its source beside them."""
_DEEPEST = 40  # macros in each other, strings in each other
_ARGUMENT = re.compile(r'"((?:\\\*\(..|""|[^"])*)"?|((?:\\\*\(..|\\.|[^\s\\])+)')  # a string's name may have a quote
_NAME = re.compile(r"[^\s\\]+")
_EXPRESSION = re.compile(r"[0-9(+\-.\\]")
_STRINGS = {"lq": "“", "rq": "”", "R": "®", "Tm": "™", "Aq": "'", 'L"': "“", 'R"': "”", "C`": '"', "C'": '"', "--": "—",
            ".T": "utf8", "Le": "≤", "Ge": "≥", "Lt": "<", "Gt": ">", "Ne": "≠", "If": "∞", "Pi": "π", "Na": "NaN",
            "Ba": "|", "Am": "&", "Pm": "±", "Lq": "“", "Rq": "”", "aa": "´", "ga": "`", "q": '"'}  # fmt: skip
_REGISTERS = {".g": 1, ".x": 1, ".y": 22, ".H": 24, ".V": 40, ".l": 1872, ".u": 1, ".s": 10, ".v": 40}
_END = {"EQ": "EN", "PS": "PE", "GS": "GE"}  # drawings and formulas, which have languages of their own


@dataclass
class _Frame:
    """Lines that are being read: the page's, or a macro's with its arguments."""

    lines: Iterator[str]
    arguments: list[str] = field(default_factory=list)
    name: str = ""


class Roff:
    """Reads a page and hands on what is left: lines of text, and requests that aren't its own.

    Args:
        text: called with each line of text, as it is written.
        request: called with each request's name and what follows it, as it is written; macros of the page's own come
            as what they stand for.
    """

    def __init__(self, text: Callable[[str], None], request: Callable[[str, str], None]) -> None:
        self._hand_text, self._hand_request = text, request
        self._strings, self._macros = dict(_STRINGS), dict[str, list[str]]()
        self._registers, self._steps = dict(_REGISTERS), dict[str, int]()
        self._translated: dict[int, str] = {}
        self._frames: list[_Frame] = []
        self._else: list[bool] = []  # of each .ie that waits for its .el: whether that is read
        self._accents = self._raw = False
        self._room = self._nested = 0
        self._requests: dict[str, Callable[[str], None]] = {
            "if": self._if, "while": self._if, "ie": self._ie, "el": self._el, "nop": self._line, "ds": self._ds,
            "ds1": self._ds, "as": self._as, "as1": self._as, "nr": self._nr, "de": self._de, "de1": self._de,
            "am": self._am, "am1": self._am, "ig": self._ig, "als": self._als, "rn": self._rn, "rm": self._rm, "tr": self._tr, "shift": self._shift,  # noqa: E501
            "return": self._return, "eo": self._eo, "ec": self._ec,
        }  # fmt: skip

    def read(self, source: str) -> None:
        """Read a page.

        Raises:
            UnreadableError: when it comes to far more than was written.
        """
        self._room = _SPARE + _GROWTH * len(source)
        self._frames = [_Frame(iter(source.replace("\x00", "").splitlines()))]
        while (line := self._next()) is not None:
            self._line(line)

    def arguments(self, rest: str) -> list[str]:
        """The arguments of a request that was handed on: quoted or apart by blanks, as text."""
        return [self.text(argument) for argument in _split(rest)]

    def text(self, line: str) -> str:
        """What was handed on as text: strings and registers filled in, escapes resolved."""
        text = plain(self._filled(line))
        return text.translate(self._translated) if self._translated else text

    def _next(self) -> str | None:
        """The next line, together with those that it says it goes on in."""
        parts: list[str] = []
        while self._frames:
            frame = self._frames[-1]
            line = next(frame.lines, None)
            if line is None:
                if parts:
                    break
                self._frames.pop()
                continue
            if frame.name:
                line = self._with_arguments(line, frame)
            self._spend(1 + len(line))
            if (len(line) - len(line.rstrip("\\"))) % 2 == 0 or self._raw:
                return "".join([*parts, line])
            parts.append(line[:-1])
        return "".join(parts) if parts else None

    def _spend(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise UnreadableError("endless man page", f"more than {_SPARE} characters and {_GROWTH} times its source")

    def _line(self, line: str) -> None:
        line = COMMENT.sub(r"\1", line)
        if line[:1] not in (".", "'") or line[1:2] in ("'", "") or (line[:1] == "." and line[1:3] == ".."):
            if line not in (".", "'"):
                self._hand_text(_without_braces(line))
            return
        body = line[1:].lstrip()
        found = _NAME.match(body)
        if found is None:
            return
        name, rest = found[0], body[found.end() :].lstrip(" ")
        if name in self._macros:
            self._call(name, _without_braces(rest))
        elif name in self._requests:
            own = name in ("if", "ie", "el", "while")
            self._requests[name](rest if own else _without_braces(rest))
        elif name in _END:
            self._skip(_END[name])
        else:
            self._hand_request(name, _without_braces(rest))

    def _call(self, name: str, rest: str) -> None:
        if len(self._frames) <= _DEEPEST:
            arguments = [self._filled(argument) for argument in _split(rest)]
            self._frames.append(_Frame(iter(self._macros[name]), arguments, name))

    def _with_arguments(self, line: str, frame: _Frame) -> str:
        if "\\$" not in line:
            return line
        return "".join(
            escape.before + (_argument(frame, escape.argument) if escape.kind == "$" else escape.raw)
            for escape in escapes(line)
        )

    def _filled(self, text: str, depth: int = 0) -> str:
        """The text with its strings and registers filled in."""
        if "\\" not in text:
            return text
        out = []
        for escape in escapes(text):
            out.append(escape.before)
            if escape.kind == "*":
                name, *_ = escape.argument.split(" ") or [""]
                value = self._strings.get(name, "")
                self._spend(len(value))
                out.append(self._filled(value, depth + 1) if depth < _DEEPEST else "")
            elif escape.kind == "n":
                out.append(str(self._register(escape.argument)))
            elif escape.kind == "w":
                out.append(str(24 * len(plain(self._filled(escape.argument, depth + 1))) if depth < _DEEPEST else 0))
            else:
                out.append(escape.raw)
        return "".join(out)

    def _register(self, name: str) -> int:
        sign, name = (name[:1], name[1:]) if name[:1] in ("+", "-") and len(name) > 1 else ("", name)
        if name == ".$":
            return len(self._frames[-1].arguments) if self._frames else 0
        if sign:
            step = self._steps.get(name, 0)
            self._registers[name] = self._registers.get(name, 0) + (step if sign == "+" else -step)
        return self._registers.get(name, 0)

    def _if(self, rest: str) -> None:
        holds, rest = self._condition(rest)
        self._branch(holds, rest)

    def _ie(self, rest: str) -> None:
        holds, rest = self._condition(rest)
        self._else.append(not holds)
        self._branch(holds, rest)

    def _el(self, rest: str) -> None:
        self._branch(self._else.pop() if self._else else False, rest)

    def _branch(self, holds: bool, rest: str) -> None:
        """Read what hangs on a condition, or pass over it: the rest of the line, or all up to its closing brace."""
        rest = rest.lstrip()
        if holds:
            while rest.startswith("\\{"):
                rest = rest[2:].lstrip()
            if rest and self._nested < _DEEPEST:
                self._nested += 1
                self._line(rest)
                self._nested -= 1
            return
        depth = _opened(rest)
        while depth > 0 and (line := self._next()) is not None:
            depth += _opened(line)

    def _condition(self, rest: str) -> tuple[bool, str]:
        """Whether a condition holds, and what stands behind it."""
        rest, wanted = rest.lstrip(), True
        while rest.startswith("!"):
            rest, wanted = rest[1:].lstrip(), not wanted
        kind = rest[:1]
        if kind and kind in "ntoev":
            return (kind in "no") == wanted, rest[1:]
        if kind and kind in "drmcFS":
            found = re.compile(r"\s*((?:\\[(\[]|[^\s\\])+)").match(rest, 1)
            name, end = (found[1], found.end()) if found else ("", 1)
            known = {"d": name in self._strings or name in self._macros, "r": name in self._registers}
            return known.get(kind, True) == wanted, rest[end:]
        if _EXPRESSION.match(rest):
            end = _end_of_expression(rest)
            return (value_of(self._filled(rest[:end])) > 0) == wanted, rest[end:]
        one, other, end = _compared(rest)
        return (plain(self._filled(one)) == plain(self._filled(other))) == wanted, rest[end:]

    def _ds(self, rest: str) -> None:
        name, value = _named(rest)
        if name == "#H":  # the beginning of ms' and pod2man's preamble of accents
            self._accents = True
        elif self._accents and name in MS_STRINGS:
            value = MS_STRINGS[name]
        self._strings[name] = self._copied(value)

    def _as(self, rest: str) -> None:
        name, value = _named(rest)
        value = self._copied(value)
        self._spend(len(self._strings.get(name, "")) + len(value))
        self._strings[name] = self._strings.get(name, "") + value

    def _copied(self, text: str) -> str:
        """A definition as roff copies it: what is to be filled in now is, what is escaped twice later."""
        if self._raw:
            return text
        out = []
        for escape in escapes(text):
            now = escape.kind in ("*", "n") and escape.raw
            out.append(
                escape.before + (self._filled(escape.raw) if now else "\\" * (escape.kind == "\\") or escape.raw)
            )
        return "".join(out)

    def _nr(self, rest: str) -> None:
        name, value = _named(self._filled(rest))
        amount, *step = value.split(None, 1)[:2] or ["0"]
        number = value_of(amount.lstrip("+-") if amount[:1] == "+" else amount)
        self._registers[name] = self._registers.get(name, 0) * (amount[:1] in ("+", "-")) + number
        if step:
            self._steps[name] = value_of(step[0])

    def _de(self, rest: str) -> None:
        name, *end = self._filled(rest).split()[:2] or [""]
        self._macros[name] = self._body(end)

    def _am(self, rest: str) -> None:
        name, *end = self._filled(rest).split()[:2] or [""]
        self._macros[name] = self._macros.get(name, []) + self._body(end)
        self._spend(sum(map(len, self._macros[name])))

    def _ig(self, rest: str) -> None:
        self._body(rest.split()[:1])

    def _body(self, end: list[str]) -> list[str]:
        """The lines of a definition, up to ``..`` or the request that ends it."""
        last, body = end[0] if end else ".", []
        while self._frames and (line := next(self._frames[-1].lines, None)) is not None:
            if line[:1] in (".", "'") and (line[1:].split(None, 1) or [""])[0] == last:
                break
            body.append(self._copied(line))
        return body

    def _skip(self, end: str) -> None:
        """Pass over what another program would have read."""
        while (line := self._next()) is not None and not line.startswith(f".{end}"):
            pass

    def _als(self, rest: str) -> None:
        new, old = [*rest.split(), "", ""][:2]
        for known in (self._macros, self._strings):
            if old in known:
                known[new] = known[old]  # type: ignore[assignment]

    def _rn(self, rest: str) -> None:
        old, new = [*rest.split(), "", ""][:2]
        self._als(f"{new} {old}")
        self._rm(old)

    def _rm(self, rest: str) -> None:
        for name in rest.split():
            self._macros.pop(name, None)
            if not (self._accents and name in MS_STRINGS):
                self._strings.pop(name, None)

    def _tr(self, rest: str) -> None:
        signs: list[str] = []
        for escape in escapes(rest):
            signs += [*escape.before, *([plain(escape.raw)] if escape.kind else [])]
        for one, other in zip(signs[::2], [*signs[1::2], " "], strict=False):
            if len(one) == 1:
                self._translated[ord(one)] = other

    def _shift(self, rest: str) -> None:
        frame = self._frames[-1] if self._frames else _Frame(iter(()))
        del frame.arguments[: int(rest) if rest.isdecimal() else 1]

    def _return(self, _: str) -> None:
        if len(self._frames) > 1:
            self._frames.pop()

    def _eo(self, _: str) -> None:
        self._raw = True

    def _ec(self, _: str) -> None:
        self._raw = False


def _split(rest: str) -> list[str]:
    """The arguments of a request as they are written."""
    return [quoted.replace('""', '"') or bare for quoted, bare in _ARGUMENT.findall(rest)]


def _argument(frame: _Frame, which: str) -> str:
    if which == "0":
        return frame.name
    if which == "@":
        return " ".join(f'"{argument}"' for argument in frame.arguments)
    if which == "*":
        return " ".join(frame.arguments)
    place = int(which) if which.isdecimal() and len(which) < 4 else 0
    return frame.arguments[place - 1] if 0 < place <= len(frame.arguments) else ""


def _named(rest: str) -> tuple[str, str]:
    """The name that a definition begins with, and its value."""
    name, _, value = rest.partition(" ")
    value = value.lstrip(" ")
    return name, value.removeprefix('"')


def _opened(line: str) -> int:
    """How many more braces a line opens than it closes."""
    if "\\" not in line:
        return 0
    found = BRACES.findall(line)
    return found.count("{") - found.count("}")


def _without_braces(line: str) -> str:
    return BRACES.sub(lambda found: "" if found[1] in "{}" else found[0], line) if "\\" in line else line


def _end_of_expression(text: str) -> int:
    """Where a numeric expression at the beginning of a text ends: at a blank outside brackets, or before its branch."""
    end = depth = 0
    for escape in escapes(text):
        for sign in escape.before:
            depth += (sign == "(") - (sign == ")")
            if (sign.isspace() and depth <= 0) or not (sign.isspace() or sign in "0123456789.()+-*/%<>=&:?!uicpPmnvM"):
                return end
            end += 1
        if escape.kind not in ("n", "w", "*", "B", "A"):
            return end
        end += len(escape.raw)
    return end


def _compared(text: str) -> tuple[str, str, int]:
    """Two texts between three equal characters, and where they end."""
    border, places = text[:1], [0]
    at = 1
    while border and at < len(text) and len(places) < 3:
        if text[at] == border:
            places.append(at)
        at += 2 if text[at] == "\\" else 1
    if len(places) < 3:
        return "", border, len(text)
    return text[1 : places[1]], text[places[1] + 1 : places[2]], places[2] + 1
