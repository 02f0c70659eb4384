"""A decision on the screen: the first offer, what if, every quote and its cost, every refusal."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from components.route_costs import cost_terms
from components.route_failover import failover
from components.route_quotes import answer as first_offer
from components.route_quotes import quotes_table
from components.route_refusals import Reasons, refusals
from components.route_relax import relaxed
from components.route_what_if import hyperscaler_lines, what_if
from components.text import literal
from engine.decision_record import DecisionRecord, made_again
from engine.named_offers import names_of
from engine.prepared_market import Prepared


def answer(
    record: DecisionRecord,
    market: Prepared,
    now: datetime,
    apply: Callable[[Mapping[str, Any]], None] | None,
) -> None:
    """Draw a decision; ``apply`` puts fields into the form, None: nothing can be changed here.

    ``market``: the newest one; where it is the one that was decided in, every offer's reasons are
    told in full.
    """
    names = names_of(record)
    networks = market.places.filter(~market.places["is_baseline"])["network"].unique().sort()
    first_offer(record, names, now)
    what_if(record, lambda row: relaxed(row, record.requirement, networks.to_list()), apply)
    for note in record.notes:
        st.caption(f":material/info: {literal(note)}")
    if record.quotes:
        quotes_table(record, names, now)
        cost, plan = st.columns([1.35, 1], gap="medium")
        with cost:
            cost_terms(record, names)
        with plan:
            failover(record, names)
            hyperscaler_lines(record)
    else:
        cost = st.container()
    with cost:
        refusals(record, names, _reasons(record, market))


def _reasons(record: DecisionRecord, market: Prepared) -> Reasons:
    if record.market.key != market.key:
        return lambda _offer: []
    return lambda offer: [one.sentence for one in made_again(record, market).reasons(offer)]
