"""YAML 1.2 as events: nothing of a text is ever made into anything but texts and numbers."""

from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.events import Event as YamlEvent

from engine.told_events import Event, Scalar, Unreadable, plain_value
from engine.told_faults import shown

_VERSION = (1, 2)
_HELP = "check the indentation, the colon after each name and the quotes, here and one line above"


def yaml_events(text: str) -> Iterator[Event]:
    """Yield the pieces of the one document in the text; raises Unreadable where it is no YAML."""
    documents = 0
    for event in _parsed(text):
        line: int = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            _refuse_document(event, documents, line)
        elif piece := _piece(event, line):
            yield piece


def _piece(event: YamlEvent, line: int) -> Event | None:
    if isinstance(event, MappingStartEvent):
        fault = None if event.implicit else _tagged(event)
        return Event("map", line, name=event.anchor, fault=fault)
    if isinstance(event, SequenceStartEvent):
        fault = None if event.implicit else _tagged(event)
        return Event("list", line, name=event.anchor, fault=fault)
    if isinstance(event, CollectionEndEvent):
        return Event("end", line)
    if isinstance(event, AliasEvent):
        return Event("alias", line, name=event.anchor, text=f"*{event.anchor}")
    return _leaf(event, line) if isinstance(event, ScalarEvent) else None


def _parsed(text: str) -> Iterator[YamlEvent]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem or error.context).split())
        raise Unreadable(mark.line + 1 if mark else None, f"{said}: {_HELP}") from None
    except YAMLError as error:
        at = getattr(error, "position", None)
        line = text.count("\n", 0, at) + 1 if isinstance(at, int) else None
        said = "a character that text does not have: save the file as plain UTF-8 text"
        raise Unreadable(line, said) from None
    except (ValueError, OverflowError) as error:
        # what an escape in quotes names is no character: "\UFFFFFFFF"
        raise Unreadable(None, f"an escape in quotes is no character ({error})") from None


def _refuse_document(event: DocumentStartEvent, documents: int, line: int) -> None:
    if documents > 1:
        raise Unreadable(line, "a second document begins: keep one document in a file")
    if event.version not in (None, _VERSION):
        raise Unreadable(
            line, "only YAML 1.2 is read (in 1.1 NO is false): remove the %YAML line and check"
        )


def _leaf(event: ScalarEvent, line: int) -> Event:
    text: str = event.value
    is_plain, is_quoted = event.implicit
    fault = _surrogate(text) if is_plain or is_quoted else _tagged(event)
    value: Scalar = text
    if fault is None and is_plain:
        try:
            value = plain_value(text)
        except ValueError as error:
            fault = str(error)
    return Event("leaf", line, value, text, event.anchor, fault)


def _tagged(event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> str:
    return f"the tag {shown(event.tag)} is not read: remove it, and write a text in quotes"


def _surrogate(text: str) -> str | None:
    """Say that half of a pair of escapes is no character: pairs are JSON's way, not YAML's."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "\\ud800 to \\udfff are halves of characters: write the character itself"
    return None
