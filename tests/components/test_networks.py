"""The Networks page: how each source does, how busy the networks are, what the clouds cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.jobs.connect import connected
from data import asks, preferences
from data.egress import egress_comparison
from data.market import Lake
from data.octanebench import octanebench_tiers
from data.worker import publish_connections
from engine.market import offers_frame
from engine.screening import ScreeningAnswer
from engine.signals import SIGNAL_NAMES, Signal, signals_frame
from tests.components.test_pages import recorded, visit, words  # noqa: F401 - fixtures
from tests.connectors.samples import SAMPLES, answering, ingest, says
from tests.support import ADA, baseline, house_of

BUSY, CLOUDS = "How busy", "Clouds side by side"
NOW = datetime.now(UTC)


@pytest.fixture
def lake(recorded):  # noqa: F811
    """The shipped figures, and what the worker said of its connections without any key."""
    publish_connections(recorded, [one.connection for one in connected(env={})])
    return Lake(recorded / "market")


def read(lake, name: str, answers=None) -> None:
    sample, at = SAMPLES[name], datetime.now(UTC)
    ingest(lake, answers or answering(sample, sample.texts()), at).run(sample.made())


def said(lake, *signals: Signal) -> None:
    network = signals[0].network
    lake.save("signals", network, lake.new_run_id(network, NOW), signals_frame(signals))


def signal(name, value=None, **changes) -> Signal:
    usual = {"network": "akash", "at": NOW, "observed_at": NOW, "source_kind": "live",
             "source": "a test"}  # fmt: skip
    return Signal(signal=name, value=value, **(usual | changes))


def lines(visitor, number: int = 0):
    """The lines of a table, by what stands in its first column."""
    rows = visitor.dataframe[number].value.to_dict("records")
    return {next(iter(row.values())): row for row in rows}


def test_every_source_has_its_word_and_what_to_do(lake, tmp_path):
    read(lake, "lium")
    read(lake, "nosana", says(403))
    read(lake, "aethir")
    preferences.switch(house_of(tmp_path), ADA, "azure", on=False)
    found = lines(visit("networks"))

    words_ = {"Akash": "recorded", "Lium": "live", "Nosana": "failing", "Azure": "off",
              "Aethir": "live", "Render": "no key", "io.net": "off"}  # fmt: skip
    assert {name: found[name]["Status"] for name in words_} == words_
    assert "set NECTO_RENDER_KEY" in found["Render"]["Last reading"]
    assert "until its terms are reviewed" in found["io.net"]["Last reading"]
    assert found["Azure"]["Figures"] == "recorded"
    assert "signals only" in found["Aethir"]["Last reading"]


def test_a_source_that_fails_keeps_its_figures_and_says_why(lake):
    read(lake, "nosana", says(403))
    row = lines(visit("networks"))["Nosana"]

    assert (row["Status"], row["Figures"], row["Offers"]) == ("failing", "recorded", 8)
    assert "403" in row["Last reading"]


def test_rows_without_an_offer_and_files_set_aside_are_listed(lake):
    read(lake, "akash")
    stray = lake.root / "offers" / "stray.txt"
    stray.write_text("x")
    lake.set_aside(stray, "not a file that Necto wrote")
    visitor = visit("networks")

    (unusable,) = (e.label for e in visitor.expander)
    assert unusable.startswith("Akash: 1 ")
    assert unusable.endswith(", and why")
    assert visitor.dataframe[1].value["Reason"].str.len().min() > 10
    assert "Set aside: " in words(visitor)


def test_without_a_signal_the_page_says_when_there_will_be(lake):
    visitor = visit("networks", view=BUSY)

    assert "No network has said anything about itself yet" in words(visitor)
    assert not visitor.metric


def test_what_networks_say_of_themselves_is_shown_with_its_day(lake):
    read(lake, "akash")
    read(lake, "aethir")
    visitor = visit("networks", view=BUSY)
    shown = {metric.label: metric.value for metric in visitor.metric}

    assert shown[f"Akash: {SIGNAL_NAMES['utilisation']}"] == "70 %"
    assert shown[f"Akash: {SIGNAL_NAMES['gpus_total']}"] == "31"
    assert shown[f"Aethir: {SIGNAL_NAMES['revenue_usd_day']}"].startswith("$")
    assert all("read just now" in metric.delta for metric in visitor.metric)


def test_utilisation_is_drawn_day_by_day_beside_the_gpus_of_each_kind(lake):
    read(lake, "akash")
    visitor = visit("networks", view=BUSY)

    assert [chart.key for chart in visitor.get("plotly_chart")] == ["utilisation_akash"]
    row = lines(visitor)["H100-SXM"]
    assert list(row.values())[1:3] == [10, 6]  # in all, leased
    assert "Akash: GPUs leased, day by day" in [s.value for s in visitor.subheader]


def test_a_network_that_tells_no_utilisation_has_no_chart(lake):
    read(lake, "aethir")

    assert not visit("networks", view=BUSY).get("plotly_chart")


@pytest.mark.parametrize(("state", "is_risk"), [("healthy", False), ("halt_*cr*", True)])
def test_a_payment_mechanism_that_is_not_healthy_is_a_risk_said_first(lake, state, is_risk):
    said(lake, signal("risk_status", text=state, at=NOW - timedelta(days=4)))
    warned = [w.value for w in visit("networks", view=BUSY).warning if "payment" in w.value]

    assert bool(warned) == is_risk
    if is_risk:
        assert "Do not top up" in warned[0]
        assert "halt\\_\\*cr\\*" in warned[0]


def test_a_table_of_kinds_shows_only_what_is_said(lake):
    said(
        lake,
        signal("utilisation", 0.5),
        signal("gpus_leased", 3.0, subject="L40S"),
    )
    visitor = visit("networks", view=BUSY)

    assert list(visitor.dataframe[0].value.columns) == ["GPU", "Leased"]


def test_h100_of_the_three_clouds_stand_side_by_side_on_demand(lake):
    rows = visit("networks", view=CLOUDS).dataframe[0].value
    on_demand = rows[rows["Term"] == "on demand"]

    assert on_demand["Provider"].to_list() == ["AWS", "Azure", "Google Cloud"]
    assert on_demand["USD/GPU-h"].to_list()[0] == 6.88
    assert on_demand["Source"].str.len().min() > 10


def test_a_reserved_price_is_its_own_line_where_there_is_one(lake):
    reserved = baseline(
        offer_id="aws:r", term="reserved_1y", usd_per_hour=Decimal("4.5"), observed_at=NOW
    )
    at = lake.new_run_id("aws", NOW)
    lake.save("offers", "aws", at, offers_frame([baseline(observed_at=NOW), reserved]))
    rows = visit("networks", view=CLOUDS).dataframe[0].value
    aws = rows[rows["Provider"] == "AWS"]

    assert dict(zip(aws["Term"], aws["USD/GPU-h"], strict=True)) == {
        "on demand": 6.88, "reserved 1 year": 4.5,
    }  # fmt: skip


def test_another_gpu_is_chosen_and_kept_in_the_address(lake):
    visitor = visit("networks", view=CLOUDS, model="A100-80-SXM")

    assert visitor.selectbox("model").value == "A100-80-SXM"
    assert not visitor.dataframe[0].value.empty


def test_egress_costs_what_the_volume_asked_costs(lake):
    visitor = visit("networks", view=CLOUDS)
    usual = lines(visitor, 1)
    assert usual["AWS"]["USD a month"] == 81
    assert usual["Oracle Cloud"]["USD a month"] == 0

    visitor.number_input("gb").set_value(50_000).run()
    more = {name: row["USD a month"] for name, row in lines(visitor, 1).items()}
    costs = egress_comparison(Decimal(50_000))
    assert sorted(more.values()) == sorted(float(usd) for usd in costs["usd"])
    assert more["AWS"] > 10 * usual["AWS"]["USD a month"]


def test_what_a_credit_buys_is_told_as_each_source_tells_it(lake):
    visitor = visit("networks", view=CLOUDS)

    assert len(visitor.dataframe[2].value) == len(octanebench_tiers())
    assert "Two sites of the operator disagree" in words(visitor)


def test_without_baselines_the_clouds_say_so(home):
    visitor = visit("networks", view=CLOUDS)

    assert "No hyperscaler lists this GPU" in words(visitor)
    assert len(visitor.dataframe[0].value) == 4


def test_who_can_bid_is_asked_of_the_worker_and_its_answer_is_shown(recorded):  # noqa: F811
    visitor = visit("networks", view="Who can bid")
    next(b for b in visitor.button if "Ask who can bid" in b.label).click().run()
    (asked,) = asks.take_asks(recorded, datetime.now(UTC))
    assert "The worker is asking Akash" in words(visitor)
    at = datetime.now(UTC)
    given = ScreeningAnswer(
        ask_id=asked.ask_id, ask=asked.ask, asked_at=at, answered_at=at, outcome="ok",
        sentence="0 providers can bid now, 0 audited",
    )  # fmt: skip
    asks.save_answer(recorded, given)
    visitor.run()

    assert "0 providers can bid now" in words(visitor)
    assert asked.ask.signed_by_any != ()


def test_without_an_offer_of_akash_nobody_can_be_asked(home):
    assert "No offer of Akash is known yet" in words(visit("networks", view="Who can bid"))
