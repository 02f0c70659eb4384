"""Our own made-up answers of every source, and where in them the row lies that a test spoils.

A new network adds its answers under ``tests/samples/<name>/`` and one ``Sample`` here; every test
of ``test_every_source.py`` then holds for it too.
"""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.base import Answer, Connector, Http, Reading, Source
from connectors.baselines.azure import Azure
from connectors.http import HttpClient, Limits
from connectors.jobs.ingest import Ingest
from connectors.networks.akash import Akash
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana
from data.market import Lake
from data.shipped import catalogue
from engine.resources import Catalogue
from tests.support import offer

FOLDER = Path(__file__).parents[1] / "samples"
NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
TINY = Limits(host_spacing_seconds=0, attempts_max=2, body_bytes_max=100_000)

Place = tuple[str | int, ...]
Texts = Mapping[str, str]
Answers = Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Where things are in a source's answers; places in ``row`` start at the row."""

    source: type[Connector]
    file_of: Callable[[httpx.Request], str]
    """Which file answers a request."""
    rows_file: str
    row: Place
    """The row that is spoiled; its parent is the list of rows."""
    mark: str
    """A text that is in this row only."""
    price: Place
    usd_per_hour: Callable[[Decimal], Decimal]
    """What the machine costs an hour if this number is the price in the row."""
    gpu: Place
    """The seller's name of the GPU or of the machine."""
    keeps_unknown_gpus: bool
    essential: Sequence[str] = ()
    """The files without which there is no reading; empty: all of them."""
    needed: Sequence[Place]
    """Fields beside the price without which the row is no offer."""
    key: str | None = None
    """A made-up key in the form the source takes; no test may find it anywhere afterwards."""

    @property
    def name(self) -> str:
        return self.source.name

    def made(self) -> Source:
        """The source as the registry would make it, with the made-up key if it takes one."""
        return self.source(key=SecretStr(self.key) if self.key else None)

    def texts(self) -> dict[str, str]:
        """Every answer, by the name of its file."""
        return {path.name: path.read_text("utf-8") for path in (FOLDER / self.name).iterdir()}

    def rows(self, document: Any) -> list[Any]:
        return at(document, self.row[:-1])

    def changed(self, change: Callable[[Any], None]) -> dict[str, str]:
        """The answers after a change to the document that holds the rows."""
        texts = self.texts()
        document = json.loads(texts[self.rows_file])
        change(document)
        return texts | {self.rows_file: json.dumps(document)}

    def without_row(self) -> dict[str, str]:
        return self.changed(lambda document: self.rows(document).pop(self.row[-1]))

    def with_token(self, place: Place, token: str) -> dict[str, str]:
        """The answers with this JSON text, valid or not, at a place of the row."""
        texts = self.texts()
        spoiled = with_token(texts[self.rows_file], (*self.row, *place), token)
        return texts | {self.rows_file: spoiled}


def at(document: Any, place: Place) -> Any:
    return reduce(lambda part, step: part[step], place, document)


def put(document: Any, place: Place, value: object) -> None:
    at(document, place[:-1])[place[-1]] = value


def with_token(text: str, place: Place, token: str) -> str:
    """A JSON text with another text, valid or not, in the place of one value."""
    document = json.loads(text)
    put(document, place, "@here@")
    return json.dumps(document).replace('"@here@"', token)


def places(value: Any, here: Place = ()) -> list[Place]:
    """Every place in a JSON value, the inner ones too."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(parts, dict):
        return []
    steps = [((*here, step), part) for step, part in parts.items()]
    return [place for step, part in steps for place in (step, *places(part, step))]


_AKASH_FILES = {
    "/v1/gpu-prices": "gpu-prices.json",
    "/v1/providers": "providers.json",
    "/v1/gpu": "gpu.json",
    "/v1/gpu-breakdown": "gpu-breakdown.json",
    "/v1/bme/dashboard-data": "bme-dashboard.json",
    "/v1/bme/status-history": "bme-status.json",
}


def _akash_file(request: httpx.Request) -> str:
    """The Console's file; its chain, the second source, is out of reach in these tests."""
    if request.url.path not in _AKASH_FILES:
        raise httpx.ConnectError("the chain is out of reach", request=request)
    return _AKASH_FILES[request.url.path]


def _azure_file(request: httpx.Request) -> str:
    wanted = request.url.params.get("$filter", "")
    return "h100.json" if "'Standard_ND96isr_H100_v5'" in wanted else "none.json"


_BID: Place = ("providersWithBestBid", 0, "bestBid")
_SAMPLES = (
    Sample(
        source=Akash,
        file_of=_akash_file,
        rows_file="gpu-prices.json",
        row=("models", 0),
        mark="AA01",
        price=(*_BID, "data", "price", "amount"),
        usd_per_hour=lambda amount: amount * 600 / 1_000_000,
        gpu=("model",),
        keeps_unknown_gpus=True,
        essential=["gpu-prices.json", "providers.json"],
        needed=[
            ("model",),
            ("providersWithBestBid", 0, "provider", "owner"),
            (*_BID, "deployment"),
            (*_BID, "data", "price"),
            (*_BID, "data", "price", "denom"),
        ],
    ),
    Sample(
        source=Azure,
        file_of=_azure_file,
        rows_file="h100.json",
        row=("Items", 0),
        mark="00000000-0000-4000-8000-000000000001",
        price=("retailPrice",),
        usd_per_hour=lambda price: price,
        gpu=("armSkuName",),
        keeps_unknown_gpus=False,
        needed=[("currencyCode",), ("armRegionName",), ("armSkuName",), ("productName",)],
    ),
    Sample(
        source=Nosana,
        file_of=lambda _: "markets.json",
        rows_file="markets.json",
        row=(0,),
        mark="nvidia-4090",
        price=("usd_reward_per_hour",),
        usd_per_hour=lambda price: price,
        gpu=("name",),
        keeps_unknown_gpus=True,
        needed=[("address",), ("name",), ("type",)],
    ),
    Sample(
        source=Lium,
        file_of=lambda _: "nodes.json",
        rows_file="nodes.json",
        row=("nodes", 0),
        mark="00000000aa01",
        price=("price_per_gpu_hour",),
        usd_per_hour=lambda price: price * 8,
        gpu=("gpu_model",),
        keeps_unknown_gpus=True,
        needed=[("id",), ("gpu_model",), ("tier",)],
    ),
)
SAMPLES = {sample.name: sample for sample in _SAMPLES}


class Fake:
    """A source in memory: it says what the test says, after what ``before`` does, and counts."""

    has_offers = True

    def __init__(
        self,
        name: str = "akash",
        said: Reading | Exception | None = None,
        before: Callable[[], object] = lambda: None,
        *,
        refresh_seconds: int = 3600,
    ) -> None:
        self.name, self.said, self.before = name, said, before
        self.refresh_seconds = refresh_seconds
        self.times_asked = 0

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        del http, catalogue
        self.times_asked += 1
        self.before()
        if isinstance(self.said, Exception):
            raise self.said
        return []

    def parse(self, answers: Sequence[Answer], observed_at: datetime, _: Catalogue) -> Reading:
        del answers
        assert not isinstance(self.said, Exception)
        usual = offer(network=self.name, offer_id=f"{self.name}:1", observed_at=observed_at)
        return self.said or Reading([usual])


def client(answers: Answers) -> HttpClient:
    """A real client with tiny limits whose requests end here and whose pauses take no time."""
    return HttpClient(TINY, transport=httpx.MockTransport(answers), sleep=lambda _: None)


def answering(sample: Sample, texts: Texts) -> Answers:
    return lambda request: httpx.Response(200, text=texts[sample.file_of(request)])


def _nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"asked {request.url}")


def ingest(lake: Lake, answers: Answers = _nobody, now: datetime = NOW) -> Ingest:
    return Ingest(lake, client(answers), catalogue(), lambda: now)


def endless(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=itertools.repeat(b" " * 999_999))


def says(status: int, text: str = "", **headers: str) -> Answers:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, text=text, headers=named)


def fails(error: type[httpx.TransportError]) -> Answers:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("no luck", request=request)

    return answer
