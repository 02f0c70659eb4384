"""The chain's REST answers (market v1beta5, provider v1beta4, audit v1); other fields are ignored.

Checked against the recorded answers of mainnet; ``units.val`` is a plain decimal string there,
although the published description calls it bytes.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.money import exact


class Lcd(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Coin(Lcd):
    denom: str
    amount: Annotated[Decimal, BeforeValidator(exact)]


class Value(Lcd):
    val: int = Field(ge=0)


class KeyValue(Lcd):
    key: str
    value: str


class Units(Lcd):
    units: Value
    attributes: list[KeyValue] = Field(default_factory=list)


class Quantity(Lcd):
    quantity: Value


class Resources(Lcd):
    cpu: Units
    memory: Quantity
    storage: list[Quantity]
    gpu: Units


class ResourcesOffer(Lcd):
    resources: Resources
    count: int = Field(ge=1)


class BidId(Lcd):
    owner: str
    dseq: str
    gseq: int
    oseq: int
    provider: str = Field(min_length=1)


class ChainBid(Lcd):
    id: BidId
    state: str
    price: Coin
    created_at: int = Field(ge=0, le=10**9)
    """A block height."""
    resources_offer: list[ResourcesOffer] = Field(min_length=1)


class BidRow(Lcd):
    bid: ChainBid


class ChainProvider(Lcd):
    owner: str = Field(min_length=1)
    host_uri: str | None = None
    attributes: list[KeyValue] = Field(default_factory=list)


class Audited(Lcd):
    owner: str
    auditor: str
    attributes: list[KeyValue] = Field(default_factory=list)


class Pagination(Lcd):
    next_key: str | None = Field(default=None, pattern=r"^[A-Za-z0-9+/_=-]*$", max_length=1000)
    """Base64, sent back as received."""


class Paged(Lcd):
    pagination: Pagination | None = None
