"""Rate cards as they are kept: immutable, versioned, on the market on their days only."""

import multiprocessing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from data import offers as questions
from data.card_originals import original
from data.market import BrokenLake, Lake
from data.rate_cards import (
    card_rows,
    cards,
    current,
    import_card,
    raw_row,
    version_of,
    whole_rows,
    withdraw,
)
from data.status import Status, metrics_text
from engine.sources import source_statuses
from tests.cards import NOW, card, row
from tests.data.test_market import saved
from tests.support import OBSERVED

DAY = timedelta(days=1)


def kept(lake, *rows, filename="rates.csv", now=NOW):
    return import_card(lake, card(*rows, filename=filename), by="Ada", now=now)


def states(lake, now=NOW):
    return [(c.record.seller, c.record.version, c.state) for c in cards(lake, now)]


def prices(lake, now=NOW):
    return current(lake, now)["usd_per_gpu_hour"].to_list()


def test_an_import_remembers_who_what_and_when(lake):
    (record,) = kept(lake).new

    assert (record.seller, record.name, record.version, record.rows) == ("aethir", "rates", 1, 1)
    assert (record.imported_by, record.imported_at, record.supersedes) == ("Ada", NOW, None)
    assert (record.valid_from, record.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert original(lake, record) == card().content
    assert card_rows(lake, record)["observed_at"][0] == NOW.replace(tzinfo=None)


def test_a_newer_version_supersedes_the_older_which_stays_readable(lake):
    (first,) = kept(lake).new
    (second,) = kept(lake, row(usd_per_gpu_hour="2"), now=NOW + DAY).new

    assert (second.version, second.supersedes) == (2, 1)
    assert states(lake) == [("aethir", 1, "superseded"), ("aethir", 2, "current")]
    assert prices(lake) == [Decimal(2)]
    assert card_rows(lake, first)["usd_per_gpu_hour"].to_list() == [Decimal("2.15")]
    assert original(lake, first) != original(lake, second)


LATER = {"valid_from": "2026-12-24", "valid_until": "2027-12-31"}


def test_a_newer_version_that_begins_later_says_which_days_have_no_price(lake):
    kept(lake)
    done = kept(lake, row(**LATER))

    assert prices(lake) == []
    assert len(done.gaps) == 1
    assert done.gaps[0].startswith("aethir has no price of rates from 2026-11-23 to 2026-12-23: ")
    assert "version 1, which held on these days" in done.gaps[0]


def test_no_gap_is_told_where_no_price_is_lost(lake):
    assert kept(lake, row(**LATER)).gaps == ()
    assert kept(lake, row(valid_until="2026-12-23"), row(**LATER)).gaps == ()
    withdraw(lake, "aethir", "rates", reason="cancelled", by="Bea", now=NOW)
    assert kept(lake, row(**LATER)).gaps == ()


def test_a_version_is_found_by_its_number_or_as_the_newest(lake):
    (first,) = kept(lake).new
    (second,) = kept(lake, row(usd_per_gpu_hour="2")).new

    assert version_of(lake, "aethir", "rates") == second
    assert version_of(lake, "aethir", "rates", 1) == first
    with pytest.raises(LookupError, match="no version 3, up to 2"):
        version_of(lake, "aethir", "rates", 3)


def test_the_same_bytes_again_change_nothing(lake):
    first = kept(lake)
    again = kept(lake, now=NOW + DAY)

    assert (again.new, again.known) == ((), first.new)
    assert len(cards(lake, NOW)) == 1


def test_an_older_file_after_a_newer_one_is_a_new_version(lake):
    kept(lake)
    kept(lake, row(usd_per_gpu_hour="2"))
    (third,) = kept(lake).new

    assert (third.version, prices(lake)) == (3, [Decimal("2.15")])


def test_several_sellers_in_one_file_are_one_card_each(lake):
    kept(lake, row(), row(seller="aws", usd_per_gpu_hour="4"))
    (newer,) = kept(lake, row(usd_per_gpu_hour="2")).new

    assert newer.seller == "aethir"
    assert states(lake)[-1] == ("aws", 1, "current")
    assert prices(lake) == [Decimal(2), Decimal(4)]


def test_cards_of_other_names_stand_beside_each_other(lake):
    kept(lake)
    kept(lake, filename="more.csv")

    assert current(lake, NOW)["offer_id"].n_unique() == 2


def test_a_price_is_on_the_market_on_its_days_only(lake):
    early = row(valid_from="2026-11-01", valid_until="2026-11-23")
    late = row(valid_from="2026-11-24", valid_until="2026-12-31", usd_per_gpu_hour="2")
    kept(lake, early, late)
    midnight = NOW.replace(hour=0)

    assert prices(lake, midnight) == prices(lake, midnight + DAY - timedelta(seconds=1))
    assert prices(lake, midnight) == [Decimal("2.15")]
    assert prices(lake, midnight + DAY) == [Decimal(2)]
    days = [NOW - 23 * DAY, NOW, NOW + 39 * DAY]
    assert [states(lake, day)[0][2] for day in days] == ["not yet valid", "current", "expired"]


def test_a_withdrawn_card_leaves_the_market_and_its_fact_stays(lake):
    kept(lake)
    fact = withdraw(lake, "aethir", "rates", reason="cancelled", by="Bea", now=NOW)

    (only,) = cards(lake, NOW)
    assert (only.state, only.withdrawal) == ("withdrawn", fact)
    assert (fact.by, fact.reason, fact.version) == ("Bea", "cancelled", 1)
    assert prices(lake) == []
    assert withdraw(lake, "aethir", "rates", reason="x", by="Cy", now=NOW + DAY) == fact


def test_a_withdrawn_card_comes_back_as_a_new_version_also_with_the_same_bytes(lake):
    kept(lake)
    withdraw(lake, "aethir", "rates", reason="cancelled", by="Bea", now=NOW)
    kept(lake)

    assert states(lake) == [("aethir", 1, "withdrawn"), ("aethir", 2, "current")]


def test_a_withdrawal_does_not_bring_back_the_version_before(lake):
    kept(lake)
    kept(lake, row(usd_per_gpu_hour="2"))
    withdraw(lake, "aethir", "rates", reason="cancelled", by="Bea", now=NOW)

    assert states(lake) == [("aethir", 1, "superseded"), ("aethir", 2, "withdrawn")]
    assert prices(lake) == []


def test_every_change_has_a_name_and_a_withdrawal_a_reason(lake):
    with pytest.raises(ValueError, match="who does it"):
        import_card(lake, card(), by=" ", now=NOW)
    kept(lake)
    with pytest.raises(ValueError, match="why"):
        withdraw(lake, "aethir", "rates", reason=" ", by="Bea", now=NOW)
    with pytest.raises(LookupError):
        withdraw(lake, "aethir", "../rates", reason="x", by="Bea", now=NOW)
    with pytest.raises(LookupError):
        withdraw(lake, "aethir", "others", reason="x", by="Bea", now=NOW)


def test_a_version_without_a_record_was_never_imported(lake):
    (record,) = kept(lake).new
    folder = lake.root / "cards" / "seller=aethir" / "card=rates"
    (folder / "version=000001" / "record.json").unlink()

    assert prices(lake) == []
    assert kept(lake).new[0].version == record.version


def test_a_drop_that_was_changed_is_set_aside_and_can_be_imported_again(lake):
    kept(lake)
    drop = (
        lake.root / "cards" / "seller=aethir" / "card=rates" / "version=000001" / "offers.parquet"
    )
    drop.write_bytes(drop.read_bytes() + b"x")

    assert prices(lake) == []
    with pytest.raises(LookupError, match="no longer what was imported: import"):
        whole_rows(lake, version_of(lake, "aethir", "rates"))
    assert "digest differs" in next(iter(lake.aside().values()))
    assert kept(lake).new[0].version == 2
    assert prices(lake) == [Decimal("2.15")]


def test_a_damaged_record_never_lets_an_older_price_return_unseen(lake):
    kept(lake)
    (lake.root / "cards/seller=aethir/card=rates/version=000001/record.json").write_text("{")

    with pytest.raises(BrokenLake, match=r"record\.json is damaged"):
        current(lake, NOW)


def test_an_original_that_was_changed_or_lost_is_said(lake):
    (record,) = kept(lake).new
    path = lake.root / "cards" / "originals" / record.original_sha256
    path.write_bytes(b"other")
    with pytest.raises(LookupError, match="no longer what was imported"):
        original(lake, record)
    path.unlink()
    with pytest.raises(LookupError, match=r"rates\.csv is no longer"):
        original(lake, record)


def _import(root: str, price: int) -> None:
    kept(Lake(Path(root)), row(usd_per_gpu_hour=str(price)))


def test_processes_that_import_at_once_each_get_a_version(lake):
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_import, args=(str(lake.root), n)) for n in (1, 2)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)

    assert [process.exitcode for process in started] == [0, 0]
    assert [state for _, _, state in states(lake)] == ["superseded", "current"]


def test_the_market_shows_a_card_at_once_and_drops_it_the_day_after_its_last(lake):
    saved(lake, OBSERVED)
    assert questions.latest(lake, NOW).offers.height == 1
    kept(lake, row(), row(seller="aws", provider="p5.48xlarge", usd_per_gpu_hour="4"))

    market = questions.latest(lake, NOW)
    assert set(market.networks["network"]) == {"akash", "aethir"}
    assert market.baselines["network"].to_list() == ["aws"]
    assert questions.latest(lake, NOW + timedelta(minutes=5)) is market
    assert questions.latest(lake, NOW + 39 * DAY).offers.height == 1
    withdraw(lake, "aws", "rates", reason="cancelled", by="Bea", now=NOW)
    assert questions.latest(lake, NOW).baselines.height == 0


def test_the_raw_row_of_a_contract_price_is_what_was_typed(lake):
    kept(lake)
    (offer_id,) = current(lake, NOW)["offer_id"]

    raw = questions.raw_row(lake, "aethir", offer_id)

    assert raw is not None
    assert raw.splitlines()[0] == "seller: aethir"
    assert "usd_per_gpu_hour: 2.15" in raw
    assert raw_row(lake, "akash", offer_id) is None


def test_contract_prices_are_counted_apart_from_a_network_s_own_readings(lake):
    saved(lake, OBSERVED)
    kept(lake, row(), row(seller="akash"))

    aethir, akash = questions.states(lake, questions.latest(lake, NOW))

    assert (akash.status_at(NOW), akash.offers, akash.contract_offers) == ("live", 1, 1)
    assert (akash.observed_at, akash.oldest_at) == (OBSERVED, OBSERVED)
    assert (aethir.status_at(NOW), aethir.offers, aethir.contract_offers) == ("contract", 0, 1)
    assert (aethir.observed_at, aethir.oldest_at, aethir.last) == (NOW, NOW, None)


def test_metrics_count_contract_prices(lake):
    kept(lake)
    found = source_statuses(questions.states(lake, questions.latest(lake, NOW)), [], NOW)
    status = Status(
        at=NOW, sources=tuple(found), set_aside=0, heartbeat_age_seconds=1, worker_is_late=False
    )

    assert status.reasons_not_ready() == []
    assert 'necto_contract_offers{network="aethir"} 1.0' in metrics_text(status)
