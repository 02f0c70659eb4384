"""The necto command, as a person types it."""

import csv
import io
import json
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from data.market import Lake
from data.shipped import FOLDER
from engine.export import OFFER_COLUMNS

ASKED_FOR = {
    "offer_id", "network", "provider_id", "gpu_model", "gpu_count", "vcpu", "memory_gib",
    "storage_gib", "country_code", "term", "usd_per_hour", "usd_per_gpu_hour", "available",
    "available_count", "observed_at", "source_kind", "source",
}  # fmt: skip


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_offers_without_any_network_are_the_shipped_ones(necto):
    rows = json.loads(necto("offers", "--json").stdout)

    assert len(rows) == 53
    assert set(rows[0]) >= ASKED_FOR
    assert {row["source_kind"] for row in rows} == {"recorded"}


def test_offers_are_cheapest_per_gpu_hour_first(necto):
    rows = json.loads(necto("offers", "--gpu", "H100-SXM", "--json").stdout)
    prices = [Decimal(row["usd_per_gpu_hour"]) for row in rows]

    assert prices == sorted(prices)
    assert prices[0] == Decimal("3398.934588") * 600 / 1_000_000


def test_a_family_means_all_its_models(necto):
    rows = json.loads(necto("offers", "--gpu", "H100", "--json").stdout)

    assert {row["gpu_model"] for row in rows} == {"H100", "H100-SXM"}


def test_hyperscalers_are_listed_when_asked_for(necto):
    rows = json.loads(necto("offers", "--network", "aws", "--gpu", "H100-SXM", "--json").stdout)

    assert {row["network"] for row in rows} == {"aws"}
    assert "6.88" in {row["usd_per_gpu_hour"] for row in rows}


def test_the_country_filter_takes_codes_and_groups(necto):
    assert {r["country_code"] for r in json.loads(
        necto("offers", "--country", "jp", "--json").stdout)} == {"JP"}  # fmt: skip
    eu = json.loads(necto("offers", "--baselines", "--country", "EU", "--json").stdout)
    assert {"DE", "SE"} <= {row["country_code"] for row in eu}
    assert "GB" not in {row["country_code"] for row in eu}


def test_csv_and_json_say_the_same(necto):
    rows = json.loads(necto("offers", "--json").stdout)
    lines = list(csv.DictReader(io.StringIO(necto("offers", "--csv").stdout, newline="")))

    assert list(lines[0]) == list(OFFER_COLUMNS)
    assert [(r["offer_id"], r["usd_per_hour"]) for r in rows] == [
        (line["offer_id"], line["usd_per_hour"]) for line in lines
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["offers", "--gpu", "H1000"], "Closest known: H100"),
        (["offers", "--network", "nowhere"], "Known: akash"),
        (["offers", "--country", "Germany"], "ISO code (DE)"),
        (["offers", "--usd-per-gpu-hour-max", "cheap"], "not a number"),
        (["offers", "--usd-per-gpu-hour-max", "0"], "must be above zero"),
        (["offers", "--term", "weekly"], "weekly is no term: write one of"),
        (["savings", "--gpu", "nothing"], "Closest known"),
        (["ingest", "--network", "nowhere"], "Known: akash"),
    ],
)
def test_a_wrong_argument_says_what_to_write(necto, arguments, says):
    result = necto(*arguments)

    assert result.exit_code == 2
    assert says in result.stderr


def test_savings_are_like_for_like_and_labelled(necto):
    rows = json.loads(necto("savings", "--gpu", "H100-SXM", "--json").stdout)
    by_baseline = {row["baseline"]: row for row in rows}
    aws = by_baseline["aws"]

    assert set(by_baseline) == {"aws", "azure", "gcp"}
    assert (aws["confidence"], aws["baseline_observed_on"]) == ("C", "2026-07-20")
    ratio = Decimal(aws["usd_per_gpu_hour"]) / Decimal(aws["baseline_usd_per_gpu_hour"])
    assert aws["saving"] == pytest.approx(float(1 - ratio))
    assert aws["saving_adjusted"] < aws["saving"]


def test_savings_of_every_gpu_are_told_at_once(necto):
    rows = json.loads(necto("savings", "--json").stdout)

    assert len({row["gpu_model"] for row in rows}) > 3


def test_status_tells_what_was_set_aside_and_why(necto, tmp_path):
    lake = Lake(tmp_path / "market")
    stray = lake.root / "offers" / "stray.txt"
    stray.write_text("x")
    lake.set_aside(stray, "not a file that Necto wrote")

    assert "set aside: " in (said := necto("status").stdout)
    assert "not a file that Necto wrote" in said


def test_the_table_prints_for_people(necto):
    assert "akash" in necto("offers", "--gpu", "H100-SXM").stdout
    assert "62 to 70 %" in necto("savings", "--gpu", "H100-SXM").stdout
    assert "nothing found" in necto("offers", "--country", "AQ").stdout


def test_status_tells_age_kind_and_worker(necto, tmp_path):
    necto("offers")
    (Lake(tmp_path / "market").root / "offers" / "stray.txt").write_text("x")
    found = json.loads(necto("status", "--json").stdout)
    akash = next(n for n in found["networks"] if n["network"] == "akash")

    assert (akash["status"], akash["offers"], akash["observed_at"]) == (
        "recorded", 38, "2026-09-28T00:00:00Z",
    )  # fmt: skip
    assert akash["age_seconds"] > 0
    assert found["worker_alive"] is False
    assert "not running" in necto("status").stdout


def test_ingest_of_an_unreachable_network_ends_with_1_and_keeps_the_figures(necto, monkeypatch):
    monkeypatch.setenv("NECTO_AKASH_URL", closed_port())
    result = necto("ingest", "--network", "akash", "--json")
    (row,) = json.loads(result.stdout)

    assert (result.exit_code, row["outcome"]) == (1, "unreachable")
    assert len(json.loads(necto("offers", "--network", "akash", "--json").stdout)) == 38
    assert "failing" in necto("status").stdout


def test_ingest_leaves_a_network_to_the_process_that_is_at_it(necto, tmp_path):
    necto("offers")
    with Lake(tmp_path / "market").ingesting("akash"):
        result = necto("ingest", "--network", "akash")

    assert result.exit_code == 0
    assert "busy" in result.stdout


def test_live_mode_is_refused_with_the_reason(necto, monkeypatch):
    monkeypatch.setenv("NECTO_MODE", "live")
    result = necto("status")

    assert result.exit_code == 2
    assert "sign-in" in result.stderr


def test_a_home_that_cannot_be_written_is_refused_with_the_reason(necto, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NECTO_HOME", str(tmp_path / "file"))

    result = necto("offers")

    assert result.exit_code == 2
    assert "NECTO_HOME" in result.stderr


def test_help_imports_nothing_heavy():
    code = "import cli, sys; print(any(m in sys.modules for m in ('duckdb','polars','httpx')))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(FOLDER).parents[1],
    )  # fmt: skip

    assert found.stdout.strip() == "False"
