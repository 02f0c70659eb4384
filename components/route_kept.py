"""A decision that was kept: what it was asked, under which digest it is, and its files."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.job_address import JOBS_PAGE
from components.route_quotes import CHOSEN
from components.text import literal, moment
from engine.canonical import canonical
from engine.decision_record import DecisionRecord, told
from engine.decision_words import stated

AUDIT_PAGE = Path(__file__).resolve().parent.parent / "pages" / "audit.py"
ADDRESS = "decision"
HandOut = Callable[[Callable[[], str | bytes], str], Callable[[], bytes]]
"""Makes a download of what makes a file and its name; whoever takes it is entered."""


def go_to(digest: str | None) -> None:
    """Put a decision into the address, None: the form; what widgets are bound to is theirs."""
    for name in (CHOSEN, ADDRESS):
        st.query_params.pop(name, None)
    if digest is not None:
        st.query_params[ADDRESS] = digest


def kept_head(record: DecisionRecord, digest: str, zone: tzinfo | None) -> None:
    """What was asked, of what and when: beside the answer, where the form stood."""
    st.subheader("Decision, kept", anchor=False)
    st.caption(
        f"As of {moment(record.now, zone)}, of {record.market.offers:,} offers. It shows what was "
        "decided then, whatever the market says now."
    )
    st.code(digest, language=None, wrap_lines=True)
    policy = record.policy_version or literal(record.policy.name)
    rows = {"Job": record.requirement.name, "Policy": policy}
    rows |= {fact.name: fact.text for fact in stated(record.requirement) if fact.name != "policy"}
    st.markdown(
        "\n".join(f"- :gray[{literal(name)}] {literal(text)}" for name, text in rows.items())
    )


def kept_files(record: DecisionRecord, digest: str, hand_out: HandOut) -> None:
    """The decision to take away, as PDF and as JSON."""
    short = digest.removeprefix("sha256:")[:12]

    def pdf() -> bytes:
        from engine.decision_pdf import decision_pdf  # noqa: PLC0415 - reportlab, for few clicks

        return decision_pdf(record)

    files: dict[str, tuple[Callable[[], bytes], str, str]] = {
        "PDF": (pdf, "pdf", "application/pdf"),
        "JSON": (lambda: canonical(told(record)), "json", "application/json"),
    }
    with st.container(horizontal=True, gap="small"):
        for label, (made, ending, kind) in files.items():
            file = f"necto-decision-{short}.{ending}"
            st.download_button(
                label, hand_out(made, file), file, kind, on_click="ignore",
                key=f"decision_{ending}", icon=":material/download:", width="stretch",
            )  # fmt: skip


def entry_link(book: str, digest: str) -> None:
    """Draw the link to the entry with which it was committed: who kept it and when."""
    st.page_link(
        AUDIT_PAGE, label="Its entry in the trail", icon=":material/verified_user:",
        query_params={"book": book, "has.subject": digest.removeprefix("sha256:")},
    )  # fmt: skip


def kept_acts(
    beside: DeltaGenerator, primary: DeltaGenerator, digest: str, again: Callable[[], None]
) -> None:
    """Draw what can be done with a kept decision: route its job again, or order it."""
    with beside:
        again_button(again)
    with primary:
        order_button(digest)


def again_button(again: Callable[[], None]) -> None:
    """Draw the button that puts the decision's job into the form, in today's market."""
    st.button(
        "Route it again", icon=":material/refresh:", key="route_again", on_click=again,
        width="stretch", help="The same job in the newest market; this decision stays as it is.",
    )  # fmt: skip


def order_button(digest: str) -> None:
    """Draw the page's primary act on a kept decision: to order what it chose."""
    if st.button(
        "Order this", type="primary", icon=":material/add_shopping_cart:", key="route_order",
        width="stretch", help="Goes on to the order: everything is shown before you confirm.",
    ):  # fmt: skip
        offer = st.query_params.get(CHOSEN)
        st.switch_page(
            JOBS_PAGE, query_params={"from": digest} | ({"offer": offer} if offer else {})
        )


def save_button(save: Callable[[], None] | None) -> None:
    """Draw the page's primary act; None: there is nothing that could be kept."""
    st.button(
        "Save decision", type="primary", icon=":material/save:", key="route_save",
        on_click=save, disabled=save is None, width="stretch",
        help="Keeps this decision with everything it was made from, and enters it in the records.",
    )  # fmt: skip


def nothing_asked(examples: Mapping[str, str], put: Callable[[str], None]) -> None:
    """The empty state: what to do, and jobs to start from, by name with what they are."""
    st.info(
        "Say at the left which GPUs the job needs: the answer follows every change. "
        "Or start from an example:",
        icon=":material/arrow_back:",
    )
    for place, (name, words) in zip(st.columns(len(examples)), examples.items(), strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"**{literal(name)}**  \n:gray[{literal(words)}]")
            st.button(
                "Start from this", key=f"route_start_{name}", on_click=put, args=(name,),
                width="stretch",
            )  # fmt: skip
