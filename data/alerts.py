"""Alerts in the house book: opened and closed by Necto's own job, acknowledged by a person.

Version 1 of an alert opens it; the later ones acknowledge and close it. Each has its entry.
"""

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from data.documents import one, put
from data.faults import RecordsFault
from data.records import Records
from data.tables import documents
from data.unit import Transaction
from engine.alert_states import Alert, changes
from engine.alerts import Judgement
from engine.canonical import Json, canonical
from engine.commands import Command
from engine.people import Actor, job

KIND = "alert"
RULE_KIND = "alert-rule"
HISTORY_MAX = 200
JOB = job("alerts")
_CLOSED_MARK = canonical({"state": "closed"})[1:-1].decode()
"""How a closed alert's body, canonical JSON, is told from every other without reading it: inside
a text the quotation marks would be escaped."""


class NoAlert(RecordsFault):
    """There is no such alert, or it is over: look at the list again."""


def open_alerts(view: Connection) -> list[Alert]:
    """Return the alerts that are open or acknowledged, the newest first."""
    return _newest(view, ~documents.c.body.contains(_CLOSED_MARK, autoescape=True))


def history(view: Connection, most: int = HISTORY_MAX) -> list[Alert]:
    """Return the last alerts, whatever became of them, the newest first."""
    return _newest(view)[:most]


def acknowledge(records: Records, actor: Actor, alert_id: str, *, key: str = "") -> Alert:
    """Say that a person has seen an alert; the first one counts.

    Raises NoAlert when it is over, RecordsFault: nothing was written.
    """

    def act(unit: Transaction) -> Json:
        found = _open_one(unit.connection, alert_id)
        seen = found.acknowledged(actor.name, unit.now)
        if seen != found:
            put(unit, KIND, alert_id, seen.body)
        return {"alert": alert_id, "state": seen.state}

    command = Command.of(
        key or f"{alert_id}/acknowledge", "alert.acknowledged", actor, f"{KIND}/{alert_id}", {}
    )
    with records.reading() as view:
        _open_one(view, alert_id)
    with records.transaction() as unit:
        unit.perform(command, act)
        return _open_one(unit.connection, alert_id)


def settle(records: Records, judgements: Sequence[Judgement]) -> list[Alert]:
    """Open and close what was judged; returns the alerts that changed, and writes nothing else.

    Judging the same readings again changes nothing, whichever process does it. A judgement of a
    version that no longer holds is left out.
    """
    with records.reading() as view:  # most rounds change nothing: they hold no writer's lock
        if not any(_due(view, one_) for one_ in judgements):
            return []
    changed: list[Alert] = []
    with records.transaction() as unit:
        for judgement in judgements:
            if _holds(unit.connection, judgement):
                changed += _settled(unit, judgement)
    return changed


def close_of_rule(unit: Transaction, rule_id: str, because: str) -> None:
    """End what is open for a rule, within the unit of work that changes the rule."""
    for alert in open_alerts(unit.connection):
        if alert.rule_id == rule_id:
            _close(unit, alert, because)


def _due(view: Connection, judgement: Judgement) -> bool:
    opened = _opened(view, judgement.kept.id)
    return bool(changes(judgement.verdict, opened.evidence if opened else None))


def _settled(unit: Transaction, judgement: Judgement) -> list[Alert]:
    opened = _opened(unit.connection, judgement.kept.id)
    done: list[Alert] = []
    for change in changes(judgement.verdict, opened.evidence if opened else None):
        if change == "open":
            done += _open(unit, judgement)
        elif opened:
            done.append(_close(unit, opened, judgement.verdict.sentence))
    return done


def _open(unit: Transaction, judgement: Judgement) -> list[Alert]:
    alert = Alert.of(judgement.kept, judgement.verdict, unit.now)

    def act(unit: Transaction) -> Json:
        put(unit, KIND, alert.id, alert.body, expected=0)
        return {"alert": alert.id, "sentence": alert.sentence}

    body = {"rule": alert.rule_id, "version": alert.rule_version, "evidence": alert.evidence.body}
    command = Command.of(f"{alert.id}/open", "alert.opened", JOB, f"{KIND}/{alert.id}", body)
    return [] if unit.perform(command, act).replayed else [alert]


def _close(unit: Transaction, alert: Alert, because: str) -> Alert:
    over = alert.closed(because, unit.now)

    def act(unit: Transaction) -> Json:
        put(unit, KIND, alert.id, over.body)
        return {"alert": alert.id, "because": because}

    command = Command.of(f"{alert.id}/close", "alert.closed", JOB, f"{KIND}/{alert.id}", {})
    unit.perform(command, act)
    return over


def _holds(view: Connection, judgement: Judgement) -> bool:
    """Whether the version that was judged is still the one that holds."""
    found = one(view, RULE_KIND, judgement.kept.id)
    return found is not None and found.version == judgement.kept.version


def _opened(view: Connection, rule_id: str) -> Alert | None:
    return next((alert for alert in open_alerts(view) if alert.rule_id == rule_id), None)


def _open_one(view: Connection, alert_id: str) -> Alert:
    found = one(view, KIND, alert_id)
    alert = Alert.model_validate(found.body) if found else None
    if alert is None:
        raise NoAlert(f"there is no alert {alert_id[:60]!r}: see necto alerts list")
    if alert.state == "closed":
        raise NoAlert(f"{alert_id} is over since {alert.closed_at:%Y-%m-%d %H:%M} UTC")
    return alert


def _newest(view: Connection, *conditions: ColumnElement[bool]) -> list[Alert]:
    """Return the newest version of alerts; who was opened last in the trail comes first."""
    version, opened = func.max(documents.c.version), func.min(documents.c.entry_index)
    newest = (
        select(documents.c.id, version.label("version"), opened.label("opened"))
        .where(documents.c.kind == KIND)
        .group_by(documents.c.id)
        .subquery()
    )
    rows = view.execute(
        select(documents.c.body)
        .join(newest, (documents.c.id == newest.c.id) & (documents.c.version == newest.c.version))
        .where(documents.c.kind == KIND, *conditions)
        .order_by(newest.c.opened.desc())
    )
    return [Alert.model_validate(json.loads(body)) for (body,) in rows]
