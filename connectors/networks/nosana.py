"""Nosana: the reward of each GPU market (keyless). A market is a price and a GPU, not a machine.

``GET /api/markets/`` (api.nosana.com, OpenAPI at /api/openapi.json). ``usd_reward_per_hour`` is
what the host earns; the buyer most likely pays that plus ``network_fee_percentage`` (inferred, not
confirmed by an invoice), so the offer keeps the reward, says so in its ``price_basis``, and its
savings are label D. No region is published: residency cannot be shown.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import Answer, Connector, Http, Reading, Reject, Unreadable
from connectors.wire import json_of, rows_of, text_of
from engine.export import number_text
from engine.market import Offer, offer_id_of
from engine.money import exact
from engine.resources import Catalogue


class _Market(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    address: str = Field(min_length=1)
    name: str = Field(min_length=1)
    type: str
    usd_reward_per_hour: Annotated[Decimal, BeforeValidator(exact)]
    network_fee_percentage: Annotated[Decimal, BeforeValidator(exact)]
    gpu_types: list[str] = Field(default_factory=list)
    lowest_vram: float | None = Field(default=None, ge=0)


class Nosana(Connector):
    """The Nosana connector."""

    name = "nosana"
    default_url = "https://api.nosana.com"
    refresh_seconds = 900  # rewards follow the token's price slowly

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # one address holds every market
        return [http.get(f"{self.base_url}/api/markets/")]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        (answer,) = answers
        markets = json_of(answer)
        if not isinstance(markets, list):
            raise Unreadable("Nosana's markets are not a list")
        rejects: list[Reject] = []

        def read(row: object) -> Iterator[Offer]:
            yield _offer(_Market.model_validate(row), row, answer.url, observed_at, catalogue)

        return Reading(offers=list(rows_of(markets, read, rejects)), rejects=rejects)


def _offer(
    market: _Market, row: object, url: str, observed_at: datetime, catalogue: Catalogue
) -> Offer:
    model = catalogue.match(market.name)
    fee = number_text(market.network_fee_percentage)
    return Offer(
        offer_id=offer_id_of("nosana", None, market.name, "on_demand", market.type),
        network="nosana",
        provider_id=market.address,
        provider_name=market.name,
        gpu_model=model.name if model else None,
        gpu_name=market.name,
        form_factor=model.interface if model and model.form_factor_known else None,
        gpu_memory_gib=market.lowest_vram,
        gpu_count=_gpus_in(market.name),
        tier=market.type,
        usd_per_hour=market.usd_reward_per_hour,
        native_price=f"{number_text(market.usd_reward_per_hour)} USD reward per hour",
        price_basis="host_reward_before_network_fee",
        observed_at=observed_at,
        source_kind="live",
        source=f"Nosana markets API, market {market.address}",
        source_url=url,
        note=f"The buyer's price is most likely this plus {fee} % (inferred). "
        f"Hosts offer: {', '.join(market.gpu_types) or 'not stated'}.",
        raw=text_of(row),
    )


def _gpus_in(name: str) -> int:
    """GPUs of a market's node: "8xH100" rents eight at once."""
    found = re.match(r"(\d{1,2})x", name)
    return int(found[1]) if found else 1
