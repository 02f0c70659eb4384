"""Deployments, leases and bids as the Console and the chain write them.

Heights and amounts are texts, prices have 18 decimals (console-api.openapi.json d84c9e93; recorded
answers of mainnet).
"""

import hashlib
import json
from typing import Any

from connectors.sandbox.acts import bid_state
from connectors.sandbox.book import Row
from connectors.sandbox.escrow import Escrow
from connectors.sandbox.held import Held, key
from connectors.sandbox.network import Network
from connectors.sandbox.units import DENOM, coin, whole_coin

Json = dict[str, Any]
START_BLOCKS = 2
"""How long services take to come up after the manifest."""
BID_DEPOSIT = 500_000


def deployment(net: Network, one: Held) -> Json:
    return {
        "id": {"owner": net.account.owner, "dseq": one.dseq},
        "state": one.row["state"],
        "hash": one.row["hash"],
        "created_at": str(one.row["created"]),
        "sandbox": True,
    }


def escrow_account(net: Network, one: Held, now: Escrow) -> Json:
    owner = net.account.owner
    return {
        "id": {"scope": "deployment", "xid": f"{owner}/{one.dseq}"},
        "state": {
            "owner": owner,
            "state": one.row["escrow"],
            "transferred": [whole_coin(now.transferred)],
            "settled_at": str(now.settled),
            "funds": [whole_coin(now.funds)],
            "deposits": [
                {
                    "owner": owner,
                    "height": str(height),
                    "source": "balance",
                    "balance": whole_coin(uact),
                }
                for height, uact in now.remaining()
            ],
        },
    }


def lease(net: Network, row: Row) -> Json:
    return {
        "id": {
            "owner": net.account.owner,
            "dseq": row["dseq"],
            "gseq": row["gseq"],
            "oseq": 1,
            "provider": row["provider"],
            "bseq": 0,
        },
        "state": row["state"],
        "price": coin(int(row["price"])),
        "created_at": str(row["created"]),
        "closed_on": str(row["closed"]),
        "reason": row["reason"],
        "reclamation": _reclamation(net, row),
    }


def _reclamation(net: Network, row: Row) -> Json | None:
    """Return its notice, in a form of ours: the chain's is not published in the sources at hand."""
    if row["deadline"] is None:
        return None
    return {
        "started_at": str(row["reclaimed"]),
        "deadline_height": str(row["deadline"]),
        "deadline": net.date(row["deadline"]),
    }


def whole(net: Network, one: Held, height: int, *, with_status: bool) -> Json:
    """Return a deployment with leases and escrow, as the Console's list and detail give it."""
    now, _ = one.at(height)
    leases = [
        lease(net, row) | ({"status": status(net, one, row, height)} if with_status else {})
        for row in one.leases
    ]
    return {
        "deployment": deployment(net, one),
        "leases": leases,
        "escrow_account": escrow_account(net, one, now),
    }


def status(net: Network, one: Held, row: Row, height: int) -> Json | None:
    """Return what a lease's provider says; None before the manifest, or when it is silent."""
    if row["closed"] or row["manifest"] is None or net.faults.dead(row["provider"]):
        return None
    group = next(each for each in one.groups if each["gseq"] == row["gseq"])
    is_up = height >= row["manifest"] + START_BLOCKS
    services = json.loads(group["services"])
    seed = hashlib.sha256(f"{row['dseq']}/{row['provider']}".encode()).hexdigest()
    return {
        "services": {
            name: _service(name, told["count"] if is_up else 0, told, one.row["version"], seed)
            for name, told in services.items()
        },
        "forwarded_ports": {
            name: ports for name, told in services.items() if (ports := _ports(name, told, seed))
        },
        "ips": {},
    }


def _service(name: str, up: int, told: Json, version: int, seed: str) -> Json:
    count = told["count"]
    is_web = any(port["web"] for port in told["ports"])
    return {
        "name": name,
        "available": up,
        "total": count,
        "uris": [f"{seed[:20]}.{name}.sandbox.invalid"] if is_web else [],
        "observed_generation": version,
        "replicas": count,
        "updated_replicas": count,
        "ready_replicas": up,
        "available_replicas": up,
    }


def _ports(name: str, told: Json, seed: str) -> list[Json]:
    return [
        {
            "host": "provider.sandbox.invalid",
            "port": port["port"],
            "externalPort": 30_000 + (int(seed[:6], 16) + number) % 2_768,
            "proto": port["proto"],
            "name": name,
        }
        for number, port in enumerate(told["ports"])
        if not port["web"]
    ]


def bids(net: Network, dseq: str, height: int) -> list[Json]:
    """Return the bids that have come, as ``GET /v1/bids``: of audited providers only."""
    rows = net.book.all("SELECT * FROM bids WHERE dseq = ? ORDER BY opens, gseq, provider", dseq)
    return [_bid(net, row, state) for row in rows if (state := bid_state(row, height))]


def _bid(net: Network, row: Row, state: str) -> Json:
    owner, provider = net.account.owner, row["provider"]
    return {
        "bid": {
            "id": {
                "owner": owner,
                "dseq": row["dseq"],
                "gseq": row["gseq"],
                "oseq": 1,
                "provider": provider,
                "bseq": 0,
            },
            "state": state,
            "price": coin(int(row["price"])),
            "created_at": str(row["opens"]),
            "resources_offer": json.loads(row["offer"])["resources"],
            "reclamation_window": f"{row['window']}s" if row["window"] else None,
        },
        "escrow_account": {
            "id": {"scope": "bid", "xid": f"{owner}/{row['dseq']}/{row['gseq']}/1/{provider}"},
            "state": {
                "owner": provider,
                "state": "open" if state in {"open", "active"} else "closed",
                "transferred": [],
                "settled_at": str(row["opens"]),
                "funds": [{"denom": "uakt", "amount": f"{BID_DEPOSIT}.{0:018d}"}],
                "deposits": [],
            },
        },
    }


def group(net: Network, row: Row, created: int) -> Json:
    return {
        "id": {"owner": net.account.owner, "dseq": row["dseq"], "gseq": row["gseq"]},
        "state": row["state"],
        "group_spec": json.loads(row["spec"]),
        "created_at": str(created),
    }


def chain_deployment(net: Network, one: Held, height: int) -> Json:
    """Return a deployment with its groups, whose names the Console's own list does not show."""
    return {
        "deployment": deployment(net, one) | {"reclamation": None},
        "groups": [group(net, row, one.row["created"]) for row in one.groups],
        "escrow_account": escrow_account(net, one, one.at(height)[0]),
    }


def chain_lease(net: Network, one: Held, row: Row, height: int) -> Json:
    owner, paid = net.account.owner, one.at(height)[1][key(row)]
    states = {"active": "open", "reclaiming": "open", "insufficient_funds": "overdrawn"}
    nothing = whole_coin(0)
    return {
        "lease": lease(net, row),
        "escrow_payment": {
            "id": {
                "aid": {"scope": "deployment", "xid": f"{owner}/{row['dseq']}"},
                "xid": f"{row['gseq']}/1/{row['provider']}",
            },
            "state": {
                "owner": row["provider"],
                "state": states.get(row["state"], "closed"),
                "rate": coin(int(row["price"])),
                "balance": nothing,
                "unsettled": nothing,
                "withdrawn": {"denom": DENOM, "amount": str(paid)},
            },
        },
    }
