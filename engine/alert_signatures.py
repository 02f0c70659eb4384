"""Whether an auditor's signature that a provider had is still there."""

from collections.abc import Sequence

import polars as pl

from engine.alert_facts import Facts, Look, firing, is_live, quiet, run_of, unknown
from engine.alert_rules import SignatureLost, count
from engine.alert_states import Evidence, Signature, Verdict
from engine.market import attributes_from
from engine.names import network_name

AUDITED = Signature(key="", value="audited", auditor="")
"""The network's own word that a provider is audited, kept like a signature."""
_SHOWN_MAX = 80  # characters


def signature_verdict(rule: SignatureLost, look: Look, opened: Evidence | None) -> Verdict:
    """Judge a rule; an alert stays open until all that it was opened for is signed again."""
    name = network_name(rule.network)
    reading = look.newest.provider_readings.get(rule.network)
    if reading is None:
        return unknown(f"The providers of {name} have not been read live yet.")
    if not reading.is_whole:
        return unknown(f"The newest reading of {name} lacks a part of what providers state.")
    newest, before = (_signed(facts, rule) for facts in (look.newest, look.before))
    if newest is None:
        return unknown(f"{rule.provider} is not among the providers that {name} lists now.")
    known = {one.of: one for one in (*(before or ()), *(opened.lost if opened else ()))}
    there = {one.of for one in newest}
    lost = [known[of] for of in sorted(known) if of not in there]
    if lost:
        return firing(
            f"{rule.provider} on {name} has lost {_said(lost)}.",
            Evidence(
                network=rule.network,
                provider_id=rule.provider_id,
                observed_at=reading.at,
                run_id=reading.run_id,
                run_before=run_of(look.before.provider_readings, rule.network),
                lost=tuple(lost),
            ),
        )
    if before is None and opened is None:
        return unknown(f"{rule.provider} has been seen in one reading so far.")
    return quiet(f"{count(len(newest), 'signature')} of {rule.provider}: none is lost.")


def _signed(facts: Facts, rule: SignatureLost) -> frozenset[Signature] | None:
    """Return the signatures that the rule is about; None where the provider is not told of."""
    listed = facts.providers.filter(
        is_live(), pl.col("network") == rule.network, pl.col("provider_id") == rule.provider_id
    )
    if listed.is_empty() or rule.network not in facts.provider_readings:
        return None
    row = listed.row(0, named=True)
    found = {
        Signature(key=a.key, value=a.value, auditor=by)
        for a in attributes_from(row["attributes"])
        for by in a.signed_by
        if rule.attribute in (None, a.key) and rule.auditor in (None, by)
    }
    if row["is_audited"] and rule.attribute is None and rule.auditor is None:
        found.add(AUDITED)
    return frozenset(found)


def _said(lost: Sequence[Signature]) -> str:
    first, more = lost[0], len(lost) - 1
    words = (
        "its audited state"
        if first == AUDITED
        else f"the signature of {_cut(first.auditor)} on {_cut(first.key)} = {_cut(first.value)}"
    )
    return f"{words} and {more} more" if more else words


def _cut(text: str) -> str:
    """The evidence keeps what a provider states exactly; a sentence needs its beginning."""
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
