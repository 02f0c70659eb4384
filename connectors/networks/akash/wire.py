"""Akash's answers as the Console API sends them; fields Necto does not use are ignored.

Checked against akash-network/console apps/api/swagger/openapi.json (d84c9e93, 2026-08-22), which
lacks ``stats`` and the parts that ``debug=true`` adds.
"""

from datetime import date as Day  # noqa: N812 - a field is called date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connectors.wire import Moment
from engine.money import exact


class Wire(BaseModel):
    model_config = ConfigDict(
        extra="ignore", allow_inf_nan=False, alias_generator=to_camel, validate_by_name=False
    )


class Amount(Wire):
    denom: str
    amount: Annotated[Decimal, BeforeValidator(exact)]


class BidData(Wire):
    price: Amount


class OrderedGpu(Wire):
    model: str


class Order(Wire):
    cpu_units: int = Field(ge=0)
    memory_units: int = Field(ge=0)
    storage_units: int = Field(ge=0)
    gpus: list[OrderedGpu] = Field(min_length=1)


class Bid(Wire):
    height: int
    tx_hash: str
    datetime: Moment
    akt_token_price: Decimal | None = Field(default=None, gt=0)
    deployment: Order
    data: BidData


class Seller(Wire):
    owner: str = Field(min_length=1)
    host_uri: str | None = None
    allocated: int = Field(ge=0)
    allocatable: int = Field(ge=0)


class PricedSeller(Wire):
    provider: Seller
    best_bid: Bid


class ModelRow(Wire):
    vendor: str
    model: str
    ram: str
    interface: str
    providers_with_best_bid: list[object]  # each is read on its own


class Prices(Wire):
    models: list[object]


class Quantity(Wire):
    available: float | None = None


class Storage(Wire):
    ephemeral: Quantity = Quantity()


class Stats(Wire):
    cpu: Quantity = Quantity()
    memory: Quantity = Quantity()
    storage: Storage = Storage()


class StatedAttribute(Wire):
    key: str
    value: str
    audited_by: list[str] = Field(default_factory=list)


class ListedProvider(Wire):
    owner: str = Field(min_length=1)
    name: str | None = None
    host_uri: str | None = None
    organization: str | None = None
    location_region: str | None = None
    city: str | None = None
    location_type: str | None = None
    hosting_provider: str | None = None
    tier: str | None = None
    ip_country_code: str | None = None
    is_online: bool
    is_audited: bool
    # 0 % uptime arrives as null (console: map/provider.ts), so null stays unknown here.
    uptime_1d: float | None = Field(default=None, ge=0, le=1, alias="uptime1d")
    uptime_7d: float | None = Field(default=None, ge=0, le=1, alias="uptime7d")
    uptime_30d: float | None = Field(default=None, ge=0, le=1, alias="uptime30d")
    attributes: list[StatedAttribute] = Field(default_factory=list)
    stats: Stats = Stats()


class Stock(Wire):
    allocatable: int = Field(ge=0)
    allocated: int = Field(ge=0)


class GpuStock(Stock):
    model: str = Field(min_length=1)
    ram: str = ""
    interface: str = ""


class Gpus(Wire):
    total: Stock
    details: dict[str, list[object]] = Field(default_factory=dict)


class Stocks(Wire):
    gpus: Gpus


def _day_of(value: object) -> object:
    """The day of a moment: which of the two the history gives is not documented."""
    return value[:10] if isinstance(value, str) else None


class GpuDay(Wire):
    date: Annotated[Day, BeforeValidator(_day_of)]
    model: str = Field(min_length=1)
    provider_count: int = Field(ge=0)
    node_count: int = Field(ge=0)
    total_gpus: int = Field(ge=0)
    leased_gpus: int = Field(ge=0)


class VaultNow(Wire):
    date: Moment
    collateral_ratio: float = Field(ge=0)


class VaultChange(Wire):
    height: int = Field(ge=0)
    date: Moment
    previous_status: str
    new_status: str = Field(min_length=1)
