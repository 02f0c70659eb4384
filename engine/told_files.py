"""Files that people write, YAML 1.2 or JSON, as values with their lines; every fault at once.

A file is somebody else's: its size, its depth, its aliases and everything that they unfold to are
bounded before anything is made of it, numbers stay exact, and a name that stands twice is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.told_events import Event, Scalar, Unreadable
from engine.told_faults import BadFile, Fault, Place, path_text, shown
from engine.told_json import json_events

CHARACTERS_MAX = 100_000
"""A file that names 500 providers has 25,000; reading this much YAML takes a second."""
BYTES_MAX = CHARACTERS_MAX * 4
DEPTH_MAX = 20
VALUES_MAX = 10_000
ALIASES_MAX = 100

Value = Scalar | list["Value"] | dict[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a file says; ``lines`` by place. ``faults``: what of it could not be used.

    ``lost``: the places of values that could not be read.
    """

    value: Value
    lines: Mapping[Place, int]
    faults: tuple[Fault, ...] = ()
    lost: frozenset[Place] = frozenset()

    def line(self, place: Place) -> int | None:
        """Return the line of a value, or of the nearest one around it."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place)

    def at(self, place: Place) -> Value:
        """Return the value at a place, None where there is none."""
        value = self.value
        for step in place:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value


NOWHERE = Told(value=None, lines=MappingProxyType({}))
"""What was not read from a file: it has no lines."""


def decoded(content: bytes, name: str) -> str:
    """Return the text of a file; raises BadFile for one that is no UTF-8 text."""
    if len(content) > BYTES_MAX:
        raise BadFile(name, [_too_long()])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFile(name, [Fault(line, "", "this is not UTF-8 text: save it as UTF-8")]) from None


def told(text: str, name: str) -> Told:
    """Return what a text says: JSON when the name ends in .json or it is JSON, else YAML 1.2.

    Raises BadFile when nothing can be made of it.
    """
    if len(text) > CHARACTERS_MAX:
        raise BadFile(name, [_too_long()])
    text = text.removeprefix("\ufeff")
    builder = _Builder()
    try:
        for event in _events(text, name):
            builder.take(event)
        unfolding = _Unfolding(builder.whole())
    except Unreadable as fault:
        raise BadFile(name, [*builder.faults, Fault(fault.line, "", fault.message)]) from None
    return Told(
        value=unfolding.value,
        lines=unfolding.lines,
        faults=(*builder.faults, *unfolding.faults),
        lost=frozenset(unfolding.lost),
    )


def _events(text: str, name: str) -> Iterator[Event]:
    if not text.strip():
        return iter(())
    if name.lower().endswith(".json") or _is_json(text):
        return json_events(text)
    from engine.told_yaml import yaml_events  # noqa: PLC0415 - ruamel.yaml takes 60 ms to import

    return yaml_events(text)


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        return all(True for _ in json_events(text))
    except Unreadable:
        return False  # YAML writes such maps too


def _too_long() -> Fault:
    return Fault(
        None, "", f"the file has more than {CHARACTERS_MAX} characters: is it the right one?"
    )


@dataclass(slots=True)
class _Node:
    """A value on its way: what an anchor names is one node, wherever it is repeated."""

    line: int
    value: Scalar = None
    fault: str | None = None
    items: "list[_Node] | None" = None
    fields: "dict[str, tuple[int, _Node]] | None" = None
    key: tuple[int, str] | None = None
    """The name that the next value of this map belongs to."""
    is_open: bool = True


@dataclass(slots=True)
class _Builder:
    """Puts nodes together from events; knows bounds and names, not meanings."""

    faults: list[Fault] = field(default_factory=list)
    _top: _Node | None = None
    _open: list[_Node] = field(default_factory=list)
    _steps: list[str | int] = field(default_factory=list)
    """Where in the node around it each open node stands."""
    _anchors: dict[str, _Node] = field(default_factory=dict)
    _nodes: int = 0
    _aliases: int = 0

    def whole(self) -> _Node:
        if self._top is None:
            raise Unreadable(None, "the file is empty")
        return self._top

    def take(self, event: Event) -> None:
        if event.kind == "end":
            self._open.pop().is_open = False
            del self._steps[-1:]
            return
        around = self._open[-1] if self._open else None
        if around is not None and around.fields is not None and around.key is None:
            around.key = _name_of(event)
            return
        node = self._repeated(event) if event.kind == "alias" else self._made(event)
        step = self._put(around, node)
        if node.is_open:
            self._open.append(node)
            self._steps.extend(step)
            if len(self._open) > DEPTH_MAX:
                raise Unreadable(event.line, f"more than {DEPTH_MAX} levels deep: write it flatter")

    def _made(self, event: Event) -> _Node:
        self._nodes += 1
        if self._nodes > VALUES_MAX:
            raise Unreadable(event.line, f"more than {VALUES_MAX} values: is it the right file?")
        node = _Node(event.line, event.value, event.fault, is_open=event.kind != "leaf")
        if event.kind == "map":
            node.fields = {}
        elif event.kind == "list":
            node.items = []
        if event.name:
            self._anchors[event.name] = node
        return node

    def _repeated(self, event: Event) -> _Node:
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            raise Unreadable(event.line, f"more than {ALIASES_MAX} aliases: write the values out")
        found = self._anchors.get(event.name or "")
        if found is None:
            raise Unreadable(event.line, f"{shown(event.text)} repeats what is not marked above it")
        if found.is_open:
            raise Unreadable(event.line, f"{shown(event.text)} repeats what it stands in")
        return found

    def _put(self, around: _Node | None, node: _Node) -> Place:
        if around is None:
            self._top = node
            return ()
        if around.items is not None:
            around.items.append(node)
            return (len(around.items) - 1,)
        assert around.fields is not None, "only lists and maps are open"
        assert around.key is not None, "a map's value follows its name"
        line, name = around.key
        around.key = None
        if name in around.fields:
            first = around.fields[name][0]
            said = f"is given twice (line {first} has it too): keep one of them"
            self.faults.append(Fault(line, path_text((*self._steps, name)), said))
        else:
            around.fields[name] = (line, node)
        return (name,)


def _name_of(event: Event) -> tuple[int, str]:
    if event.kind != "leaf":
        raise Unreadable(event.line, "a list, a map or an alias cannot be a name: write a word")
    if event.fault:
        raise Unreadable(event.line, event.fault)
    return event.line, event.text


class _Unfolding:
    """The value of a node with everything that its aliases repeat, within bounds."""

    def __init__(self, top: _Node) -> None:
        self.lines: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self.lost: set[Place] = set()
        self._values = 0
        self.value = self._unfold(top, (), top.line)

    def _unfold(self, node: _Node, place: Place, line: int) -> Value:
        self._values += 1
        if self._values > VALUES_MAX or len(place) > DEPTH_MAX:
            raise Unreadable(line, "its aliases unfold to too much: write the values out")
        self.lines[place] = line
        if node.fault:
            self.faults.append(Fault(line, path_text(place), node.fault))
            self.lost.add(place)
        if node.items is not None:
            return [self._unfold(one, (*place, i), one.line) for i, one in enumerate(node.items)]
        if node.fields is not None:
            return {
                name: self._unfold(one, (*place, name), at)
                for name, (at, one) in node.fields.items()
            }
        return node.value
