"""Azure: list prices of GPU machines from the Retail Prices API (keyless, paged).

Asked one machine size and price type at a time with ``eq`` filters joined by ``and``, as its
documentation shows (learn.microsoft.com/rest/api/cost-management/retail-prices, read 2026-08). Of
a size's rows only Linux on the primary meter are prices a buyer pays, without Low Priority and
DevTest; of several start dates the newest one that has begun counts.

A ``Consumption`` row is on demand, or spot where its SKU or meter says Spot. A ``Reservation`` row
states the **total for the whole term**, although its ``unitOfMeasure`` says "1 Hour" (the
documentation's own example: a D8 v4 at 0.46 an hour is 4,594.0 for "3 Years"). Its hourly price
is that total over 8,760 or 26,280 hours, used or not. Terms that no offer here has (5 years) are
left out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connectors.base import Answer, Connector, Http, Reading, Reject, Unreadable
from connectors.wire import Moment, page_of, rows_of, text_of
from engine.market import Offer, Term, offer_id_of
from engine.money import divided, exact
from engine.resources import Catalogue, InstanceType

PAGES_MAX = 20
"""Pages of one size: 100 rows each, a size has at most a few hundred."""
PRICE_TYPES = ("Consumption", "Reservation")
RESERVED: dict[str, tuple[Term, int]] = {
    "1 Year": ("reserved_1y", 8_760),
    "3 Years": ("reserved_3y", 26_280),
}
"""Terms of reservations and their hours (365 days a year, as Azure's own comparison counts)."""
_OTHER_RESERVED = ("5 Years",)
_PATH = "/api/retail/prices"
_PORTS = {"https": 443, "http": 80}


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    currency_code: str
    retail_price: Annotated[Decimal, BeforeValidator(exact)]
    arm_region_name: str
    effective_start_date: Moment
    product_name: str
    sku_name: str
    meter_name: str
    unit_of_measure: str
    type: str
    is_primary_meter_region: bool
    arm_sku_name: str = Field(min_length=1)
    reservation_term: str | None = None

    @property
    def is_for_sale(self) -> bool:
        """Whether the row is a price for a Linux machine by the hour that anyone can buy."""
        return (
            self.type in PRICE_TYPES
            and self.is_primary_meter_region
            and self.unit_of_measure == "1 Hour"
            and "Windows" not in self.product_name
            and "Low Priority" not in f"{self.sku_name} {self.meter_name}"
            and not (self.type == "Reservation" and self.reservation_term in _OTHER_RESERVED)
        )

    @property
    def term_and_hours(self) -> tuple[Term, int]:
        """The term and how many hours the price pays for."""
        if self.type == "Consumption":
            is_spot = "Spot" in f"{self.sku_name} {self.meter_name}"
            return ("spot" if is_spot else "on_demand"), 1
        if self.reservation_term not in RESERVED:
            raise ValueError(f"a reservation for {self.reservation_term!r}: how long is not known")
        return RESERVED[self.reservation_term]


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[object] = Field(alias="Items")
    next_page_link: str | None = Field(default=None, alias="NextPageLink")


class Azure(Connector):
    """The Azure baseline."""

    name = "azure"
    default_url = "https://prices.azure.com"
    refresh_seconds = 21_600  # list prices change a few times a month
    forced_seconds = 600

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        sizes = sorted(i.name for i in catalogue.instances.values() if i.provider == self.name)
        asked = ((size, price_type) for size in sizes for price_type in PRICE_TYPES)
        return [answer for question in asked for answer in self._pages(http, *question)]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        rejects: list[Reject] = []
        dated: list[tuple[datetime, Offer]] = []
        for answer in answers:

            def read(row: object, url: str = answer.url) -> Iterator[tuple[datetime, Offer]]:
                yield from _offer(row, url, observed_at, catalogue)

            dated += rows_of(page_of(answer, _Page).items, read, rejects)
        newest: dict[str, datetime] = {}
        for since, offer in dated:
            newest[offer.offer_id] = max(since, newest.get(offer.offer_id, since))
        # Two rows with the same start contradict each other: both are kept, and ingest decides.
        current = [offer for since, offer in dated if since == newest[offer.offer_id]]
        return Reading(offers=current, rejects=rejects)

    def _pages(self, http: Http, size: str, price_type: str) -> Iterator[Answer]:
        wanted = (
            f"serviceName eq 'Virtual Machines' and priceType eq '{price_type}' "
            f"and armSkuName eq '{size}'"
        )
        answer = http.get(
            f"{self.base_url}{_PATH}",
            params={
                "api-version": "2023-01-01-preview",
                "currencyCode": "'USD'",
                "$filter": wanted,
            },
        )
        for _ in range(PAGES_MAX):
            yield answer
            following = page_of(answer, _Page).next_page_link
            if not following:
                return
            if _host(following) != _host(self.base_url):
                raise Unreadable("Azure's next page is on another host")
            answer = http.get(following)
        raise Unreadable(f"Azure sent more than {PAGES_MAX} pages for {size}")


def _host(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, the port spelt out: Azure's links say prices.azure.com:443."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        raise Unreadable("Azure's next page is no address") from None


def _offer(
    row: object, url: str, observed_at: datetime, catalogue: Catalogue
) -> Iterator[tuple[datetime, Offer]]:
    item = _Item.model_validate(row)
    if not item.is_for_sale or item.effective_start_date > observed_at:
        return
    if item.currency_code != "USD":
        raise ValueError(f"the price is in {item.currency_code}, not USD")
    instance = catalogue.instances.get(("azure", item.arm_sku_name))
    if instance is None:
        raise ValueError(f"{item.arm_sku_name}: how many GPUs this size has is not known")
    yield item.effective_start_date, _listed(item, instance, url, observed_at, catalogue, row)


def _listed(
    item: _Item,
    instance: InstanceType,
    url: str,
    observed_at: datetime,
    catalogue: Catalogue,
    row: object,
) -> Offer:
    model = catalogue.model(instance.gpu_model)
    country = catalogue.country_of("azure", item.arm_region_name)
    term, hours = item.term_and_hours
    whole = f"{item.retail_price} USD for {item.reservation_term}" if hours > 1 else None
    return Offer(
        offer_id=offer_id_of("azure", item.arm_sku_name, item.arm_region_name, term),
        network="azure",
        is_baseline=True,
        provider_id="azure",
        provider_name=item.arm_sku_name,
        gpu_model=instance.gpu_model,
        gpu_name=item.arm_sku_name,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=float(model.memory_gib) if model and model.memory_gib else None,
        gpu_count=instance.gpu_count,
        vcpu=float(instance.vcpu) if instance.vcpu is not None else None,
        memory_gib=float(instance.memory_gib) if instance.memory_gib is not None else None,
        region=item.arm_region_name,
        country_code=country,
        country_evidence="the provider's region table" if country else None,
        term=term,
        usd_per_hour=divided(item.retail_price, hours) if hours > 1 else item.retail_price,
        native_price=whole,
        price_basis="instance",
        observed_at=observed_at,
        source_kind="live",
        source=f"Azure Retail Prices API; price since {item.effective_start_date:%Y-%m-%d}",
        source_url=url,
        note=f"{whole}, over its {hours:,} hours; paid whether used or not." if whole else None,
        raw=text_of(row),
    )
