"""The providers' gateways: status, logs and events of a lease, for who holds a fitting token.

Paths, claims and plain-text errors: akash-network/provider afc4dd7c gateway/rest; the token's form:
chain-sdk specs/jwt-schema.json. The real one signs with ES256K by the account's own key; this one
by HMAC with a key of its own.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from connectors.sandbox.book import Row
from connectors.sandbox.held import Held, held
from connectors.sandbox.network import Network
from connectors.sandbox.views import START_BLOCKS, status

Json = dict[str, Any]
TTL_SECONDS_MAX = 30 * 86_400


class NotAllowed(Exception):
    """The gateway refuses, in plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def token(net: Network, ttl: int, leases: Json) -> str:
    """Return a JWT for these leases; it ends in real time, however fast the network's clock is."""
    now = int(net.machine())
    head = {"alg": "HS256", "typ": "JWT", "kid": "sandbox"}
    claims = {
        "iss": net.account.owner,
        "iat": now,
        "nbf": now,
        "exp": now + ttl,
        "version": "v1",
        "leases": leases,
    }
    body = f"{_packed(json.dumps(head).encode())}.{_packed(json.dumps(claims).encode())}"
    return f"{body}.{_signature(net, body)}"


def check(net: Network, authorization: str, provider: str, scope: str) -> None:
    """Let a request pass, or raise NotAllowed as the real gateway does."""
    given = authorization.removeprefix("Bearer ").strip()
    if not authorization.startswith("Bearer ") or not given:
        raise NotAllowed(400, "JWT is missing")
    body, _, signature = given.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(net, body).encode()):
        raise NotAllowed(401, "JWT is invalid")
    claims = json.loads(_unpacked(body.split(".")[1]))
    if claims["exp"] <= net.machine():
        raise NotAllowed(401, "JWT is expired")
    if not _allows(claims["leases"], provider, scope):
        raise NotAllowed(401, "unauthorized access")


def _allows(leases: Json, provider: str, scope: str) -> bool:
    if leases.get("access") == "full":
        return True
    if leases.get("access") == "scoped":
        return scope in leases.get("scope", [])
    return any(
        one.get("provider") == provider
        and (one.get("access") == "full" or scope in one.get("scope", []))
        for one in leases.get("permissions", [])
    )


def lease_of(net: Network, provider: str, dseq: str, gseq: int) -> tuple[Held, Row]:
    """Return a live lease of this provider that has its manifest; raises NotAllowed 404."""
    one = held(net.book, dseq)
    for row in one.live if one else []:
        if row["provider"] == provider and row["gseq"] == gseq and row["manifest"] is not None:
            assert one is not None
            return one, row
    raise NotAllowed(404, "lease not found")


def lease_status(net: Network, provider: str, dseq: str, gseq: int, height: int) -> Json | None:
    """Return the lease's status; None when the provider does not answer."""
    one, row = lease_of(net, provider, dseq, gseq)
    told = status(net, one, row, height)
    return told and told | {"ips": None}


def logs(net: Network, provider: str, dseq: str, gseq: int, height: int) -> list[Json]:
    """Return what the services have written so far: a line at each start, then one a minute."""
    one, row = lease_of(net, provider, dseq, gseq)
    lines = []
    for name in _services(one, row):
        pod = f"{name}-{hashlib.sha256(f'{dseq}/{name}'.encode()).hexdigest()[:10]}-sandbx"
        lines += [
            {"name": pod, "message": message, "service": name}
            for message in _lines(net, row["manifest"] + START_BLOCKS, height)
        ]
    return lines


def _lines(net: Network, start: int, height: int) -> Iterator[str]:
    if height >= start:
        yield f"{net.date(start)} sandbox: service started"
    first = max(start + 10, height - 10 * 200)
    for at in range(first - (first - start) % 10, height + 1, 10):
        yield f"{net.date(at)} sandbox: still serving at block {at}"


def events(net: Network, provider: str, dseq: str, gseq: int, height: int) -> list[Json]:
    """Return what happened to the services, as kubernetes tells it."""
    one, row = lease_of(net, provider, dseq, gseq)
    space = hashlib.sha256(f"{net.account.owner}/{dseq}".encode()).hexdigest()[:45]
    told = [("ScalingReplicaSet", "Scaled up replica set {name} to {count}", "Deployment")]
    if height >= row["manifest"] + START_BLOCKS:
        told.append(("Started", "Started container {name}", "Pod"))
    return [
        {
            "type": "Normal",
            "reason": reason,
            "note": note.format(name=name, count=count),
            "object": {"kind": kind, "namespace": space, "name": name},
            "service": name,
        }
        for name, count in _services(one, row).items()
        for reason, note, kind in told
    ]


def chosen(lines: list[Json], service: str, tail: int) -> list[Json]:
    """Return the messages to send: of these services (all when empty), the last ones first cut."""
    names = {name for name in service.split(",") if name}
    kept = [line for line in lines if not names or line["service"] in names]
    kept = kept if tail < 0 else kept[max(0, len(kept) - tail) :]
    return [{k: v for k, v in line.items() if k != "service"} for line in kept]


def _services(one: Held, row: Row) -> dict[str, int]:
    group = next(each for each in one.groups if each["gseq"] == row["gseq"])
    return {name: told["count"] for name, told in json.loads(group["services"]).items()}


def _signature(net: Network, body: str) -> str:
    secret = f"gateway/{net.account.control_token}".encode()
    return _packed(hmac.digest(secret, body.encode(), "sha256"))


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
