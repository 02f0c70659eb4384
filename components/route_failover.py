"""Who is taken first and who stands by, and why those."""

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from components.route_what_if import Row, rows_of
from components.text import literal, network_name, usd_per_hour
from engine.decision_record import DecisionRecord


def failover(record: DecisionRecord, names: Mapping[str, str]) -> None:
    """Draw the failover plan of a decision."""
    st.subheader("If it fails", anchor=False)
    rows = rows_of(record, "failover")
    st.caption(literal(rule(record)))
    members = [row for row in rows if row["role"] != "note"]
    for place, row in enumerate(members):
        _member(place, row, names)
    notes = [row["sentence"] for row in rows if row["role"] == "note"]
    if notes and members:
        st.markdown("\n".join(f"- :gray[{literal(note)}]" for note in notes))
    if not members:
        st.caption("No offer may be taken, so none can stand by.")


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
    return f"{asked.count} standbys wanted; no two share the {listed}."


def _member(place: int, row: Row, names: Mapping[str, str]) -> None:
    who = names.get(row["offer_id"]) or row["provider_id"] or "provider not named"
    role = ":green[:material/play_circle: first]" if place == 0 else f":blue[standby {place}]"
    hourly = literal(usd_per_hour(Decimal(row["landed_usd_per_hour"])))
    where = row["country_code"] or "country not known"
    st.markdown(
        f"{role} **{literal(network_name(row['network']))}**, {literal(who)}  \n"
        f"{hourly} an hour · {literal(row['gpus'])} · {literal(where)}"
    )
