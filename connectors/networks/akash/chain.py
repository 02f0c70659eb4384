"""Akash's chain itself, asked when the Console gives no answer: open and won bids, providers.

A bid is a provider's price for one particular order, so the offers of such a reading are fewer and
say so; the chain does not tell which GPUs are free. Leases are not asked: a lease's price is its
won bid's, and only the bid tells the machine. The lists are ordered by owner, not by time, so they
are read whole, within ``_PAGES_MAX``. Units and paths: akash-network/chain-sdk 55f1c683.
"""

from collections.abc import Iterator, Sequence

from connectors.base import Answer, Http, SourceError, Unreachable, Unreadable, public
from connectors.networks.akash.chain_wire import Paged
from connectors.wire import page_of

BIDS = "/akash/market/v1beta5/bids/list"
PROVIDERS = "/akash/provider/v1beta4/providers"
AUDITS = "/akash/audit/v1/audit/attributes/list"
BID_STATES = ("open", "active")

_PAGE_ROWS = 500
_PAGES_MAX = 10  # about 2,000 providers and 700 leases in 2026
_ADDRESSES_MAX = 3
_SHOWN_MAX = 170  # characters of each reason: together they stay one sentence of a table


def asked_chain(http: Http, addresses: Sequence[str], console: Answer) -> Sequence[Answer]:
    """Ask the first address of the chain that answers; ``console`` tells why it is needed.

    Raises Unreachable with both reasons, and the Console's own wish when to come back.
    """
    why = console.failed
    assert isinstance(why, Unreachable)
    if not addresses:
        raise why
    found: list[Answer] = []
    last: SourceError = why
    for address in addresses[:_ADDRESSES_MAX]:
        try:
            found = list(_bids(http, address))
        except SourceError as error:
            last = error
            continue
        places = (_all_or_failed(http, address + path) for path in (PROVIDERS, AUDITS))
        return [console, *found, *(answer for pages in places for answer in pages)]
    raise Unreachable(
        f"{str(why)[:_SHOWN_MAX]}; its chain gave nothing either: {str(last)[:_SHOWN_MAX]}",
        retry_after_seconds=why.retry_after_seconds,
    ) from last


def _bids(http: Http, address: str) -> Iterator[Answer]:
    for state in BID_STATES:
        yield from _pages(http, address + BIDS, {"filters.state": state})


def _all_or_failed(http: Http, url: str) -> list[Answer]:
    """Every page of what offers can do without, or the failure."""
    try:
        return list(_pages(http, url, {}))
    except SourceError as error:
        return [Answer(url, b"", error)]


def _pages(http: Http, url: str, params: dict[str, str]) -> Iterator[Answer]:
    """Every page; more than ``_PAGES_MAX`` or one that comes again is Unreadable."""
    seen = {""}
    key = ""
    for _ in range(_PAGES_MAX):
        paging = {"pagination.limit": str(_PAGE_ROWS)} | ({"pagination.key": key} if key else {})
        answer = http.get(url, params=params | paging)
        yield answer
        page = page_of(answer, Paged).pagination
        key = (page.next_key if page else "") or ""
        if not key:
            return
        if key in seen:
            raise Unreadable(f"{public(url)} gives the same page again and again")
        seen.add(key)
    raise Unreadable(f"{public(url)} has more than {_PAGES_MAX} pages of {_PAGE_ROWS} rows")
