"""Alert rules as people keep them in the house book: made, changed, switched, removed, by whom.

A change ends the episode that is open for the rule, in the same unit of work: what it was opened
for is no longer what anybody asks. The next judging begins a new one if the rule still fires.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from data.alerts import RULE_KIND as KIND
from data.alerts import close_of_rule
from data.documents import Document, current, one, put, remove
from data.faults import RecordsFault
from data.records import Records
from data.unit import Transaction
from engine.alert_rules import KeptRule, Rule, rule_body, rule_from
from engine.canonical import Json, digest
from engine.commands import Command
from engine.people import Actor

RULES_MAX = 200
"""So many rules are judged in well under a second; more are a mistake of a program."""
MADE, CHANGED, SWITCHED, REMOVED = (
    f"{KIND}.{act}" for act in ("made", "changed", "switched", "removed")
)


class RuleRefused(RecordsFault):
    """The rule cannot be kept: it is there already, is gone, or there are too many."""


def rules(view: Connection) -> list[KeptRule]:
    """Return every rule, the newest change last."""
    found = [_kept(document) for document in current(view, KIND)]
    return sorted(found, key=lambda kept: (kept.at, kept.id))


def make_rule(records: Records, actor: Actor, rule: Rule, *, key: str = "") -> KeptRule:
    """Keep a new rule, switched on.

    ``key``: the click's idempotency key; the same key makes one rule. Raises RuleRefused when the
    same rule is there already or there are ``RULES_MAX``; RecordsFault: nothing was kept.
    """
    click = key or str(uuid.uuid4())
    id_ = f"rule-{digest(click.encode()).removeprefix('sha256:')[:12]}"

    def act(unit: Transaction) -> Json:
        known = rules(unit.connection)
        if len(known) >= RULES_MAX:
            raise RuleRefused(f"there are {RULES_MAX} alert rules: remove one first")
        _refuse_twin(known, rule)
        return _put(unit, id_, rule, actor, is_on=True, expected=0)

    return _do(records, Command.of(click, MADE, actor, _subject(id_), rule_body(rule)), act, id_)


def change_rule(
    records: Records, actor: Actor, kept: KeptRule, rule: Rule, *, key: str = ""
) -> KeptRule:
    """Let a rule ask for something else; ``kept`` is the version that the person saw.

    Raises Changed when another version holds, RuleRefused, RecordsFault: nothing was changed.
    """
    if rule == kept.rule:
        return kept

    def act(unit: Transaction) -> Json:
        _refuse_twin([other for other in rules(unit.connection) if other.id != kept.id], rule)
        return _put(unit, kept.id, rule, actor, is_on=kept.is_on, expected=kept.version)

    body = {"rule": rule_body(rule), "from_version": kept.version}
    command = Command.of(_key(key, kept, "change"), CHANGED, actor, _subject(kept.id), body)
    return _do(records, command, act, kept.id, "its rule was changed")


def switch_rule(
    records: Records, actor: Actor, kept: KeptRule, *, on: bool, key: str = ""
) -> KeptRule:
    """Switch a rule on or off; switching what is so already changes nothing.

    Raises Changed when another version holds, RecordsFault: nothing was changed.
    """
    if kept.is_on == on:
        return kept
    word = "on" if on else "off"

    def act(unit: Transaction) -> Json:
        return _put(unit, kept.id, kept.rule, actor, is_on=on, expected=kept.version)

    body = {"is_on": on, "from_version": kept.version}
    command = Command.of(_key(key, kept, word), SWITCHED, actor, _subject(kept.id), body)
    return _do(records, command, act, kept.id, f"its rule was switched {word}")


def remove_rule(records: Records, actor: Actor, kept: KeptRule, *, key: str = "") -> None:
    """Let a rule hold no longer; its versions and its alerts stay readable.

    Raises Changed when another version holds, RecordsFault: nothing was removed.
    """

    def act(unit: Transaction) -> Json:
        remove(unit, KIND, kept.id, expected=kept.version)
        return {"rule": kept.id}

    body = {"from_version": kept.version}
    command = Command.of(_key(key, kept, "remove"), REMOVED, actor, _subject(kept.id), body)
    with records.transaction() as unit:
        unit.perform(command, act)
        close_of_rule(unit, kept.id, "its rule was removed")


def rule_named(view: Connection, id_: str) -> KeptRule:
    """Return a rule by its id; raises RuleRefused when there is none."""
    found = one(view, KIND, id_)
    if found is None:
        raise RuleRefused(f"there is no alert rule {id_[:60]!r}: see necto alerts list")
    return _kept(found)


def _do(
    records: Records,
    command: Command,
    act: Callable[[Transaction], Json],
    id_: str,
    ended: str = "",
) -> KeptRule:
    with records.transaction() as unit:
        unit.perform(command, act)
        if ended:
            close_of_rule(unit, id_, ended)
        return rule_named(unit.connection, id_)


def _put(
    unit: Transaction, id_: str, rule: Rule, actor: Actor, *, is_on: bool, expected: int
) -> Json:
    body = {"rule": rule_body(rule), "is_on": is_on, "by": actor.name, "at": unit.at}
    done = put(unit, KIND, id_, body, expected=expected)
    return {"rule": id_, "version": done.version}


def _refuse_twin(known: list[KeptRule], rule: Rule) -> None:
    if twin := next((kept for kept in known if kept.rule == rule), None):
        raise RuleRefused(f"this rule is there already ({twin.id}): switch it on or change it")


def _kept(document: Document) -> KeptRule:
    body = document.body
    assert isinstance(body, Mapping), document
    return KeptRule(
        id=document.id,
        version=document.version,
        rule=rule_from(body["rule"]),
        is_on=body["is_on"] is True,
        by=str(body["by"]),
        at=datetime.fromisoformat(str(body["at"])),
    )


def _key(given: str, kept: KeptRule, act: str) -> str:
    """The same act on the same version is the same command, from however many tabs."""
    return given or f"{kept.id}/{kept.version}/{act}"


def _subject(id_: str) -> str:
    return f"{KIND}/{id_}"
