"""A small Console in memory, in its documented shapes, for one account; every failure on demand."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatch
from functools import cached_property
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.http import HttpClient, Limits
from connectors.networks.akash.purchaser import AkashPurchaser
from engine.buying import Bidder, Wanted
from engine.requirement import Gpus, Requirement

OWNER = "akash1ours"
KEY = "ac.sk.test." + "0f" * 32
ORDER = "sbx-01jd8z6s3v0000000000000001"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LATE = NOW + timedelta(seconds=90)
BASE = "https://console.example"
TOKEN = "e30.e30.c2ln"
REACHABLE = {"isBlockchainReachable": True}
ONCE = Limits(host_spacing_seconds=0, attempts_max=1, body_bytes_max=1_000_000)
GPU = {"units": {"val": "1"}, "attributes": [
    {"key": "vendor/nvidia/model/h100/ram/80Gi/interface/sxm", "value": "true"}]}  # fmt: skip


def wanted(**changes: Any) -> Wanted:
    usual = {
        "order_id": ORDER,
        "requirement": Requirement(gpus=Gpus(count=1, models={"H100"}), image="app:1"),
        "gpu_name": "h100 80Gi SXM5",
        "gpu_count": 1,
        "vcpu": Decimal(8),
        "memory_gib": Decimal(32),
        "storage_gib": Decimal(100),
        "usd_per_hour_max": Decimal("3.00"),
        "first_deposit_usd": Decimal("5.00"),
        "bidders": tuple(bidder(name) for name in ("alder", "birch")),
        "bids_until": LATE,
    }
    return Wanted(**(usual | changes))


def bidder(name: str) -> Bidder:
    return Bidder(
        provider_id=f"akash1{name}", offer_id=f"akash:{name}", usd_per_hour=Decimal("2.5")
    )


def uact(amount: str) -> dict[str, str]:
    return {"denom": "uact", "amount": amount}


@dataclass
class Book:
    """What the account has; ``faults``: method, path pattern, answer or error, if applied."""

    deployments: dict[str, dict[str, Any]] = field(default_factory=dict)
    height: int = 1_000
    has_blocks: bool = True
    screened: list[dict[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    faults: list[tuple[str, str, Any, bool]] = field(default_factory=list)

    @cached_property
    def http(self) -> HttpClient:
        return HttpClient(ONCE, transport=httpx.MockTransport(self.answer))

    def purchaser(self, **changes: Any) -> AkashPurchaser:
        return AkashPurchaser(self.http, BASE, SecretStr(KEY), **({"gather_seconds": 0} | changes))

    def fail(self, method: str, path: str, answer: Any, *, applied: bool = False) -> None:
        self.faults.append((method, path, answer, applied))

    def sent(self, method: str, path: str) -> list[Any]:
        return [
            json.loads(r.content) if r.content else None
            for r in self.requests
            if r.method == method and fnmatch(r.url.path, path)
        ]

    def add(self, name: str = ORDER, state: str = "active", lease: str = "") -> str:
        """A deployment made before; ``lease``: the state of its lease."""
        dseq = str(1_790_598_358_092 + len(self.deployments))
        leases = [_lease(dseq, "akash1alder", lease, self.height)] if lease else []
        self.deployments[dseq] = {
            "name": name, "state": state, "leases": leases, "bids": [], "funds": "5000000",
            "transferred": "0", "settled_at": str(self.height),
        }  # fmt: skip
        return dseq

    def bid(self, dseq: str, provider: str, amount: str, state: str = "open", **more: Any) -> None:
        row = _lease(dseq, provider, state, self.height) | {"price": uact(amount)}
        offer = {"cpu": {"units": {"val": "8000"}, "attributes": []},
                 "memory": {"quantity": {"val": "1"}, "attributes": []},
                 "storage": [], "gpu": GPU, "endpoints": []}  # fmt: skip
        row |= {"resources_offer": [{"resources": offer, "count": 1}]}
        escrow = self.shown(dseq)["escrow_account"]
        self.deployments[dseq]["bids"].append({"bid": row | more, "escrow_account": escrow})

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        for fault in self.faults:
            method, path, answer, applied = fault
            if request.method == method and fnmatch(request.url.path, path):
                self.faults.remove(fault)
                if applied:
                    self._applied(request)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return self._applied(request)

    def _applied(self, request: httpx.Request) -> httpx.Response:
        for method, pattern, act in _ROUTES:
            if request.method == method and (found := re.fullmatch(pattern, request.url.path)):
                return act(self, request, *found.groups())
        return refused(404, "not_found", "Not found")

    def shown(self, dseq: str) -> dict[str, Any]:
        held = self.deployments[dseq]
        state = {
            "owner": OWNER, "state": held.get("escrow", "open"), "settled_at": held["settled_at"],
            "transferred": [uact(held["transferred"])], "funds": [uact(held["funds"])],
            "deposits": [],
        }  # fmt: skip
        return {
            "deployment": {"id": {"owner": OWNER, "dseq": dseq}, "state": held["state"],
                           "hash": "aGFzaA==", "created_at": "1000"},
            "leases": held["leases"],
            "escrow_account": {"id": {"scope": "deployment", "xid": f"{OWNER}/{dseq}"},
                               "state": state},
        }  # fmt: skip


def _lease(dseq: str, provider: str, state: str, height: int) -> dict[str, Any]:
    return {
        "id": {"owner": OWNER, "dseq": dseq, "gseq": 1, "oseq": 1, "provider": provider, "bseq": 0},
        "state": state, "price": uact("4000.500000000000000000"), "created_at": str(height),
        "closed_on": "0", "reason": "lease_closed_invalid", "status": None,
    }  # fmt: skip


def refused(status: int, code: str, message: str) -> httpx.Response:
    return httpx.Response(
        status, json={"error": "E", "message": message, "code": code, "type": "client_error"}
    )


def data(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"data": value})


def _create(book: Book, request: httpx.Request) -> httpx.Response:
    sdl = json.loads(request.content)["data"]["sdl"]
    dseq = book.add(ORDER if ORDER in sdl else "dcloud")
    return data({"dseq": dseq, "manifest": f"[{dseq}]",
                 "signTx": {"code": 0, "transactionHash": "A", "rawLog": ""}}, 201)  # fmt: skip


def _leased(book: Book, request: httpx.Request) -> httpx.Response:
    asked = json.loads(request.content)
    dseq, provider = asked["leases"][0]["dseq"], asked["leases"][0]["provider"]
    held = book.deployments[dseq]
    bids = [b["bid"] for b in held["bids"] if b["bid"]["id"]["provider"] == provider]
    if not held["leases"]:
        if not bids or bids[0]["state"] != "open":
            text = "Failed to create lease: The selected bid is no longer open. Please refresh."
            return refused(400, "bad_request", text)
        row = _lease(dseq, provider, "active", book.height)
        held["leases"] = [row | {"price": bids[0]["price"]}]
    held["manifest"] = asked["manifest"]
    return data(book.shown(dseq))


def _deposit(book: Book, request: httpx.Request) -> httpx.Response:
    asked = json.loads(request.content, parse_float=Decimal)["data"]
    held = book.deployments[asked["dseq"]]
    held["funds"] = str(Decimal(held["funds"]) + asked["deposit"] * 1_000_000)
    return data(book.shown(asked["dseq"]))


def _close(book: Book, request: httpx.Request, dseq: str) -> httpx.Response:
    if dseq not in book.deployments:
        return refused(404, "not_found", "Deployment not found")
    book.deployments[dseq] |= {"state": "closed", "funds": "0"}
    for lease in book.deployments[dseq]["leases"]:
        lease |= {"state": "closed", "reason": "lease_closed_owner"}
    return data({"success": True})


def _one(book: Book, request: httpx.Request, dseq: str) -> httpx.Response:
    if dseq not in book.deployments:
        return refused(404, "not_found", "Deployment not found")
    return data(book.shown(dseq))


def _list(book: Book, request: httpx.Request) -> httpx.Response:
    skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
    active = [d for d, held in book.deployments.items() if held["state"] == "active"]
    rows = [book.shown(dseq) for dseq in active[skip : skip + limit]]
    more = len(active) > skip + limit
    pages = {"total": len(active), "skip": skip, "limit": limit, "hasMore": more}
    return data({"deployments": rows, "pagination": pages})


def _names(book: Book, request: httpx.Request) -> httpx.Response:
    assert request.url.params["filters.owner"] == OWNER
    rows = [
        {"deployment": book.shown(dseq)["deployment"], "groups": [_group(held["name"])]}
        for dseq, held in reversed(book.deployments.items())
        if held["state"] == request.url.params["filters.state"]
    ]
    key = int(request.url.params.get("pagination.key", "0"))
    following = str(key + 2) if len(rows) > key + 2 else None
    page = {"next_key": following, "total": "0"}
    return httpx.Response(200, json={"deployments": rows[key : key + 2], "pagination": page})


def _group(name: str) -> dict[str, Any]:
    return {"group_spec": {"name": name}}


def _usage(book: Book, request: httpx.Request) -> httpx.Response:
    rows = [{"date": request.url.params["startDate"], "dailyUsdSpent": 1.1}]
    return httpx.Response(200, text=json.dumps(rows))


def _screened(book: Book, request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"providers": book.screened})


def _blocks(book: Book, request: httpx.Request) -> httpx.Response:
    if not book.has_blocks:
        return httpx.Response(404, text="no")
    return httpx.Response(200, json=[{"height": book.height}])


Act = Callable[..., httpx.Response]


def _always(answer: httpx.Response) -> Act:
    return lambda *_: answer


_ROUTES: list[tuple[str, str, Act]] = [
    ("POST", "/v1/deployments", _create),
    ("GET", "/v1/deployments", _list),
    ("GET", r"/v1/deployments/(\d+)", _one),
    ("DELETE", r"/v1/deployments/(\d+)", _close),
    ("POST", "/v1/leases", _leased),
    ("POST", "/v1/deposit-deployment", _deposit),
    ("GET", "/v1/bids", lambda b, r: data(b.deployments[r.url.params["dseq"]]["bids"])),
    ("GET", "/akash/deployment/v1beta4/deployments/list", _names),
    ("GET", "/v1/user/me", _always(data({"id": "5a6b"}))),
    ("GET", "/v1/wallets", _always(data([{"address": OWNER}]))),
    ("GET", "/v1/blockchain-status", _always(httpx.Response(200, json=REACHABLE))),
    ("GET", "/v1/blocks", _blocks),
    ("GET", "/v1/usage/history", _usage),
    ("POST", "/v1/bid-screening", _screened),
    ("POST", "/v1/create-jwt-token", _always(data({"token": TOKEN}, 201))),
]  # fmt: skip
