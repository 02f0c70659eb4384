"""The Console as an account's holder asks it: reading with bounds, and changes that are sent once.

Paths and shapes: akash-network/console d84c9e93 apps/api. The list of the account's deployments
shows active ones without their groups' names; the names are in the list that is shaped as the
chain's REST, which comes from an index and may be some blocks behind.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Literal, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from connectors.base import (
    Answer,
    Denied,
    Missing,
    Reject,
    Reply,
    SourceError,
    Unreachable,
    Unreadable,
)
from connectors.buying import Method, Uncertain, Writes
from connectors.keys import key_header, needed
from connectors.networks.akash.console_wire import (
    Bid,
    BidRow,
    BidsAnswer,
    Block,
    Chain,
    DeploymentAnswer,
    DeploymentRow,
    DeploymentsAnswer,
    NamedPage,
    NamedRow,
    TokenAnswer,
    UsageDay,
    UserAnswer,
    WalletsAnswer,
    refusal_of,
)
from connectors.wire import first_fault, json_of, page_of, rows_of

KEY_FORM = "ac.sk.<environment>.<64 hexadecimal digits>, made in the Console under API keys"
PAGE_ROWS = 1_000
PAGES_MAX = 50
BODY_BYTES_MAX = 4 * 1024 * 1024
_NAMES = "/akash/deployment/v1beta4/deployments/list"
_TOKEN_SECONDS = 300
_GONE = (
    "no longer open", "already been matched", "deployment exists", "order not open", "bid not open",
)  # fmt: skip
"""What the chain says when somebody was faster: nothing was made, and looking again tells more."""

Row = TypeVar("Row", bound=BaseModel)


class Console:
    """One account. ``owner`` None: the wallet of the key's user, asked once."""

    def __init__(
        self, http: Writes, base_url: str, key: SecretStr, owner: str | None = None
    ) -> None:
        """Raise Denied for a key that cannot be sent."""
        self.http = http
        self.base_url = base_url.rstrip("/")
        self._headers = key_header("x-api-key", needed("akash", key, KEY_FORM))
        self._owner = owner
        self._asking = threading.Lock()

    @property
    def owner(self) -> str:
        """Return the account's address; raises Denied where the key's user has no wallet."""
        with self._asking:
            if self._owner is None:
                user = page_of(self._get("/v1/user/me"), UserAnswer).data.id
                wallets = page_of(self._get("/v1/wallets", userId=user), WalletsAnswer).data
                if not wallets:
                    raise Denied("the key's user has no wallet at Akash: open the Console once")
                self._owner = wallets[0].address
            return self._owner

    def deployment(self, dseq: str) -> DeploymentRow | None:
        """Return one deployment, closed ones too; None where there is none of this number."""
        try:
            answer = self._get(f"/v1/deployments/{dseq}")
        except Missing:
            return None
        return page_of(answer, DeploymentAnswer).data

    def active(self) -> Iterator[object]:
        """Give every active deployment as received; raises Unreadable past the last page."""
        for page in range(PAGES_MAX):
            answer = self._get("/v1/deployments", skip=str(page * PAGE_ROWS), limit=str(PAGE_ROWS))
            found = page_of(answer, DeploymentsAnswer).data
            yield from found.deployments
            if not found.pagination.has_more or not found.deployments:
                return
        raise _too_many("active deployments")

    def named(self, state: Literal["active", "closed"]) -> Iterator[NamedRow]:
        """Give the account's deployments with their groups' names, newest first.

        Raises Unreadable for a row that cannot be read: absence is proven by what it says.
        """
        asked = {
            "filters.owner": self.owner,
            "filters.state": state,
            "pagination.limit": str(PAGE_ROWS),
            "pagination.reverse": "true",
        }
        for _ in range(PAGES_MAX):
            page = page_of(answer := self._get(_NAMES, **asked), NamedPage)
            yield from (row_of(answer, row, NamedRow) for row in page.deployments)
            following = page.pagination.next_key if page.pagination else None
            if not following or not page.deployments:
                return
            asked["pagination.key"] = following
        raise _too_many(f"{state} deployments")

    def bids(self, dseq: str) -> tuple[list[Bid], int]:
        """Return what was bid for a deployment, in every state, and how many cannot be read."""
        rows = page_of(self._get("/v1/bids", dseq=dseq), BidsAnswer).data
        rejects: list[Reject] = []
        bids = list(rows_of(rows, lambda row: iter([BidRow.model_validate(row).bid]), rejects))
        return bids, len(rejects)

    def height(self) -> int | None:
        """Return the newest block's number; None where it cannot be told now."""
        try:
            answer = self._get("/v1/blocks", limit="1")
            rows = json_of(answer)
            return row_of(answer, rows[0], Block).height if isinstance(rows, list) else None
        except (SourceError, IndexError):
            return None

    def is_reachable(self) -> bool:
        """Say whether the Console can send transactions now."""
        return page_of(self._get("/v1/blockchain-status"), Chain).is_reachable

    def usage(self, since: date, until: date) -> Iterator[UsageDay]:
        """Give what each day cost the account, as the Console counts it, both days included."""
        answer = self._get(
            "/v1/usage/history",
            address=self.owner,
            startDate=since.isoformat(),
            endDate=until.isoformat(),
        )
        rows = json_of(answer)
        if not isinstance(rows, list):
            raise Unreadable(f"{answer.url.split('?')[0]} is not a list of days")
        yield from (row_of(answer, row, UsageDay) for row in rows)

    def token(self, scope: Iterable[str]) -> SecretStr:
        """Return a short-lived token for providers' gateways that may do these things only."""
        leases = {"access": "scoped", "scope": sorted(scope)}
        body = json.dumps({"data": {"ttl": _TOKEN_SECONDS, "leases": leases}}).encode()
        url = self.base_url + "/v1/create-jwt-token"
        answer = self.http.post(url, body=body, headers=self._headers)
        return SecretStr(page_of(answer, TokenAnswer).data.token)

    def write(
        self, method: Method, path: str, body: str, what: str, hide: Callable[[str], str]
    ) -> Answer:
        """Make one change and return the answer of a success.

        ``what`` names it for people; ``hide`` takes secrets out of what is said. Raises Uncertain
        where it may have been made, Unreachable where it was not and may be later, Denied where it
        was refused.
        """
        url = self.base_url + path
        reply = self.http.write(
            method,
            url,
            body=body.encode(),
            body_bytes_max=BODY_BYTES_MAX,
            headers=self._headers,
        )
        if fault := _fault(reply, what, hide):
            raise fault
        return Answer(url, reply.body)

    def _get(self, path: str, **params: str) -> Answer:
        return self.http.get(self.base_url + path, params=params, headers=self._headers)


def row_of(answer: Answer, row: object, model: type[Row]) -> Row:
    """Return one row of an answer; raises Unreadable, naming its first wrong field."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        where = answer.url.split("?")[0]
        raise Unreadable(f"a row of {where} cannot be read: {first_fault(error)}") from None


def _fault(reply: Reply, what: str, hide: Callable[[str], str]) -> SourceError | None:
    """Return what an answer to a change means; None: it was made."""
    status = reply.status
    if 200 <= status < 300:  # noqa: PLR2004 - success, RFC 9110
        return None
    code, sentence = refusal_of(reply)
    said = hide(sentence or reply.said) or f"status {status}"
    text = f"Akash did not {what}: {said}"
    if status >= 500 or status == 408:  # noqa: PLR2004 - a server that failed may have done it
        return Uncertain(f"Akash may have failed to {what} ({status}): {said}")
    is_late = any(phrase in said.lower() for phrase in _GONE)
    if status in {409, 429} or is_late:
        return Unreachable(text, retry_after_seconds=reply.retry_after_seconds)
    if status == 404 and code == "not_found":  # noqa: PLR2004
        return Missing(text)
    if not code and status in {401, 403}:
        text += " (the key is missing, wrong or expired, or the network's protection blocks us)"
    return Denied(text)


def _too_many(what: str) -> Unreadable:
    return Unreadable(f"Akash lists more than {PAGES_MAX * PAGE_ROWS:,} {what} of this account")
