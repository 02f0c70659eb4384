"""Who sells the offers that a decision tells of, kept with it so that it always shows the same."""

from collections.abc import Mapping

from pydantic import JsonValue

from engine.decision import Decision
from engine.decision_record import EXAMPLES_TOLD, QUOTES_TOLD, DecisionRecord

NAMES = "names"
"""The part of a record's ``further`` that holds them; it has no sentences."""


def names_told(decision: Decision) -> list[JsonValue]:
    """Return offer id and provider's name of the quotes and the examples that a record tells."""
    told = [quote.offer_id for quote in decision.quotes[:QUOTES_TOLD]]
    for code in decision.counts:
        told += [offer_id for offer_id, _ in decision.examples(code, EXAMPLES_TOLD)]
    rows = [decision.market.row_of(offer_id) for offer_id in sorted(set(told))]
    named = decision.market.offers.select("offer_id", "provider_name")[rows].drop_nulls()
    return [{"offer_id": offer_id, "name": name} for offer_id, name in named.iter_rows()]


def names_of(record: DecisionRecord) -> Mapping[str, str]:
    """Return the names by offer id; a record that was made elsewhere may have none."""
    rows = record.further.get(NAMES)
    return {
        str(row["offer_id"]): str(row["name"])
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and {"offer_id", "name"} <= row.keys()
    }
