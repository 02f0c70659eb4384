"""Defects that a reviewer found: each stays mended."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from connectors.base import Answer, public
from data import keeping
from data.compaction import compact
from data.files import write_text
from data.market import Lake
from data.runs import lines
from engine.grid import like_for_like
from engine.market import offers_frame
from engine.overview import network_savings
from engine.signals import Signal
from tests.connectors.samples import NOW, Fake, ingest
from tests.data.test_market import saved
from tests.support import OBSERVED, baseline, offer
from tests.test_truth import FRAME

BASE = offers_frame([baseline()])


def aethir(price: str, basis: str) -> object:
    return offer(
        offer_id=f"aethir:{basis}", network="aethir", usd_per_hour=Decimal(price), price_basis=basis
    )


def test_a_firm_price_is_not_hidden_by_the_same_network_s_cheaper_list_price():
    sold = offers_frame([aethir("1.00", "list"), aethir("1.10", "instance"), offer()])
    grid = like_for_like(sold, BASE, ["aethir", "akash"], "on_demand", OBSERVED).to_dicts()[0]
    cheapest = network_savings(sold, BASE, "H100-SXM", OBSERVED)

    assert (grid["best_network"], grid["best_usd_per_gpu_hour"]) == ("aethir", Decimal("1.1"))
    assert cheapest["offer_id"].to_list() == ["aethir:instance", offer().offer_id]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:hunter2@127.0.0.1:9/v1/gpu", "http://127.0.0.1:9/v1/gpu"),
        ("https://k@host/a?b=c@d", "https://host/a?b=c@d"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_a_password_in_an_address_is_in_no_answer(url, shown):
    assert (public(url), Answer(url, b"").url) == (shown, shown)


def test_signals_are_merged_like_everything_else(lake):
    said = Signal(network="akash", signal="gpus_total", at=NOW, observed_at=NOW,
                  source_kind="live", source="a test", value=3.0)  # fmt: skip
    from connectors.base import Reading  # noqa: PLC0415 - one use

    for hours in (72, 71, 0):
        reading = Reading([offer(network="akash")], signals=[said])
        ingest(lake, now=NOW - timedelta(hours=hours)).run(Fake("akash", reading))
    before = lake.frame("signals", [*_signals(lake)], ["network", "value"])
    done = compact(lake, "akash", NOW)

    assert done.problems == ()
    assert lake.frame("signals", [*_signals(lake)], ["network", "value"]).equals(before)
    counted = lake.query("signals", _signals(lake), 'SELECT count("at") AS n FROM drops')
    assert counted["n"].to_list() == [3]


def _signals(lake: Lake) -> list:
    return [
        d for day in lake.days("signals", "akash") for d in lake.drops_on("signals", "akash", day)
    ]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_a_record_with_an_odd_line_break_survives_the_merging(tmp_path, sign):
    (tmp_path / "day.jsonl").write_text(f'{{"run_id": "r", "message": "us{sign}east"}}\n', "utf-8")

    assert list(lines(tmp_path)[0]) == ["r"]
    assert lines(tmp_path)[1] == []


def test_threads_of_one_process_write_one_file_without_harm(tmp_path):
    faults: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(50):
                write_text(tmp_path / "request", "x" * 2000)
        except OSError as error:
            faults.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (tmp_path / "request").read_text() == "x" * 2000


def test_a_run_without_a_file_of_its_own_cannot_be_kept(lake):
    saved(lake, OBSERVED)
    with pytest.raises(LookupError, match="no file of their own"):
        keeping.keep(lake, "akash", lake.new_run_id("akash", OBSERVED), "a decision")


def test_a_market_that_cannot_be_read_is_said_on_every_page(home):
    folder = home / "market" / "cards" / "seller=aethir" / "card=a" / "version=1"
    Lake(home / "market")
    folder.mkdir(parents=True)
    (home / "market" / "offers").rmdir()
    (home / "market" / "offers").write_text("a file where the folder should be")
    visitor = AppTest.from_file(str(FRAME), default_timeout=60).run()

    assert not visitor.exception
    assert any("cannot be read" in error.value for error in visitor.error)


def test_a_link_puts_no_picture_on_the_dashboard(home):
    saved(Lake(home / "market"), NOW)
    visitor = AppTest.from_file(str(FRAME), default_timeout=60)
    visitor.query_params["model"] = "![x](http://evil.example/p.png)"
    visitor.run()
    texts = [*visitor.markdown, *visitor.subheader]

    assert not visitor.exception
    assert [t.value for t in texts if "![x](http" in t.value] == []
