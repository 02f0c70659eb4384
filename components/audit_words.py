"""What an entry changed, as one sentence: settings, rate cards, alert rules."""

from collections.abc import Callable, Mapping
from typing import Any

from components.changes import setting_name
from components.text import counted, network_name
from engine.alert_rules import rule_from
from engine.settings_changes import value_text
from engine.trail import TYPE_PREFIX, DataTold, Event

_Sentence = Callable[[DataTold], str]


def sentence(event: Event) -> str | None:
    """Say what an entry changed; None for other entries, and for one that tells it otherwise."""
    say = _SENTENCES.get(event.type.removeprefix(TYPE_PREFIX))
    if say is None or event.data.outcome != "done":
        return None
    try:
        return say(event.data)
    except (ValueError, KeyError, TypeError, AttributeError):  # of another version, or not ours
        return None


def _settings(data: DataTold) -> str:
    changes = _told(data.result)["changes"]
    return "; ".join(
        f"{setting_name(one['setting'])}: {value_text(one['before'])} → {value_text(one['after'])}"
        for one in changes
    )


def _imported(data: DataTold) -> str:
    card = _told(data.input.body)
    prices = counted(card["rows"], "price")
    instead = f", instead of version {card['supersedes']}" if card["supersedes"] else ""
    valid = f"from {card['valid_from']} to {card['valid_until']}"
    return f"{_card(card)} imported: {prices}, {valid}{instead}"


def _withdrawn(data: DataTold) -> str:
    card = _told(data.input.body)
    return f"{_card(card)} withdrawn: {card['reason']}"


def _card(card: Mapping[str, Any]) -> str:
    return f"{network_name(card['seller'])}'s rate card {card['name']}, version {card['version']},"


def _made(data: DataTold) -> str:
    return f"A rule was made: {_rule(data.input.body)}"


def _changed(data: DataTold) -> str:
    return f"{_before(data)} → {_rule(_told(data.input.body)['rule'])}"


def _switched(data: DataTold) -> str:
    word = "on" if _told(data.input.body)["is_on"] else "off"
    return f"Switched {word}: {_before(data)}"


def _removed(data: DataTold) -> str:
    return f"A rule was removed: {_before(data)}"


def _before(data: DataTold) -> str:
    return _rule(_told(data.previous)["rule"])


def _rule(body: object) -> str:
    return rule_from(_told(body)).words


def _told(value: object) -> Any:  # noqa: ANN401 - JSON, believed only as far as it fits
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


_SENTENCES: Mapping[str, _Sentence] = {
    "settings.changed": _settings,
    "rate-card.imported": _imported,
    "rate-card.withdrawn": _withdrawn,
    "alert-rule.made": _made,
    "alert-rule.changed": _changed,
    "alert-rule.switched": _switched,
    "alert-rule.removed": _removed,
}
