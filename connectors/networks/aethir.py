"""Aethir: what the network earned each day (keyless); it sells by contract and publishes no price.

``GET /protocol/demand-metrics/historical-network-revenue`` (dashboard-api.aethir.com), the address
behind the operator's public dashboard, read by DefiLlama's adapter as ``{"dailyRevenue": [{"date",
"usdValue"}]}``, whole dollars and cents; not documented by the operator. Aethir has no public
interface to order GPUs: orders are placed by a person, and no other address is asked.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.base import Answer, Connector, Http, Reading, Reject
from connectors.wire import page_of, rows_of, text_of
from engine.money import exact
from engine.resources import Catalogue
from engine.signals import Signal

DAYS_MAX = 400
"""Days kept of a series that begins in July 2024: a year, and the same month a year before."""
_PATH = "/protocol/demand-metrics/historical-network-revenue"
_NOTE = "A network health signal read from a public dashboard address, not a price."


def _day(value: object) -> object:
    """Read "2026-11-22" and nothing else: a bare number is not taken for seconds since 1970."""
    if isinstance(value, str) and (day := date.fromisoformat(value)).isoformat() == value:
        return day
    raise ValueError("a day is text like 2026-11-22")


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    day: Annotated[date, BeforeValidator(_day)] = Field(alias="date")
    usd: Annotated[Decimal, BeforeValidator(exact)] = Field(alias="usdValue", ge=0)


class _Series(BaseModel):
    model_config = ConfigDict(extra="ignore")

    rows: list[object] = Field(alias="dailyRevenue")


class Aethir(Connector):
    """The Aethir connector: signals only."""

    name = "aethir"
    default_url = "https://dashboard-api.aethir.com"
    refresh_seconds = 21_600  # one figure a day
    has_offers = False

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del catalogue  # the series is about the whole network
        return [http.get(f"{self.base_url}{_PATH}")]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """Turn the last ``DAYS_MAX`` days into signals; of two rows of one day the first counts."""
        del catalogue  # no GPU is named
        (answer,) = answers
        rejects: list[Reject] = []
        seen: set[date] = set()
        today = observed_at.astimezone(UTC).date()

        def read(row: object) -> Iterator[Signal]:
            earned = _Row.model_validate(row)
            if earned.day > today + timedelta(days=1):  # a day ahead of UTC is tomorrow there
                raise ValueError(f"{earned.day} lies in the future")
            if earned.day in seen:
                rejects.append(
                    Reject("duplicate", "another row for this day is kept", text_of(row))
                )
            elif earned.day > today - timedelta(days=DAYS_MAX):
                yield _signal(earned, answer.url, observed_at)
                seen.add(earned.day)

        rows = page_of(answer, _Series).rows
        return Reading(signals=list(rows_of(rows, read, rejects)), rejects=rejects)


def _signal(row: _Row, url: str, observed_at: datetime) -> Signal:
    return Signal(
        network="aethir",
        signal="revenue_usd_day",
        at=datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC),
        value=float(row.usd),
        note=_NOTE,
        observed_at=observed_at,
        source_kind="live",
        source="Aethir dashboard, daily network revenue",
        source_url=url,
    )
