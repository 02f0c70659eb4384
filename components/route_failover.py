"""Who is taken first and who stands by, and why those."""

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from components.route_what_if import Row, rows_of
from components.text import literal, network_name, usd_per_hour
from engine.decision_record import DecisionRecord

_NOTE = "note"


def failover(record: DecisionRecord, names: Mapping[str, str]) -> None:
    """Draw the failover plan of a decision."""
    st.subheader("If it fails", anchor=False)
    st.caption(literal(rule(record)))
    rows = rows_of(record, "failover")
    members = [row for row in rows if row["role"] != _NOTE]
    for row in members:
        _member(row, record, names)
    if not members:
        st.caption("No offer may be taken, so none can stand by.")
    elif notes := [row["sentence"] for row in rows if row["role"] == _NOTE]:
        st.markdown("\n".join(f"- :gray[{literal(note)}]" for note in notes))


def rule(record: DecisionRecord) -> str:
    """Return what the standbys may not share, in a sentence."""
    asked = record.requirement.standbys
    parts = [
        "provider",
        *["network"] * asked.other_network,
        *["hosting company"] * asked.other_hosting,
        *["data centre"] * asked.other_datacenter,
    ]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
    count = "One standby" if asked.count == 1 else f"{asked.count} standbys"
    return f"{count} wanted; no two of the plan share the {listed}."


def _member(row: Row, record: DecisionRecord, names: Mapping[str, str]) -> None:
    quote = next((one for one in record.quotes if one.offer_id == row["offer_id"]), None)
    who = names.get(row["offer_id"]) or row["provider_id"] or "provider not named"
    is_first = row["role"] == "first"
    mark = ":green[:material/play_circle:" if is_first else ":blue[:material/update:"
    parts = [f"{usd_per_hour(Decimal(row['landed_usd_per_hour']))} an hour"]
    if quote is not None:
        parts.append(f"{quote.gpu_count} × {quote.gpu_model or 'GPU not named'}")
        parts.append(quote.country_code or "country not known")
    st.markdown(
        f"{mark} {literal(row['role'])}] **{literal(network_name(row['network']))}**, "
        f"{literal(who)}  \n{literal(' · '.join(parts))}"
    )
