"""What the Console answers an account: deployments, bids, leases, escrow, its bill, its errors.

Checked against akash-network/console d84c9e93 apps/api/swagger/openapi.json, whose pattern of a
deployment's number (``^d+$``) has lost its backslash. Fields Necto does not use are ignored, and so
is what may be absent. Heights of blocks and amounts are texts there.
"""

import json
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from connectors.base import Reply
from connectors.networks.akash.chain_wire import Coin, Lcd, Paged, ResourcesOffer
from engine.money import exact

Dseq = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
"""A deployment's number: milliseconds in a managed account, a block's height elsewhere."""
Address = Annotated[str, Field(pattern=r"^[a-z0-9]{1,100}$")]
Sequence = Annotated[int, Field(ge=0, le=2**31)]
Amount = Annotated[Decimal, BeforeValidator(exact)]
_LIST_MAX = 2_000
_TEXT_MAX = 300


class DeploymentId(Lcd):
    owner: str
    dseq: Dseq


class LeaseId(DeploymentId):
    gseq: Sequence
    oseq: Sequence
    provider: Address


class Deployment(Lcd):
    id: DeploymentId
    state: str
    hash: str = ""
    reclamation: object = None


class Port(Lcd):
    port: int
    external_port: int = Field(alias="externalPort")
    host: str | None = None


class Ip(Lcd):
    ip: str = Field(alias="IP")
    external_port: int = Field(alias="ExternalPort")


class ServiceStatus(Lcd):
    name: str
    available: int = Field(ge=0)
    total: int = Field(ge=0)
    ready_replicas: int | None = Field(default=None, ge=0)
    uris: list[str] | None = Field(default=None, max_length=_LIST_MAX)


class LeaseStatus(Lcd):
    services: dict[str, ServiceStatus] = Field(default_factory=dict, max_length=_LIST_MAX)
    forwarded_ports: dict[str, list[Port]] | None = None
    ips: dict[str, list[Ip]] | None = None


class LeaseRow(Lcd):
    id: LeaseId
    state: str
    price: Coin
    created_at: str = ""
    closed_on: str = ""
    reason: str = ""
    status: object = None
    """Read on its own (``LeaseStatus``): a provider wrote it, and it spoils nothing else."""
    reclamation: object = None


class DepositRow(Lcd):
    height: str = ""
    balance: Coin


class EscrowState(Lcd):
    state: str
    transferred: list[Coin] = Field(default_factory=list, max_length=_LIST_MAX)
    settled_at: str = ""
    funds: list[Coin] = Field(default_factory=list, max_length=_LIST_MAX)
    deposits: list[DepositRow] = Field(default_factory=list, max_length=_LIST_MAX)


class Escrow(Lcd):
    state: EscrowState


class DeploymentRow(Lcd):
    """One deployment with its leases and its money, from the Console's list or alone."""

    deployment: Deployment
    leases: list[LeaseRow] = Field(default_factory=list, max_length=_LIST_MAX)
    escrow_account: Escrow

    @property
    def dseq(self) -> str:
        return self.deployment.id.dseq


class Pages(Lcd):
    has_more: bool = Field(default=False, alias="hasMore")


class DeploymentsPage(Lcd):
    deployments: list[object]
    """Each is read on its own."""
    pagination: Pages = Pages()


class GroupSpec(Lcd):
    name: str


class Group(Lcd):
    group_spec: GroupSpec


class NamedRow(Lcd):
    """One deployment as the chain lists it: with its groups' names, without its leases."""

    deployment: Deployment
    groups: list[Group] = Field(default_factory=list, max_length=_LIST_MAX)

    @property
    def names(self) -> set[str]:
        return {group.group_spec.name for group in self.groups}


class NamedPage(Paged):
    deployments: list[object]


class Bid(Lcd):
    id: LeaseId
    state: str
    price: Coin
    resources_offer: list[ResourcesOffer] = Field(default_factory=list, max_length=_LIST_MAX)


class BidRow(Lcd):
    bid: Bid


class Created(Lcd):
    dseq: Dseq
    manifest: str = Field(min_length=1)


class CreatedAnswer(Lcd):
    data: Created


class DeploymentAnswer(Lcd):
    data: DeploymentRow


class DeploymentsAnswer(Lcd):
    data: DeploymentsPage


class BidsAnswer(Lcd):
    data: list[object]


class User(Lcd):
    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")


class UserAnswer(Lcd):
    data: User


class Wallet(Lcd):
    address: Address


class WalletsAnswer(Lcd):
    data: list[Wallet] = Field(max_length=_LIST_MAX)


class Token(Lcd):
    token: str = Field(min_length=1, max_length=8_192, pattern=r"^[A-Za-z0-9._=-]+$")


class TokenAnswer(Lcd):
    data: Token


class Chain(Lcd):
    is_reachable: bool = Field(alias="isBlockchainReachable")


class Block(Lcd):
    height: int = Field(ge=0, le=10**12)


class UsageDay(Lcd):
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}")
    usd: Amount = Field(alias="dailyUsdSpent")


class _Refusal(Lcd):
    message: str
    code: str = ""
    data: object = None


def refusal_of(reply: Reply) -> tuple[str, str]:
    """Return the code and the sentence of an error; both empty where it is not in their form."""
    try:
        said = _Refusal.model_validate(json.loads(reply.body))
    except (ValidationError, ValueError, RecursionError):
        return "", ""
    faults = said.data if isinstance(said.data, list) else []
    named = [str(fault.get("message", "")) for fault in faults if isinstance(fault, dict)]
    return said.code, "; ".join([said.message, *filter(None, named)])[:_TEXT_MAX]
