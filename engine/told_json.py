"""JSON (RFC 8259) as events, each with its line; one fault ends the reading, as in any JSON."""

import json
import re
from collections.abc import Iterator

from engine.told_events import Event, Unreadable, plain_value
from engine.told_faults import shown

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<word>[-+.\w]+)|(?P<mark>[{}\[\],:]))'
)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_ENDS = {"{": "}", "[": "]"}


class _Tokens:
    """The tokens of a text, one to look at; line breaks are counted once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self.line = 1
        self.kind = self.word = ""
        self.take()

    def take(self) -> str:
        """Go to the next token and return the one before."""
        taken = self.word
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            self._end()
            return taken
        self.kind = str(found.lastgroup)
        self.word = found[self.kind]
        self._count(found.start(self.kind))
        self._at = found.end()
        return taken

    def wrong(self, wanted: str) -> Unreadable:
        found = shown(self.word) if self.word else "the end of the file"
        return Unreadable(self.line, f"JSON needs {wanted} here, not {found}")

    def _count(self, start: int) -> None:
        self.line += self._text.count("\n", self._counted, start)
        self._counted = start

    def _end(self) -> None:
        rest = self._text[self._at :].lstrip(" \t\r\n")
        self._count(len(self._text) - len(rest))
        self._at = len(self._text)
        self.kind, self.word = "", ""
        if rest:
            raise Unreadable(self.line, f"{shown(rest[:1])} cannot stand here in JSON")


def json_events(text: str) -> Iterator[Event]:
    """Yield the pieces of the text; raises Unreadable where it is no JSON."""
    tokens = _Tokens(text)
    open_: list[str] = []
    while True:
        if tokens.word in _ENDS:
            yield Event("map" if tokens.word == "{" else "list", tokens.line)
            open_.append(tokens.take())
            if tokens.word != _ENDS[open_[-1]]:
                yield from _key(tokens, open_)
                continue
            yield _closed(tokens, open_)
        else:
            yield _scalar(tokens)
        while open_ and tokens.word == _ENDS[open_[-1]]:
            yield _closed(tokens, open_)
        if not open_:
            break
        if tokens.word != ",":
            raise tokens.wrong(f"a comma or {_ENDS[open_[-1]]}")
        tokens.take()
        yield from _key(tokens, open_)
    if tokens.kind:
        raise tokens.wrong("nothing more")


def _closed(tokens: _Tokens, open_: list[str]) -> Event:
    event = Event("end", tokens.line)
    tokens.take()
    open_.pop()
    return event


def _key(tokens: _Tokens, open_: list[str]) -> Iterator[Event]:
    if open_[-1] == "[":
        return
    if tokens.kind != "text":
        raise tokens.wrong("a name in double quotes")
    yield _scalar(tokens)
    if tokens.word != ":":
        raise tokens.wrong("a colon after the name")
    tokens.take()


def _scalar(tokens: _Tokens) -> Event:
    line, kind, word = tokens.line, tokens.kind, tokens.word
    if kind == "text":
        return _text(tokens)
    if kind == "word" and word in _WORDS:
        tokens.take()
        return Event("leaf", line, _WORDS[word], word)
    if kind != "word" or not _NUMBER.fullmatch(word):
        raise tokens.wrong("a value (text in double quotes)")
    tokens.take()
    try:
        return Event("leaf", line, plain_value(word), word)
    except ValueError as error:
        return Event("leaf", line, None, word, fault=str(error))


def _text(tokens: _Tokens) -> Event:
    line = tokens.line
    try:
        text: str = json.loads(tokens.word)
    except json.JSONDecodeError:
        raise tokens.wrong("a text whose escapes are those of JSON") from None
    tokens.take()
    is_half = any("\ud800" <= character <= "\udfff" for character in text)
    fault = "half of a pair of \\u escapes is no character" if is_half else None
    return Event("leaf", line, text, text, fault=fault)
