"""The benchmark of the router measures what it says: the same questions of the same offers."""

import sys

import polars as pl
import pytest

from benchmarks import router as benchmark
from benchmarks.routes import catalog, graphs
from benchmarks.routes.cpu import command
from benchmarks.routes.floor import Floor
from benchmarks.routes.markets import A100_BY_8, market_of
from benchmarks.routes.peers import VARIABLE, Peers, peers_at
from benchmarks.routes.table import Line, number, printed
from engine.market import OFFER_SCHEMA
from engine.routing import cheapest, route


def rows_in(folder, *lines, cloud="gcp"):
    """A catalog of one cloud, read back."""
    header = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice"
    place = folder / cloud
    place.mkdir()
    text = "\n".join((f"{header},Region,AvailabilityZone", *lines))
    (place / "vms.csv").write_text(text)
    return catalog.rows_of(folder)


@pytest.fixture(scope="module")
def offers():
    return catalog.offers_of(catalog.made_up(20_000))


@pytest.fixture(scope="module")
def bench(offers):
    priced = market_of(offers, with_figures=False)
    return benchmark.Bench(offers, market_of(offers), priced, None, {}, 1)


def test_a_row_of_a_catalog_is_an_offer_in_our_schema(tmp_path):
    rows = rows_in(tmp_path, "p5,H100,8,192,2048,98.32,40,us-east-1,a", cloud="aws")
    (offer,) = catalog.offers_of(rows).iter_rows(named=True)
    shown = ("network", "gpu_model", "gpu_count", "vcpu", "memory_gib", "country_code")
    assert tuple(offer) == tuple(OFFER_SCHEMA)
    assert [offer[name] for name in shown] == ["aws", "H100", 8, 192, 2048, "US"]
    assert str(offer["usd_per_hour"]).startswith("98.320000000")
    assert catalog.offers_of(rows, spot=True)["term"].to_list() == ["spot"]


def test_machines_without_a_gpu_are_listed_and_reach_no_job(tmp_path):
    rows = rows_in(tmp_path, "m5,,,4,16,0.2,,us-east-1,a", cloud="aws")
    market = market_of(catalog.offers_of(rows))
    refusals = route(A100_BY_8, market, None, catalog.NOW).refused
    assert refusals.height == 1


def test_rows_without_a_price_are_left_out(tmp_path):
    rows = rows_in(tmp_path, "a,,,4,16,0,,r,z", "b,,,4,16,,,r,z", "c,,,4,16,1,,r,z")
    assert catalog.offers_of(rows)["tier"].to_list() == ["c"]


def test_gcps_machines_cost_what_host_and_gpus_cost_together(tmp_path):
    rows = rows_in(
        tmp_path,
        "a2-ultragpu-8g,,,96,1360,10,4,r,z",
        ",A100-80GB,8,,,30,9,r,z",
        "n1-standard-8,,,8,30,1,0.5,r,z",
    )
    offers = catalog.offers_of(catalog.with_machines(rows))
    found = offers.select("gpu_name", "usd_per_hour", "price_basis").rows()
    assert [(name, float(usd), basis) for name, usd, basis in found] == [
        ("A100-80GB", 40, "instance"), ("A100-80GB", 30, "gpu_only"), ("none", 1, "instance"),
    ]  # fmt: skip


def test_gcps_cards_go_with_the_hosts_that_they_fit(tmp_path):
    rows = rows_in(
        tmp_path,
        "n1-standard-8,,,8,30,1,0.5,r,z",
        "n1-standard-16,,,16,60,2,1,r,z",
        "n1-standard-8,,,8,30,1,0.5,r,other",
        ",V100,1,,,5,2,r,z",
    )
    found = catalog.hosted(rows).select("InstanceType", "Price", "SpotPrice", "AcceleratorCount")
    assert found.rows() == [("n1-standard-8", 6.0, 2.5, 1.0)]


def test_a_repeated_market_has_that_many_offers_and_no_id_twice(offers):
    many = catalog.repeated(offers, 45_000)
    assert many.height == many["offer_id"].n_unique() == 45_000


def test_duckdb_gives_the_same_answer(offers, bench):
    floor = Floor(offers)
    quotes = cheapest(A100_BY_8, bench.market, None, catalog.NOW, 20)
    prices = [float(quote.usd_per_hour) for quote in quotes]
    assert prices == pytest.approx([row[3] for row in floor.cheapest()])
    assert len(floor.every()) == offers["gpu_model"].drop_nulls().len()


def test_the_layered_graph_is_the_one_that_skypilot_is_given():
    layers, line = graphs.layered(), graphs.chain()
    assert (len(layers), len(line)) == (37, 20)  # one edge is where the data lies
    assert {(e.source, e.target) for e in layers} >= {("t1", "t7"), ("t2", "t7"), ("t18", "t19")}


def test_moving_data_costs_what_skypilot_says_and_nothing_within_a_cloud():
    same = [("aws", 1.0)] * 20
    assert graphs.usd_of(same, graphs.chain()) == 20
    away = [("aws", 1.0)] * 19 + [("gcp", 1.0)]
    assert graphs.usd_of(away, graphs.chain()) == pytest.approx(20 + 37 * 0.09)


@pytest.mark.parametrize("part", benchmark.PARTS[:4])
def test_each_part_measures_without_the_peers(part, bench, capsys):
    lines = list(part(bench))
    printed(lines, ["DuckDB"])
    assert all(line.ms > 0 for line in lines)
    assert "| What (CPU ms) | Necto | DuckDB | Targets |" in capsys.readouterr().out


def test_a_target_is_met_or_missed():
    line = Line("x", 10, at_most=25, peers={"DuckDB": 4.0, "other": None}, times={"DuckDB": 0.5})
    assert line.targets() == "at most 25 ms: met; DuckDB at most 2 x its time: MISSED"
    assert (line.of_peer("DuckDB"), line.of_peer("other")) == ("4.00 (0.40 x)", "–")
    assert Line("x", 30, at_most=25, note="why").targets() == "at most 25 ms: MISSED; why"
    assert [number(n) for n in (1234.5, 12.34, 1.234)] == ["1,234", "12.3", "1.23"]


def test_a_command_is_timed_with_its_children(tmp_path):
    wall, cpu = command([sys.executable, "-c", "sum(range(10**6))"], tmp_path, "home", 1)
    assert wall > 0
    assert cpu > 0


def test_without_a_kit_there_are_no_peers(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert peers_at(None) is None
    with pytest.raises(FileNotFoundError, match="not the kit"):
        peers_at(str(tmp_path))
    (tmp_path / "setup.sh").touch()
    found = peers_at(str(tmp_path), str(tmp_path))
    assert found == Peers(tmp_path, tmp_path)
    assert not found.is_set_up


def test_a_made_up_catalog_has_gpus_and_machines_without(offers):
    with_gpu = offers.filter(pl.col("gpu_model").is_not_null()).height
    assert 0 < with_gpu < offers.height


def test_routing_and_making_ready_are_each_held_to_a_linear_cost():
    small = {"rows": 10, "route_ms": 1.0, "prepared_s": 1.0}
    large = {"rows": 100, "route_ms": 9.0, "prepared_s": 18.5}
    assert benchmark.grown({}, small) == ""
    routing, ready, _ = benchmark.grown(small, large).split("; ")
    assert routing.endswith("met")
    assert ready.startswith("making ready 1.85 x")
    assert ready.endswith("MISSED")
