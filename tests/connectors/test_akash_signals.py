"""What Akash's Console says beside its offers, and that its silence there costs no offer."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from connectors.base import Answer, Denied, Unreachable, Unreadable
from connectors.networks.akash import Akash
from connectors.networks.akash.facts import FACTS, per_block_within, usd_per_hour
from connectors.networks.akash.signals import HISTORY_DAYS, SIGNAL_PATHS, signals_of
from data import offers as questions
from engine.signals import Signal
from tests.connectors.samples import NOW, SAMPLES, answering, ingest
from tests.connectors.test_akash import success, undocumented, validator

SAMPLE = SAMPLES["akash"]
FILES = ("gpu.json", "gpu-breakdown.json", "bme-dashboard.json", "bme-status.json")
AMOUNTS = st.decimals(
    min_value=0, max_value=10_000_000, places=18, allow_nan=False, allow_infinity=False
)


@pytest.fixture
def openapi(shared) -> Any:
    return json.loads((shared / "networks/akash/console-api.openapi.json").read_text("utf-8"))


def said(catalogue: Any, **changed: Any) -> tuple[list[Signal], list[Any]]:
    """The signals and rejects of the sample, with some answers changed."""
    texts = SAMPLE.texts() | {f"{n.replace('_', '-')}.json": t for n, t in changed.items()}
    urls = [f"https://akash.example{path}" for path in SIGNAL_PATHS]
    answers = [Answer(u, texts[n].encode()) for u, n in zip(urls, FILES, strict=True)]
    return signals_of(answers, NOW, catalogue)


def values(signals: list[Signal], name: str, at: datetime | None = None) -> dict[Any, Any]:
    found = (s for s in signals if s.signal == name and s.at == (at or NOW))
    return {s.subject: s.value for s in found}


def test_gpus_are_counted_by_canonical_name_and_in_all(catalogue):
    signals, rejects = said(catalogue)
    assert rejects == []
    assert values(signals, "gpus_total") == {
        None: 31,
        "H100-SXM": 10,
        "quux9000 24Gi PCIe": 0,
    }
    assert values(signals, "gpus_leased") == {None: 22, "H100-SXM": 6, "quux9000 24Gi PCIe": 0}
    assert values(signals, "utilisation") == {None: 22 / 31, "H100-SXM": 0.6}


def test_each_day_is_told_by_gpu_and_in_all_and_utilisation_is_a_fraction(catalogue):
    signals, _ = said(catalogue)
    day = datetime(2026, 11, 22, tzinfo=UTC)
    assert values(signals, "utilisation", day) == {"H100": 0.75, "RTX 4090": 0.25, None: 0.65}
    assert values(signals, "gpus_total", day) == {"H100": 16, "RTX 4090": 4, None: 20}
    assert values(signals, "providers", day) == {"H100": 2, "RTX 4090": 1}
    assert values(signals, "nodes", day) == {"H100": 3, "RTX 4090": 1}
    assert values(signals, "utilisation", day - timedelta(days=1)) == {"H100": 0.5, None: 0.5}


def test_history_goes_back_400_days_and_no_further(catalogue):
    rows = json.loads(SAMPLE.texts()["gpu-breakdown.json"])
    days = [NOW.date() - timedelta(days=back) for back in (0, HISTORY_DAYS, HISTORY_DAYS + 1)]
    text = json.dumps([rows[0] | {"date": day.isoformat()} for day in days])
    signals, _ = said(catalogue, gpu_breakdown=text)
    assert {s.at.date() for s in signals if s.signal == "nodes"} == set(days[:2])


def test_the_payment_mechanism_is_told_in_the_network_s_own_word(catalogue):
    signals, _ = said(catalogue)
    (state,) = (s for s in signals if s.signal == "risk_status")
    (ratio,) = (s for s in signals if s.signal == "collateral_ratio")
    assert (state.text, state.value) == ("warning", None)
    assert state.at == datetime(2026, 11, 19, 9, 15, tzinfo=UTC)
    assert "was healthy before" in (state.note or "")
    assert (ratio.value, ratio.at) == (1.25, datetime(2026, 11, 23, 10, 30, tzinfo=UTC))
    assert "risk_status" not in {s.signal for s in said(catalogue, bme_status="[]")[0]}


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("gpu", "<html>", "signal_unreadable"),
        ("gpu", '{"gpus": {"total": {"allocatable": -1, "allocated": 0}}}', "signal_unreadable"),
        ("gpu_breakdown", "{}", "signal_unreadable"),
        ("gpu_breakdown", '[{"date": "yesterday"}]', "unreadable"),
        ("bme_dashboard", "[]", "unreadable"),
        ("bme_dashboard", '{"now": {"date": "x"}}', "unreadable"),
        ("bme_status", "7", "signal_unreadable"),
        ("bme_status", "[7]", "unreadable"),
    ],
)
def test_an_answer_that_cannot_be_read_is_told_and_spoils_no_other(catalogue, name, text, code):
    signals, rejects = said(catalogue, **{name: text})
    assert [r.code for r in rejects] == [code]
    silent = {"gpu": 0, "gpu_breakdown": 1, "bme_dashboard": 2, "bme_status": 3}[name]
    left = {s.source_url for s in signals}
    paths = [path for i, path in enumerate(SIGNAL_PATHS) if i != silent]
    assert left == {f"https://akash.example{path}" for path in paths}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("busy"), "signal_unreachable"),
        (Denied("no"), "signal_denied"),
        (Unreadable("what"), "signal_unreadable"),
    ],
)
def test_a_failure_is_named_by_what_to_do(catalogue, error, code):
    answers = [Answer("https://akash.example/v1/gpu", b"", error)]
    signals, (reject,) = signals_of(answers, NOW, catalogue)
    assert (signals, reject.code, reject.reason) == ([], code, str(error))
    assert "/v1/gpu" in reject.row


@pytest.mark.parametrize("status", [404, 403, 503])
def test_silence_beside_the_offers_costs_no_offer_and_is_told(lake, status):
    good = answering(SAMPLE, SAMPLE.texts())

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status) if request.url.path in SIGNAL_PATHS else good(request)

    record = ingest(lake, answer).run(Akash())
    assert (record.outcome, record.offers, record.message) == ("ok", 4, "4 offers")
    told = questions.rejects(lake, record)
    assert [code for code in told["code"] if code.startswith("signal_")] == 4 * [
        {404: "signal_unreadable", 403: "signal_denied", 503: "signal_unreachable"}[status]
    ]
    assert all(str(status) in r for c, r, _ in told.rows() if c.startswith("signal_"))


def test_signals_are_kept_with_their_run(lake):
    record = ingest(lake, answering(SAMPLE, SAMPLE.texts())).run(Akash())
    assert record.drops["signals"].rows == 8 + 21 + 1 + 1


@pytest.mark.parametrize(("path", "name"), list(zip(SIGNAL_PATHS, FILES, strict=True)))
def test_the_sample_is_what_the_network_documents(openapi, path, name):
    sample = json.loads(SAMPLE.texts()[name])
    schema = success(openapi, path)
    faults = Draft202012Validator(validator(schema)).iter_errors(sample)
    assert [f"{f.json_path}: {f.message}" for f in faults] == []
    assert undocumented(sample, schema) == set()


def test_the_recorded_count_of_gpus_is_read(shared, catalogue):
    recorded = shared / "networks/akash/recorded/console-api.live-excerpts.2026-07-17.json"
    body = json.dumps(json.loads(recorded.read_bytes())["GET /v1/gpu"]).encode()
    signals, rejects = signals_of([Answer("https://akash.example/v1/gpu", body)], NOW, catalogue)
    assert rejects == []
    assert values(signals, "gpus_total") == {
        None: 248, "A100-80-SXM": 48, "H100-SXM": 63, "H200-SXM": 40,
    }  # fmt: skip
    assert values(signals, "utilisation")["H200-SXM"] == 0.7


@settings(deadline=None, derandomize=True)
@given(per_block=AMOUNTS)
def test_uact_per_block_is_usd_per_hour_to_the_last_digit(per_block):
    hourly = usd_per_hour(per_block)
    assert Fraction(hourly) == Fraction(per_block) * 600 / 1_000_000
    assert Fraction(hourly) * 1_000_000 / 600 == Fraction(per_block)


@settings(deadline=None, derandomize=True)
@given(usd=AMOUNTS)
def test_a_price_cap_per_block_never_costs_more_than_the_cap_an_hour(usd):
    cap = per_block_within(usd)
    assert usd_per_hour(Decimal(cap)) <= usd < usd_per_hour(Decimal(cap + 1))


def test_chain_facts_are_those_that_were_recorded(shared):
    folder = shared / "networks/akash"
    meta = json.loads((folder / "net/mainnet.meta.json").read_bytes())
    known = {entry["address"].removesuffix(":443") for entry in meta["apis"]["rest"]}
    assert meta["chain_id"] == FACTS.chain_id
    assert set(FACTS.rest) <= known
    assert set(FACTS.explorers.values()) == {e["tx_page"] for e in meta["explorers"]}
    auditors = json.loads((folder / "console/auditors.json").read_bytes())
    assert FACTS.auditors == {a["address"]: a["name"] for a in auditors}
