"""One entry in words: who did what to what, when, with what result, and what it vouches for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import streamlit as st

from components.audit_head import outcome as found_in
from components.audit_words import sentence
from components.text import ago, escaped, visible
from engine.sealed import Sealed
from engine.trail import TYPE_PREFIX, BadEntry, EffectTold, Event, FileTold, parse
from engine.verdicts import verdict_of

RAW_MAX = 20_000  # characters shown; the download holds all
_LINES_MAX, _VALUE_MAX = 40, 400
_SIGNS = {"done": "✓ done", "refused": "! refused", "failed": "✕ failed"}
_SEALED = "🔒 sealed"


def entry_in_words(leaf: bytes, now: datetime) -> None:
    """Draw what an entry says; bytes that are no entry of ours are said to be none."""
    try:
        event = parse(leaf)
    except BadEntry as fault:
        st.error(f"These bytes are not an entry as Necto writes them: {visible(str(fault))[:300]}")
        return
    _rows(event, now)
    _block("What held before", event.data.previous)
    _block("What it was asked with", event.data.input.body)
    _block("Its result in full", event.data.result)
    _vouched(event.data.effects, event.data.files)


def raw_entry(leaf: bytes) -> None:
    """Draw the exact JSON of the leaf: signs that would act on the screen as JSON's escapes."""
    text = leaf.decode(errors="replace")
    shown, acting = escaped(text[:RAW_MAX])
    st.code(shown, language=None, wrap_lines=True, height=220)
    notes = [f"{len(leaf):,} bytes, canonical JSON (RFC 8785)."]
    if len(text) > RAW_MAX:
        notes.append(f"The first {RAW_MAX:,} characters are shown; the download holds all.")
    if acting:
        notes.append(
            f"{acting} signs that would act on the screen are shown as escapes; the download holds "
            "them as they are."
        )
    st.caption(" ".join(notes))


def lines_of(value: object) -> list[str]:
    """Return any JSON value as lines "name.name: value", cut where it is long."""
    lines: list[str] = []
    for path, text in _leaves(value, ""):
        if len(lines) == _LINES_MAX:
            return [*lines, "… and more: see the raw entry"]
        lines.append(visible(f"{path}: {text}" if path else text))
    return lines


def _rows(event: Event, now: datetime) -> None:
    data, at = event.data, datetime.fromisoformat(event.time)
    actor = data.actor
    who = f"{actor.id[:_VALUE_MAX]} ({actor.standing or 'signed in'})"
    rows = {
        "Who": who,
        "What": event.type.removeprefix(TYPE_PREFIX),
        "In words": sentence(event),
        "Subject": event.subject,
        "When": f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S %Z}, {ago(at, now)}",
        "In UTC": event.time,
        "Result": _outcome(data.outcome, data.result),
        "Policy": data.policy,
        "Simulated time": data.at,
        "Request": data.request,
    }
    facts({name: value for name, value in rows.items() if value})


def _outcome(word: str, result: object) -> str:
    """The outcome with its reason, where the result gives one."""
    if word == "done" or not isinstance(result, dict):
        return _SIGNS[word]
    said = result.get("reason") or result.get("message")
    if verdict := verdict_of(result):
        said = found_in(verdict)
    return f"{_SIGNS[word]}: {said}" if isinstance(said, str) and said else _SIGNS[word]


def facts(rows: Mapping[str, str]) -> None:
    """Draw names with their values as plain text: nothing in them is taken for Markdown."""
    with st.container(gap=None):
        for name, value in rows.items():
            left, right = st.columns([1, 4], gap="small")
            left.caption(name)
            right.text(visible(value[:_VALUE_MAX]))


def _block(title: str, value: object) -> None:
    if value in (None, {}, []):
        return
    st.caption(title)
    st.code("\n".join(lines_of(value)), language=None, wrap_lines=True)


def _vouched(effects: Sequence[EffectTold], files: Sequence[FileTold]) -> None:
    lines = [f"{e.table} {e.key}\n  {e.digest}" for e in effects]
    lines += [f"file {f.name}, {f.size:,} bytes\n  {f.digest}" for f in files]
    if not lines:
        return
    st.caption(f"The facts and files that it vouches for, each by its digest: {len(lines):,}")
    more = [f"… and {len(lines) - _LINES_MAX:,} more: see the raw entry"]
    shown = [visible(line).replace(visible("\n"), "\n") for line in lines[:_LINES_MAX]]
    text = "\n".join(shown + (more if len(lines) > _LINES_MAX else []))
    st.code(text, language=None, wrap_lines=True)


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every plain value; a sealed field is one, and stays sealed."""
    if field := Sealed.read(value):
        yield path, f"{_SEALED} ({_cut(field.person)})"
    elif isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{_cut(name)}" if path else _cut(name))
    elif isinstance(value, list) and value:
        for place, member in enumerate(value):
            yield from _leaves(member, f"{path}[{place}]")
    else:
        yield path, _cut(value if isinstance(value, str) else json.dumps(value))


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_MAX else f"{text[:_VALUE_MAX]}… ({len(text):,} characters)"
