"""Markets made ready for routing: what they were read from is named, and once is enough."""

from datetime import timedelta

import pytest

from data.offers_file import read_offers
from data.routable import known_of, market_of
from data.routable_files import market_of_file, shipped_market
from engine.market import providers_frame
from engine.told_faults import BadFile
from tests.data.test_market import saved
from tests.data.test_rate_cards import kept
from tests.kept import provider
from tests.support import OBSERVED


def test_a_market_names_every_drop_that_it_was_read_from(lake):
    offers = saved(lake, OBSERVED)
    providers = lake.save(
        "providers", "akash", offers.stem, providers_frame([provider("one", 0.9)])
    )
    market = market_of(lake, OBSERVED)

    assert providers.rows == 1
    assert market.drops == tuple(
        f"{kind}/network=akash/day=2026-11-23/{offers.stem}.parquet"
        for kind in ("offers", "providers")
    )
    assert market.facts.providers.height == 1
    assert market.facts.history is not None


def test_it_is_prepared_again_only_when_something_is_newer(lake):
    saved(lake, OBSERVED)
    first = market_of(lake, OBSERVED)
    assert market_of(lake, OBSERVED) is first

    saved(lake, OBSERVED + timedelta(hours=1))
    assert market_of(lake, OBSERVED) is not first


def test_facts_about_providers_that_are_newer_make_another_market(lake):
    drop = saved(lake, OBSERVED)
    first = market_of(lake, OBSERVED)
    lake.save("providers", "akash", drop.stem, providers_frame([provider("one", 0.9)]))

    assert market_of(lake, OBSERVED).key != first.key
    known, drops = known_of(lake, ["akash", "nowhere"], OBSERVED)
    assert (known.providers.height, len(drops)) == (1, 1)


def test_the_shipped_figures_are_what_a_fresh_lake_would_hold(now):
    market = shipped_market(now)

    assert market.offers.height == 630
    assert market.key.startswith("shipped/")
    assert market.drops == ()


def test_offers_of_a_file_that_contradict_each_other_are_refused(tmp_path, now):
    path = tmp_path / "offers.csv"
    path.write_text("offer_id,network,gpu_model,gpu_count,usd_per_hour\n" + "a,mesh,H100,1,2\n" * 2)

    with pytest.raises(BadFile, match="occurs twice"):
        market_of_file(read_offers(path, now), now)


def test_a_rate_card_is_named_by_its_version(lake, now):
    kept(lake)
    market = market_of(lake, now)

    assert market.drops == ("cards/seller=aethir/card=rates/version=000001/offers.parquet",)
    assert (lake.root / market.drops[0]).exists()
