"""What the Jobs page shows, in its address: which orders, which one, or what is to be ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from components.text import literal

JOBS_PAGE = Path(__file__).resolve().parent.parent / "pages" / "jobs.py"
ORDER, FROM, OFFER, LIKE, SHOWN, WORDS, PAGE = (
    "order", "from", "offer", "like", "show", "words", "page",
)  # fmt: skip
PAGE_SIZE = 50
_PAGES_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """``order``: the one that is open; ``made_from``: the decision that is ordered from.

    ``offer``: of that decision; ``like``: the order whose terms are taken again.
    """

    order: str | None
    made_from: str | None
    offer: str | None
    like: str | None
    shown: Literal["open", "ended"]
    words: str
    page: int


def read() -> Address:
    """Return what the address asks for; what it cannot ask for is left out."""
    asked = st.query_params
    page = asked.get(PAGE, "")
    return Address(
        order=asked.get(ORDER),
        made_from=asked.get(FROM),
        offer=asked.get(OFFER),
        like=asked.get(LIKE),
        shown="ended" if asked.get(SHOWN) == "ended" else "open",
        words=asked.get(WORDS, "")[:100],
        page=min(int(page), _PAGES_MAX) if page.isdecimal() and page.isascii() else 0,
    )


def go(**told: str | None) -> None:
    """Put exactly these into the address."""
    st.query_params.from_dict({name: value for name, value in told.items() if value})


def title_line(address: Address) -> None:
    """Draw the question that the page answers now, and the way back from one job to all."""
    title = "What runs, what does it cost, who acts next?"
    if address.made_from or address.order:
        title = "What would be ordered?" if address.made_from else "What became of this job?"
        back, place = st.columns([1, 12], vertical_alignment="bottom")
        back.button(
            "All", icon=":material/arrow_back:", key="job_back", on_click=go, help="All jobs",
            width="stretch",
        )  # fmt: skip
        place.title(title)
    else:
        st.title(title)


def notices(stops: Sequence[str]) -> None:
    """Say why nothing may be bought now."""
    for why in stops:
        st.warning(f"Nothing can be bought: {literal(why)}", icon=":material/ac_unit:")


def order_link(order_id: str, label: str) -> None:
    """Draw a link to one order."""
    st.page_link(
        JOBS_PAGE, label=label, icon=":material/open_in_new:", query_params={ORDER: order_id}
    )
