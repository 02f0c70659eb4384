"""The life of an alert: opened once an episode, kept through a flicker, closed by itself."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from data.shipped import catalogue
from engine.alert_facts import Look
from engine.alert_states import Alert, Evidence, Signature, Verdict, changes
from engine.alerts import judged
from tests.engine.alert_looks import HOUR, NOW, asked, at, facts, kept, rule

FIRING = Verdict(state="firing", sentence="It is so.", keeps=True)
ONE, TWO = (Signature(key=key, value="v", auditor="x") for key in "ab")


def test_an_alert_opens_once_and_closes_once():
    seen = Evidence()
    quiet = Verdict(state="quiet", sentence="", keeps=False)
    fading = quiet.model_copy(update={"keeps": True})

    assert changes(FIRING, None) == ("open",)
    assert (changes(FIRING, seen), changes(fading, seen)) == ((), ())
    assert changes(quiet, seen) == ("close",)
    assert changes(quiet, None) == ()


def test_what_cannot_be_judged_changes_nothing():
    unknown = Verdict(state="cannot be judged", sentence="", keeps=True)

    assert (changes(unknown, None), changes(unknown, Evidence())) == ((), ())


def test_another_signature_lost_is_another_episode():
    more = FIRING.model_copy(update={"evidence": Evidence(lost=(ONE, TWO))})

    assert changes(more, Evidence(lost=(ONE,))) == ("close", "open")
    assert changes(more, Evidence(lost=(ONE, TWO))) == ()


def test_the_same_episode_has_the_same_id_and_another_version_another():
    one = Alert.of(kept(rule()), FIRING, NOW)

    assert one.id == Alert.of(kept(rule()), FIRING, NOW + HOUR).id
    assert one.id != Alert.of(kept(rule(), version=2), FIRING, NOW).id
    assert one.words == rule().words


def test_the_first_who_saw_it_is_kept_and_what_is_closed_stays_closed():
    seen = Alert.of(kept(rule()), FIRING, NOW).acknowledged("ann", NOW + HOUR)
    over = seen.closed("the price rose", NOW + 2 * HOUR)

    assert (seen.state, seen.acknowledged_by) == ("acknowledged", "ann")
    assert seen.acknowledged("bob", NOW + 2 * HOUR) == seen
    assert over.acknowledged("bob", NOW + 3 * HOUR) == over
    assert (over.state, over.closed_because) == ("closed", "the price rose")
    assert over.acknowledged_by == "ann"


def test_an_alert_comes_back_from_the_records_as_it_was():
    evidence = Evidence(usd_per_gpu_hour=Decimal("1.5"), observed_at=NOW, lost=(ONE,))
    one = Alert.of(kept(rule()), FIRING.model_copy(update={"evidence": evidence}), NOW)

    assert Alert.model_validate(one.body) == one


READINGS = st.lists(
    st.one_of(st.none(), st.decimals("1.40", "1.60", places=2)), min_size=1, max_size=12
)
RULES = {
    "price": rule(),
    "free": rule("availability_returns", gpu="H100-SXM"),
    "silent": rule("network_silent", hours=2),
}


def lives(prices, gaps):
    """Judge every reading as the worker does; yields (round, what was changed, what is open)."""
    opened: dict[str, Alert] = {}
    before, when = facts(is_read=False), NOW
    for n, (price, gap) in enumerate(zip(prices, gaps, strict=False)):
        when += gap * HOUR
        sold = [at(str(price), observed_at=when)] if price else []
        newest = facts(sold, run=f"run-{n}", when=when)
        for now in (when, when + 3 * HOUR):  # judged at once, and again before the next reading
            rules = [kept(what, id_) for id_, what in RULES.items()]
            tried = asked(when, when + HOUR / 2, within=3 * HOUR)
            so_far = {"akash": [one for one in tried if one.at <= now]}
            look = Look(newest, before, catalogue(), now, so_far)
            found = judged(rules, look, {id_: a.evidence for id_, a in opened.items()})
            assert [one.kept.id for one in found] == list(RULES)
            for one in found:
                id_ = one.kept.id
                was = opened.get(id_)
                for change in changes(one.verdict, was.evidence if was else None):
                    alert = Alert.of(one.kept, one.verdict, now) if change == "open" else was
                    yield change, id_, alert, one.verdict
                    if change == "open":
                        opened[id_] = alert
                    else:
                        del opened[id_]
        before = newest


@settings(deadline=timedelta(seconds=5), max_examples=25)
@given(READINGS, st.lists(st.integers(1, 40), min_size=12, max_size=12))
def test_no_alert_opens_twice_for_an_episode_and_none_is_lost(prices, gaps):
    openings: dict[str, list[str]] = {id_: [] for id_ in RULES}
    is_open = dict.fromkeys(RULES, False)
    for change, id_, alert, found in lives(prices, gaps):
        assert is_open[id_] == (change == "close"), "it opens when none is open, and only then"
        is_open[id_] = change == "open"
        if change == "open":
            assert found.state == "firing"
            openings[id_].append(alert.id)
    for ids in openings.values():
        assert len(set(ids)) == len(ids)


@settings(deadline=timedelta(seconds=5), max_examples=15)
@given(st.lists(st.sampled_from(["1.40", "1.60"]), min_size=2, max_size=12))
def test_a_price_that_flickers_from_reading_to_reading_opens_one_alert(prices):
    steady = [p for pair in zip(prices, ["1.40"] * len(prices), strict=True) for p in pair]
    found = [c for c, id_, *_ in lives([Decimal(p) for p in steady], [1] * 24) if id_ == "price"]

    assert found == ["open"]


@settings(deadline=timedelta(seconds=5), max_examples=15)
@given(st.integers(2, 6), st.integers(2, 6))
def test_two_quiet_readings_end_an_episode_and_the_next_one_is_new(low, high):
    prices = [Decimal("1.40")] * low + [Decimal("1.60")] * high + [Decimal("1.40")]
    found = [c for c, id_, *_ in lives(prices, [1] * 24) if id_ == "price"]

    assert found == ["open", "close", "open"]
