"""Old drops go when their days stand in the daily tables; the rest stays for ever."""

from datetime import timedelta

import pytest

from data import history
from data import offers as questions
from data.compaction import compact
from data.history import roll_up
from data.keeping import keep, kept
from data.market import Lake
from data.retention import Removed, retain
from data.settings import BadSettings, Settings
from engine.market import providers_frame
from tests.data.test_market import saved
from tests.support import OBSERVED

NOW = OBSERVED + timedelta(days=500)
OFFER = "akash:p1:h100 80Gi SXM5:on_demand:-"


@pytest.fixture
def old(lake):
    """Two readings on each of three days, long ago, and one of today."""
    for day in range(3):
        for hour in range(2):
            saved(lake, OBSERVED + timedelta(days=day, hours=hour), f"{day + 1}.5")
    saved(lake, NOW, "9")
    return lake


def drops(lake: Lake) -> list[str]:
    return sorted(path.stem for path in (lake.root / "offers").rglob("*.parquet"))


def told(lake: Lake) -> list[object]:
    ours = history.model_history(lake, "H100-SXM", days=None).filter(collected_by="Necto")
    facts = history.market_facts(lake, NOW, days=None)
    prices = history.offer_history(lake, OFFER, "akash", days=None)
    return [ours.to_dicts(), facts.to_dicts(), prices.to_dicts(), list(lake.run_ids("akash"))]


@pytest.mark.parametrize("merged", [True, False])
def test_what_is_forgotten_changes_no_series(old, merged):
    roll_up(old, "akash", NOW)
    before = told(old)
    if merged:
        compact(old, "akash", NOW)

    removed = retain(old, "akash", NOW, 400)

    assert (removed.days, removed.files, removed.days_waiting) == (3, 3 if merged else 6, 0)
    assert removed.bytes > 0
    assert told(old) == before
    assert old.days("offers", "akash") == [NOW.date()]
    assert questions.latest(Lake(old.root), NOW).offers.height == 1


def test_a_day_that_is_not_rolled_up_keeps_its_drops(old):
    assert retain(old, "akash", NOW, 400) == Removed(days_waiting=3)
    assert len(drops(old)) == 7


@pytest.mark.parametrize(("keep_days", "left"), [(0, 7), (600, 7), (499, 5), (400, 1)])
def test_what_is_young_enough_stays(old, keep_days, left):
    roll_up(old, "akash", NOW)
    retain(old, "akash", NOW, keep_days)

    assert len(drops(old)) == left


def test_the_newest_drop_stays_however_old(lake):
    for day in range(2):
        saved(lake, OBSERVED + timedelta(days=day))
    newest = lake.newest_drop("offers", "akash")
    roll_up(lake, "akash", NOW)

    retain(lake, "akash", NOW, 1)

    assert drops(lake) == [newest.stem]


@pytest.mark.parametrize("merged", [True, False])
def test_what_a_decision_names_stays(old, merged):
    mine, other = drops(old)[0], drops(old)[3]
    keep(old, "akash", mine, "decision 1")
    roll_up(old, "akash", NOW)
    if merged:
        compact(old, "akash", NOW)

    retain(old, "akash", NOW, 400, protected=[other])

    runs = {path.stem for day in old.days("offers", "akash") for path in old.drops_on(
        "offers", "akash", day)}  # fmt: skip
    assert {mine, other} <= runs
    assert kept(old, "akash") == {mine}
    assert mine in drops(old)  # in its own file, with its own digest


def test_only_a_run_can_be_kept(lake):
    with pytest.raises(ValueError, match="not the name of a run"):
        keep(lake, "akash", "../../etc", "no")
    assert kept(lake, "akash") == frozenset()


def test_a_damaged_month_whose_drops_are_gone_is_kept_aside_and_its_days_are_named(old):
    roll_up(old, "akash", NOW)
    retain(old, "akash", NOW, 400)
    month = old.root / "daily" / "network=akash" / "month=2026-11.parquet"
    content = month.read_bytes()
    month.write_bytes(content[:-20])

    roll_up(old, "akash", NOW + timedelta(days=1))

    name, reason = next(iter(old.aside().items()))
    assert "drops are gone: 2026-11-23, 2026-11-24, 2026-11-25" in reason
    assert (old.root / "set-aside" / name).read_bytes() == content[:-20]
    assert (
        history.model_history(old, "H100-SXM", days=None).filter(collected_by="Necto").height == 4
    )


def test_damaged_bands_whose_drops_are_gone_are_made_from_the_daily_prices(old):
    roll_up(old, "akash", NOW)
    retain(old, "akash", NOW, 400)
    before = history.bands(old, "H100-SXM", NOW, days=None).drop("runs", "runs_free")
    month = old.root / "bands" / "network=akash" / "month=2026-11.parquet"
    month.write_bytes(b"")

    roll_up(old, "akash", NOW)

    after = history.bands(old, "H100-SXM", NOW, days=None)
    assert after.drop("runs", "runs_free").equals(before)
    assert after["runs"].to_list() == [None, None, None, 1]  # unknown, not zero


def test_days_to_keep_are_a_whole_number_not_below_zero():
    assert Settings.from_env({}).keep_days == 400
    assert Settings.from_env({"NECTO_KEEP_DAYS": "0"}).keep_days == 0
    for wrong in ("-1", "a year", "1.5"):
        with pytest.raises(BadSettings, match="NECTO_KEEP_DAYS"):
            Settings.from_env({"NECTO_KEEP_DAYS": wrong})


def test_a_run_that_gave_facts_about_providers_can_be_kept_too(lake):
    drop = saved(lake, OBSERVED)
    with pytest.raises(LookupError, match="the providers of run"):
        keep(lake, "akash", drop.stem, "a decision", "providers")
    lake.save("providers", "akash", drop.stem, providers_frame([]))
    keep(lake, "akash", drop.stem, "a decision", "providers")

    assert kept(lake, "akash") == {drop.stem}


def test_a_run_that_goes_while_it_is_marked_is_not_kept(lake, monkeypatch):
    drop = saved(lake, OBSERVED)
    monkeypatch.setattr("data.keeping.write_text", lambda _path, _why: drop.unlink())

    with pytest.raises(LookupError, match="have just gone"):
        keep(lake, "akash", drop.stem, "a decision")


def test_a_run_that_is_kept_at_the_last_moment_stays(old):
    first = old.drops_on("offers", "akash", OBSERVED.date())[-1]
    roll_up(old, "akash", NOW)

    def told(_retired):
        raise AssertionError("nothing may go but what nobody keeps")

    for path in old.drops_on("offers", "akash", OBSERVED.date()):
        keep(old, "akash", path.stem, "a decision")
    compact(old, "akash", NOW)
    removed = retain(old, "akash", OBSERVED + timedelta(days=401, hours=12), 400, told=told)
    assert (removed.files, first.exists()) == (0, True)
