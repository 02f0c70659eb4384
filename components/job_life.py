"""One order's life: how it stands, every step with its entry, where it is reached, its money."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

import streamlit as st

from components.job_words import HEALTH, STATE_SIGNS, TONES, Listed, runway_text
from components.route_kept import AUDIT_PAGE
from components.text import UNKNOWN, age, ago, counted, literal, network_name
from engine.attention import Need, health
from engine.holds import Hold
from engine.order_story import STATE_WORDS, Step
from engine.order_words import country, dollars, hourly, hours_text, machine
from engine.orders import Order, deadline

_STEPS_SHOWN = 60
"""So many steps are drawn; the oldest are in the trail."""
_MINUTES = 60


def job_whole(
    order: Order,
    head: Listed,
    hold: Hold | None,
    steps: Sequence[tuple[Step, int]],
    needs: Sequence[Need],
    book: str,
    now: datetime,
) -> None:
    """One order whole; ``steps``: each with the place of its entry in the trail of ``book``."""
    job_head(order, head, needs, now)
    left, right = st.columns([1.7, 1], gap="medium")
    with left.container(border=True, height="stretch"):
        st.subheader("What happened", anchor=False)
        timeline(steps, book, now.tzinfo)
    with right.container(border=True, height="stretch"):
        st.subheader("Money", anchor=False)
        job_money(order, head, hold, now)
        st.subheader("Where it answers", anchor=False)
        job_places(head)
        with st.expander("What was ordered", icon=":material/receipt_long:"):
            job_terms(order, now.tzinfo)


def job_head(order: Order, head: Listed, needs: Sequence[Need], now: datetime) -> None:
    """How it stands: state, who acts next until when, and its figures."""
    icon, colour = STATE_SIGNS[order.state]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{literal(order.placed.title)}**", width="content")
        st.badge(STATE_WORDS[order.state], icon=icon, color=colour)  # type: ignore[arg-type]
        if order.state == "active":
            word, tint = HEALTH.get(health(head.observed), HEALTH["unknown"])
            st.badge(word, icon=":material/monitor_heart:", color=tint)  # type: ignore[arg-type]
        st.markdown(f":small[{literal(_next(order, now))}]", width="content")
    for need in needs:
        by = f" Until {need.by.astimezone(now.tzinfo):%Y-%m-%d %H:%M %Z}." if need.by else ""
        st.warning(f"{literal(need.sentence).capitalize()}.{by}", icon=":material/priority_high:")
    for reason in order.reasons:
        st.markdown(f":material/info: {literal(reason)}")
    _figures(order, head, now)


def job_terms(order: Order, zone: tzinfo | None) -> None:
    """What was ordered, by whom, on which terms."""
    placed = order.placed
    rows = {
        "Id": order.order_id,
        "Machine": machine(placed),
        "Country": country(placed.country_code),
        "Image": placed.requirement.image or "in your own SDL",
        "Data class": placed.requirement.data_class,
        "Asked for by": placed.requester,
        "Approved by": order.approved_by or _approval(order),
        "Runs": runs_text(order),
        "Cost centre": placed.cost_centre,
        "PO number": placed.po_number or "none",
        "Policy": placed.policy or "none",
        "May be served by": counted(len(placed.bidders), "provider"),
        "Placed": f"{placed.placed_at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
    }
    if order.handle:
        rows["At the network"] = order.handle
    st.markdown("\n".join(f"- :gray[{name}] {literal(text)}" for name, text in rows.items()))


def job_money(order: Order, head: Listed, hold: Hold | None, now: datetime) -> None:
    """What is set aside, spent and left, and the cost against the quote."""
    placed = order.placed
    left = hold.remaining if hold is not None and not hold.is_closed else 0
    spent = 0 if hold is None else hold.spent
    lines = [
        f"Set aside: **{literal(dollars(order.hold_cents))}**, spent "
        f"**{literal(dollars(spent))}**, left **{literal(dollars(left))}**"
        + (" (given back)" if hold is not None and hold.is_closed else "")
    ]
    in_escrow = _in_escrow(hold)
    if in_escrow:
        where = literal(network_name(placed.network))
        lines.append(f"Of what is left, {literal(dollars(in_escrow))} lies at {where}")
    quoted, agreed = placed.usd_per_hour, placed.usd_per_hour_max
    lines.append(
        f"Quoted {literal(hourly(quoted))} an hour, at most {literal(hourly(agreed))}"
        + (f"; leased for {literal(hourly(order.lease.usd_per_hour))}" if order.lease else "")
    )
    if expected := _expected(order, now):
        lines.append(
            f"By the quote it would have cost {literal(dollars(expected))} by now; "
            f"it has cost {literal(dollars(head.cents))}"
        )
    st.markdown("\n".join(f"- {line}" for line in lines))
    if order.hold_cents:
        share = min(1.0, spent / order.hold_cents)
        st.progress(share, f"{share:.0%} of what is set aside is spent")


def job_places(head: Listed) -> None:
    """Where its services answer; addresses are its provider's words, so they are only text."""
    services = (head.observed or {}).get("services")
    if not services:
        st.caption("No address is known yet: its provider tells them once the job serves.")
        return
    for service in services:
        ready = f"{service.get('ready')} of {service.get('total')} ready"
        st.markdown(f"**{literal(service.get('name'))}** :gray[{literal(ready)}]")
        for address in service.get("addresses") or ():
            st.code(str(address), language=None)


def timeline(steps: Sequence[tuple[Step, int]], book: str, zone: tzinfo | None) -> None:
    """Every step, the newest first, each with the way to its entry in the trail."""
    if len(steps) > _STEPS_SHOWN:
        st.caption(f"The newest {_STEPS_SHOWN} of {len(steps)}; all are in the trail.")
    for step, entry in reversed(steps[-_STEPS_SHOWN:]):
        at, words, link = st.columns([1.15, 6, 0.8], vertical_alignment="center", gap="small")
        at.caption(f"{step.at.astimezone(zone):%m-%d %H:%M:%S}")
        more = "".join(f"  \n:gray[{literal(text)}]" for text in step.more)
        words.markdown(f"{TONES[step.tone]} {literal(step.sentence)}{more}")
        link.page_link(
            AUDIT_PAGE, label=f"#{entry}", help="Its entry in the trail",
            query_params={"book": book, "entry": str(entry)},
        )  # fmt: skip


def _next(order: Order, now: datetime) -> str:
    by = deadline(order)
    if not order.is_open:
        return f"since {ago(order.since, now)}"
    until = f" until {by.at.astimezone(now.tzinfo):%Y-%m-%d %H:%M %Z}" if by.at else ""
    return f"Next: {by.owner} must {by.what}{until}"


def _figures(order: Order, head: Listed, now: datetime) -> None:
    cost, hour, runway, up, read = st.columns(5)
    cost.metric("USD so far", dollars(head.cents), border=True,
                help="Used, as posted to the ledger.")  # fmt: skip
    price = order.lease.usd_per_hour if order.lease and order.is_open else None
    hour.metric("USD an hour", hourly(price) if price is not None else "–", border=True,
                help="The lease's price; a month at this rate is 30.437 days.")  # fmt: skip
    runway.metric("Runway", runway_text(head.observed) if order.state == "active" else "–",
                  border=True, help="How long what lies at the network lasts.")  # fmt: skip
    up.metric("Runs since", age(order.leased_at, now) if _is_up(order) else "–", border=True)
    read.metric("Read", ago(head.observed_at, now) if head.observed_at else UNKNOWN, border=True,
                help="When its network was read last.")  # fmt: skip


def _is_up(order: Order) -> bool:
    return order.leased_at is not None and order.is_open


def _in_escrow(hold: Hold | None) -> int:
    if hold is None or hold.is_closed:
        return 0
    return sum(cents for place, cents in hold.places.items() if "escrow" in place)


def _expected(order: Order, now: datetime) -> int:
    """Return what the quoted price comes to until now, in cents; 0 before it runs."""
    if order.leased_at is None:
        return 0
    until = now if order.state == "active" else order.since
    hours = Decimal(int((until - order.leased_at).total_seconds())) / (_MINUTES * _MINUTES)
    return int(order.placed.usd_per_hour * max(hours, Decimal(0)) * 100)


def _approval(order: Order) -> str:
    return "nobody yet" if order.placed.approval_expires_at else "not needed"


def runs_text(order: Order) -> str:
    """Return how long it is to run."""
    hours = order.runs_hours
    return "open-ended" if hours is None else hours_text(hours)
