"""Alert rules and alerts in the house book: who made them, once, and what became of them."""

import threading
from dataclasses import replace

import pytest

from data import alert_rules
from data.alert_rules import (
    RuleRefused,
    change_rule,
    make_rule,
    remove_rule,
    rule_named,
    rules,
    switch_rule,
)
from data.alerts import NoAlert, acknowledge, history, open_alerts, settle
from data.documents import Changed, versions
from engine.alert_states import Evidence, Signature, Verdict
from engine.alerts import Judgement
from engine.people import local_actor
from engine.trail import parse
from tests.engine.alert_looks import rule
from tests.support import house_of

ANN, BOB = local_actor("ann"), local_actor("bob")
FIRING = Verdict(
    state="firing", sentence="It is so.", keeps=True, evidence=Evidence(network="akash", run_id="1")
)
QUIET = Verdict(state="quiet", sentence="It is over.", keeps=False)


@pytest.fixture
def book(tmp_path, records_url):
    return house_of(tmp_path, records_url)


def kept(book):
    with book.reading() as view:
        return rules(view)


def opened(book):
    with book.reading() as view:
        return open_alerts(view)


def told(book):
    with book.reading() as view:
        return history(view)


def entries(book):
    with book.reading() as view:
        rows = view.exec_driver_sql("SELECT body FROM entries ORDER BY leaf_index").all()
    found = [parse(body.encode()) for (body,) in rows]
    return [(one.type.removeprefix("necto."), one.data.actor.id) for one in found[1:]]


def judged(what, verdict=FIRING):
    return [Judgement(kept=what, verdict=verdict)]


def test_a_rule_is_made_once_however_often_the_click_is_repeated(book):
    first = make_rule(book, ANN, rule(), key="click")
    again = make_rule(book, ANN, rule(), key="click")

    assert (first, kept(book)) == (again, [first])
    assert (first.is_on, first.version, first.by) == (True, 1, "local:ann")
    assert first.rule == rule()


def test_the_same_rule_twice_and_too_many_are_refused(book, monkeypatch):
    make_rule(book, ANN, rule())
    with pytest.raises(RuleRefused, match="is there already"):
        make_rule(book, BOB, rule())
    monkeypatch.setattr(alert_rules, "RULES_MAX", 1)
    with pytest.raises(RuleRefused, match="remove one first"):
        make_rule(book, ANN, rule(gpu="B200"))
    assert len(kept(book)) == 1
    assert len(entries(book)) == 1


def test_a_rule_is_changed_switched_and_removed_and_the_trail_tells_by_whom(book):
    one = make_rule(book, ANN, rule())
    two = change_rule(book, BOB, one, rule(gpu="B200"))
    off = switch_rule(book, ANN, two, on=False)
    assert (off.rule, off.is_on, off.version) == (rule(gpu="B200"), False, 3)
    remove_rule(book, BOB, off)

    assert kept(book) == []
    with book.reading() as view:
        assert len(versions(view, "alert-rule", one.id)) == 4
    assert entries(book) == [
        ("alert-rule.made", "local:ann"), ("alert-rule.changed", "local:bob"),
        ("alert-rule.switched", "local:ann"), ("alert-rule.removed", "local:bob"),
    ]  # fmt: skip


def test_what_is_so_already_writes_nothing(book):
    one = make_rule(book, ANN, rule())

    assert change_rule(book, ANN, one, rule()) == switch_rule(book, ANN, one, on=True) == one
    assert len(entries(book)) == 1


def test_a_change_from_an_old_version_is_refused(book):
    one = make_rule(book, ANN, rule())
    change_rule(book, ANN, one, rule(gpu="B200"))
    for act in (
        lambda: change_rule(book, BOB, one, rule(gpu="A100"), key="other"),
        lambda: switch_rule(book, BOB, one, on=False),
        lambda: remove_rule(book, BOB, one),
    ):
        with pytest.raises(Changed):
            act()
    assert [r.rule for r in kept(book)] == [rule(gpu="B200")]


def test_a_rule_may_not_become_the_twin_of_another(book):
    make_rule(book, ANN, rule())
    other = make_rule(book, ANN, rule(gpu="B200"))
    with pytest.raises(RuleRefused, match="is there already"):
        change_rule(book, ANN, other, rule())


def test_a_rule_that_is_not_there_is_said(book):
    with pytest.raises(RuleRefused, match="no alert rule"), book.reading() as view:
        rule_named(view, "rule-none")


def test_an_alert_opens_once_and_the_job_signs_for_it(book):
    one = make_rule(book, ANN, rule())
    (alert,) = settle(book, judged(one))

    assert settle(book, judged(one)) == []
    assert opened(book) == [alert]
    assert (alert.state, alert.words, alert.sentence) == ("open", rule().words, "It is so.")
    assert entries(book)[1:] == [("alert.opened", "job:alerts")]


def test_an_alert_closes_with_the_reason_and_stays_in_the_history(book):
    one = make_rule(book, ANN, rule())
    settle(book, judged(one))
    (over,) = settle(book, judged(one, QUIET))

    assert settle(book, judged(one, QUIET)) == []
    assert opened(book) == []
    assert told(book) == [over]
    assert (over.state, over.closed_because) == ("closed", "It is over.")


def test_a_closed_episode_does_not_open_again_from_the_same_readings(book):
    one = make_rule(book, ANN, rule())
    for verdict in (FIRING, QUIET, FIRING):
        settle(book, judged(one, verdict))
    assert opened(book) == []

    newer = FIRING.model_copy(update={"evidence": Evidence(network="akash", run_id="2")})
    settle(book, judged(one, newer))
    assert [alert.evidence.run_id for alert in opened(book)] == ["2"]
    assert len(told(book)) == 2


def test_more_lost_signatures_end_one_episode_and_begin_another(book):
    one = make_rule(book, ANN, rule("signature_lost"))
    lost = tuple(Signature(key=key, value="v", auditor="x") for key in "ab")
    first, more = (FIRING.model_copy(update={"evidence": Evidence(lost=lost[:n])}) for n in (1, 2))
    settle(book, judged(one, first))
    acknowledge(book, ANN, opened(book)[0].id)
    changed = settle(book, judged(one, more))

    assert [alert.state for alert in changed] == ["closed", "open"]
    assert [alert.state for alert in opened(book)] == ["open"]


def test_a_person_acknowledges_once_and_the_first_counts(book):
    one = make_rule(book, ANN, rule())
    (alert,) = settle(book, judged(one))
    seen = acknowledge(book, BOB, alert.id)

    assert (seen.state, seen.acknowledged_by) == ("acknowledged", "local:bob")
    assert acknowledge(book, ANN, alert.id) == seen
    assert acknowledge(book, ANN, alert.id, key="another") == seen
    assert opened(book) == [seen]
    assert settle(book, judged(one)) == []


def test_what_is_over_or_not_there_cannot_be_acknowledged(book):
    one = make_rule(book, ANN, rule())
    (alert,) = settle(book, judged(one))
    settle(book, judged(one, QUIET))
    before = len(entries(book))
    with pytest.raises(NoAlert, match="is over since"):
        acknowledge(book, ANN, alert.id)
    with pytest.raises(NoAlert, match="there is no alert"):
        acknowledge(book, ANN, "alert-none")
    assert len(entries(book)) == before


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (lambda book, one: remove_rule(book, ANN, one), "its rule was removed"),
        (lambda book, one: switch_rule(book, ANN, one, on=False), "its rule was switched off"),
        (lambda book, one: change_rule(book, ANN, one, rule(gpu="B200")), "its rule was changed"),
    ],
)
def test_a_rule_that_changes_ends_its_own_episode_only(book, end, why):
    one = make_rule(book, ANN, rule())
    other = make_rule(book, ANN, rule("network_silent"))
    settle(book, judged(one) + judged(other))
    end(book, one)

    assert [alert.rule_id for alert in opened(book)] == [other.id]
    (over,) = [alert for alert in told(book) if alert.state == "closed"]
    assert (over.rule_id, over.closed_because) == (one.id, why)
    assert ("alert.closed", "job:alerts") in entries(book)


def test_the_newest_alert_comes_first_also_when_several_open_at_once(book):
    made = [make_rule(book, ANN, rule(gpu=gpu)) for gpu in ("B200", "A100", "H200", "L40S")]
    settle(book, [one for kept_ in made for one in judged(kept_)])
    acknowledge(book, ANN, opened(book)[0].id)
    newest_first = [one.id for one in reversed(made)]

    assert [alert.rule_id for alert in opened(book)] == newest_first
    assert [alert.rule_id for alert in told(book)] == newest_first


def test_a_judgement_of_a_rule_that_is_no_longer_so_opens_nothing(book):
    one = make_rule(book, ANN, rule())
    change_rule(book, ANN, one, rule(gpu="B200"))
    gone = replace(one, id="rule-gone")

    assert settle(book, judged(one) + judged(gone)) == []
    assert opened(book) == []


def test_two_who_judge_at_once_open_one_alert(book):
    one = make_rule(book, ANN, rule())
    start, done = threading.Barrier(4), []

    def judge() -> None:
        start.wait()
        done.extend(settle(book, judged(one)))

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == len(opened(book)) == 1


def test_hostile_text_is_kept_exactly_and_a_closed_mark_in_it_closes_nothing(book):
    nasty = '"state":"closed" <img src=x> =1+1 \u202e'
    one = make_rule(book, ANN, rule())
    (alert,) = settle(book, judged(one, FIRING.model_copy(update={"sentence": nasty})))

    assert [one.sentence for one in opened(book)] == [nasty]
    assert opened(book) == [alert]
