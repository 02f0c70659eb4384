"""Our own made-up answers of every source, and where in them the row lies that a test spoils.

A new network adds its answers under ``tests/samples/<name>/`` and one ``Sample`` here; every test
of ``test_every_source.py`` then holds for it too.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.base import Answer, Connector, Http, Reading, Source
from connectors.baselines.aws import Aws
from connectors.baselines.azure import Azure
from connectors.baselines.google import Google
from connectors.http import HttpClient, Limits
from connectors.jobs.ingest import Ingest
from connectors.networks.aethir import Aethir
from connectors.networks.akash import Akash
from connectors.networks.fluence import Fluence
from connectors.networks.ionet import IoNet
from connectors.networks.lium import Lium
from connectors.networks.nosana import Nosana
from connectors.networks.render import Render
from data.market import Lake
from data.shipped import catalogue
from engine.resources import Catalogue
from tests.connectors.codecs import Place, at, codec_of
from tests.support import offer

FOLDER = Path(__file__).parents[1] / "samples"
NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
TINY = Limits(host_spacing_seconds=0, attempts_max=2, body_bytes_max=100_000)

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
    """The number that the row is about: a price, or the figure of a source of signals only."""
    essential: Sequence[str] = ()
    """The files without which there is no reading; empty: all of them."""
    needed: Sequence[Place]
    """Fields beside the price without which the row is no offer."""
    usd_per_hour: Callable[[Decimal], Decimal] = lambda price: price
    """What the machine costs an hour if this number is the price in the row."""
    gpu: Place = ()
    """The seller's name of the GPU or of the machine; a signal has none."""
    keeps_unknown_gpus: bool = True
    passes_over: bool = False
    """Whether a row that is no GPU machine is no reject either: the list has everything."""
    key: str | None = None
    """A made-up key in the form the source takes; no test may find it anywhere afterwards."""

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def texts_in_row(self) -> list[Place]:
        """Where the row holds text that is read."""
        return [self.gpu, *self.needed] if self.gpu else [*self.needed]

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
        codec = codec_of(self.rows_file)
        document = codec.loads(texts[self.rows_file])
        change(document)
        return texts | {self.rows_file: codec.dumps(document)}

    def without_row(self) -> dict[str, str]:
        return self.changed(lambda document: self.rows(document).pop(self.row[-1]))

    def with_token(self, place: Place, token: str) -> dict[str, str]:
        """The answers with this JSON text, valid or not, at a place of the row."""
        texts = self.texts()
        codec = codec_of(self.rows_file)
        spoiled = codec.with_token(texts[self.rows_file], (*self.row, *place), token)
        return texts | {self.rows_file: spoiled}


def places(value: Any, here: Place = ()) -> list[Place]:
    """Every place in a JSON value, the inner ones too."""
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(parts, dict):
        return []
    steps = [((*here, step), part) for step, part in parts.items()]
    return [place for step, part in steps for place in (step, *places(part, step))]


def kinds_of_places(value: Any) -> list[Place]:
    """Every place that differs by more than by which element of a list: of each kind one.

    The kind's last, so that others of its list stand before it; rows of a list are read alike.
    """
    kinds = {
        tuple(None if isinstance(step, int) else step for step in place): place
        for place in places(value)
    }
    return list(kinds.values())


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
    is_ours = "'Standard_ND96isr_H100_v5'" in wanted and "'Consumption'" in wanted
    return "h100.json" if is_ours else "none.json"


def _google_file(request: httpx.Request) -> str:
    return "skus-2.json" if request.url.params.get("pageToken") == "page-2" else "skus-1.json"


def _fluence_file(request: httpx.Request) -> str:
    name = request.url.path.removeprefix("/gpu/plans/")
    return f"{name or 'containers'}.json"


def _aws_file(request: httpx.Request) -> str:
    """The name of the index, or of a region's list: ``/…/<region>/index.csv``."""
    *_, folder, name = request.url.path.split("/")
    return name if folder == "current" else f"{folder}.csv"


_BID: Place = ("providersWithBestBid", 0, "bestBid")
_UNIT_PRICE: Place = ("pricingInfo", 0, "pricingExpression", "tieredRates", 0, "unitPrice")
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
        source=Google,
        file_of=_google_file,
        rows_file="skus-2.json",
        row=("skus", 0),
        mark="00AA-0000-000D",
        price=(*_UNIT_PRICE, "units"),
        # A machine is the sum of its parts: 4 vCPU and 15 GiB of RAM are on the other page.
        usd_per_hour=lambda gpu: gpu + 4 * Decimal("0.03125") + 15 * Decimal("0.004"),
        gpu=("description",),
        keeps_unknown_gpus=False,
        needed=[
            ("skuId",),
            ("description",),
            ("category",),
            ("category", "resourceGroup"),
            ("category", "usageType"),
            ("serviceRegions",),
            ("pricingInfo",),
            (*_UNIT_PRICE, "currencyCode"),
        ],
        key="AIzaSyD-made-up-by-a-test-000000000000",
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
    Sample(
        source=Render,
        file_of=lambda _: "offers.json",
        rows_file="offers.json",
        row=("data", 0),
        mark="made-up-aa01",
        price=("pricing", "hourly_rate_usd"),
        gpu=("hardware_summary", "gpu_model_label"),
        needed=[("offer_id",), ("hardware_summary", "gpu_model_label")],
        key="pk_test:sk_test",
    ),
    Sample(
        source=Aethir,
        file_of=lambda _: "revenue.json",
        rows_file="revenue.json",
        row=("dailyRevenue", 1),
        mark="row aa01",
        price=("usdValue",),
        needed=[("date",)],
    ),
    Sample(
        source=IoNet,
        file_of=lambda _: "hardware.json",
        rows_file="hardware.json",
        row=("data", "hardware", 0),
        mark="made-up-aa01",
        price=("price",),
        gpu=("name",),
        needed=[("id",), ("name",)],
        key="made-up-ionet-key",
    ),
    Sample(
        source=Fluence,
        file_of=_fluence_file,
        rows_file="containers.json",
        row=(0,),
        mark="h200-141gi-sxm-1gpu-16cpu-128gb-120gb",
        price=("plan", "pricing", "hour"),
        gpu=("plan", "gpu_model", "model"),
        needed=[("plan", "id"), ("plan", "gpu_model", "model"), ("plan", "pricing", "currency")],
        key="made-up-fluence-key",
    ),
    Sample(
        source=Aws,
        file_of=_aws_file,
        rows_file="us-east-1.csv",
        essential=["region_index.json", "us-east-1.csv"],  # of the regions it is the only one
        row=("rows", 0),
        mark="MADEUPSKU0000001.",
        price=("PricePerUnit",),
        usd_per_hour=lambda price: price,
        gpu=("Instance Type",),
        keeps_unknown_gpus=False,
        passes_over=True,
        needed=[("Instance Type",), ("Region Code",), ("EffectiveDate",), ("Currency",)],
    ),
)
SAMPLES = {sample.name: sample for sample in _SAMPLES}


class Fake:
    """A source in memory: it says what the test says, after what ``before`` does, and counts."""

    has_offers = True
    base_url = "http://127.0.0.1:9"

    def __init__(
        self,
        name: str = "akash",
        said: Reading | Exception | None = None,
        before: Callable[[], object] = lambda: None,
        *,
        refresh_seconds: int = 3600,
        forced_seconds: int = 0,
    ) -> None:
        self.name, self.said, self.before = name, said, before
        self.refresh_seconds = refresh_seconds
        self.forced_seconds = forced_seconds
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
