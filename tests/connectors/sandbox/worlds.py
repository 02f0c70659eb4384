"""A small market of our own, orders for it, and a sandbox whose clock the test moves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.sandbox.control import money
from connectors.sandbox.forms import Fault, Market, MarketGpu, MarketProvider
from connectors.sandbox.market import replace_market
from connectors.sandbox.network import Account, Network
from connectors.sandbox.router import answer
from connectors.sandbox.wire import Answer, Call

BLOCK = 6
START = 1_800_000_000.0


@dataclass
class Machine:
    """A clock that stands until it is moved."""

    seconds: float = START

    def __call__(self) -> float:
        return self.seconds


def provider(name: str, usd: str | None = "2.40", **changes: Any) -> MarketProvider:
    """A Dutch machine with eight H100, audited."""
    gpu = MarketGpu(model="h100", ram="80Gi", interface="SXM5", free=8, usd_per_gpu_hour=usd)
    form = {"address": f"akash1{name}", "country": "NL", "region": "eu-west", "gpus": (gpu,)}
    return MarketProvider(**(form | changes))


MARKET = (provider("cheap", "2.10"), provider("dear", "3.00"))


def sdl(name: str = "sbx-1", **changes: Any) -> str:
    """One service with an H100, at most 5,833 uact a block; JSON, which YAML 1.2 contains."""
    asked = {
        "gpus": 1, "count": 1, "amount": 5833, "attributes": {}, "denom": "uakt", "window": None,
        "gpu": {"model": "h100", "ram": "80Gi", "interface": "sxm"}, "env": None, "image": "app:1",
    } | changes  # fmt: skip
    resources: dict[str, Any] = {
        "cpu": {"units": 8}, "memory": {"size": "32Gi"}, "storage": [{"size": "100Gi"}],
    }  # fmt: skip
    if asked["gpus"]:
        vendor = {"nvidia": [asked["gpu"]] if asked["gpu"] else None}
        resources["gpu"] = {"units": asked["gpus"], "attributes": {"vendor": vendor}}
    ports = [{"port": 8000, "as": 80, "to": [{"global": True}]},
             {"port": 22, "to": [{"global": True}]}]  # fmt: skip
    tree: dict[str, Any] = {
        "version": "2.1",
        "services": {"app": {"image": asked["image"], "expose": ports, "env": asked["env"]}},
        "profiles": {
            "compute": {"app": {"resources": resources}},
            "placement": {
                name: {
                    "attributes": asked["attributes"],
                    "pricing": {"app": {"denom": asked["denom"], "amount": asked["amount"]}},
                }
            },
        },
        "deployment": {"app": {name: {"profile": "app", "count": asked["count"]}}},
    }
    if asked["window"]:
        tree["reclamation"] = {"min_window": asked["window"]}
    return json.dumps(tree)


class World:
    """A sandbox without a server: requests go straight to its router."""

    def __init__(self, home: Path, market: tuple[MarketProvider, ...] = MARKET) -> None:
        self.home = home
        self.machine = Machine()
        self.net = Network(home, Account.new(), self.machine)
        self.trade(*market)

    def reopen(self) -> None:
        """The server's process ends and another opens the same book."""
        self.net.book.close()
        self.net = Network(self.home, self.net.account, self.machine)

    def trade(self, *market: MarketProvider) -> None:
        with self.net.used():
            replace_market(self.net, Market(providers=market))

    def pass_blocks(self, blocks: int) -> None:
        self.machine.seconds += blocks * BLOCK

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        headers = {"x-api-key": self.net.account.key}
        if path.startswith("/_sandbox"):
            headers = {"x-sandbox-token": self.net.account.control_token}
        content = b"" if body is None else json.dumps(body).encode()
        return answer(self.net, Call(method, path, query, headers, content))

    def get(self, path: str, **query: str) -> Any:
        return json.loads(self.ask("GET", path, **query).encoded())

    def fault(self, **form: Any) -> None:
        with self.net.used():
            self.net.faults.add(Fault(**form))

    def create(self, text: str | None = None, usd: float = 5) -> tuple[str, str]:
        """A deployment's number and manifest."""
        body = {"data": {"sdl": text or sdl(), "deposit": usd}}
        found = json.loads(self.ask("POST", "/v1/deployments", body).encoded())["data"]
        return found["dseq"], found["manifest"]

    def bids(self, dseq: str) -> list[Any]:
        return self.get("/v1/bids", dseq=dseq)["data"]

    def take(self, dseq: str, manifest: str, which: int = 0) -> Answer:
        """Lease the cheapest bid but ``which``."""
        found = sorted(self.bids(dseq), key=lambda one: float(one["bid"]["price"]["amount"]))
        chosen = {k: found[which]["bid"]["id"][k] for k in ("dseq", "gseq", "oseq", "provider")}
        return self.ask("POST", "/v1/leases", {"manifest": manifest, "leases": [chosen]})

    def leased(self, text: str | None = None, usd: float = 5) -> str:
        """A deployment with a running lease, made four blocks from now."""
        dseq, manifest = self.create(text, usd)
        self.pass_blocks(4)
        assert self.take(dseq, manifest).status == 200
        return dseq

    def detail(self, dseq: str) -> Any:
        return self.get(f"/v1/deployments/{dseq}")["data"]

    def lease(self, dseq: str) -> Any:
        return self.detail(dseq)["leases"][0]

    def escrow(self, dseq: str) -> tuple[int, int]:
        """Whole uact of funds and transferred."""
        state = self.detail(dseq)["escrow_account"]["state"]
        return (
            int(float(state["funds"][0]["amount"])),
            int(float(state["transferred"][0]["amount"])),
        )

    def close(self, dseq: str) -> Answer:
        return self.ask("DELETE", f"/v1/deployments/{dseq}")

    def money(self) -> dict[str, int]:
        return self.get("/_sandbox/status")["money"]

    def adds_up(self) -> bool:
        told = self.money()
        return told["granted"] == told["balance"] + told["escrow"] + told["transferred"]


__all__ = ["MARKET", "START", "Machine", "World", "money", "provider", "sdl"]
