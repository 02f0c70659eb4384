"""A check under way says which part and how far; a result explains and never softens."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.verdicts import PartTold, ProblemTold, Verdict


def part(name: str, done: int, total: int) -> None:
    from components.audit_check import under_way  # noqa: PLC0415 - AppTest runs this text alone

    under_way(name, done, total)


def result(verdict) -> None:
    from components.audit_check import verdict_panel  # noqa: PLC0415

    verdict_panel(verdict, print, expanded=True)


def doubt(told: str | None) -> None:
    from components.audit_notes import in_doubt  # noqa: PLC0415

    in_doubt(told)


def dashboard(doubts: dict[str, str]) -> None:
    from components.freshness import books_in_doubt  # noqa: PLC0415

    books_in_doubt(doubts)


def shown(script, *args):
    visitor = AppTest.from_function(script, args=args).run()
    assert not visitor.exception
    return visitor


def needing(seen, on, unjudged, in_doubt) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - AppTest runs this text alone

    from components.alerts import Rules, needs_you  # noqa: PLC0415
    from data.shipped import catalogue  # noqa: PLC0415

    needs_you(seen, Rules(on, unjudged), catalogue(), datetime.now(UTC), print,
              worker_alive=True, in_doubt=in_doubt)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ((2, 0, False), "Nothing needs you now; 2 alert rules are watched."),
        (
            (2, 1, False),
            "now; 2 alert rules are watched, 1 of them cannot be judged: see Settings.",
        ),
        ((1, 1, False), "Nothing needs you now; 1 alert rule cannot be judged: see Settings."),
        ((1, 0, True), "No alert is open; 1 alert rule is watched."),
        ((0, 0, True), "No alert is open. To be told of a price"),
    ],
)
def test_rules_that_cannot_be_judged_and_books_in_doubt_are_no_calm(told, words):
    assert words in shown(needing, [], *told).caption[0].value


@pytest.mark.parametrize(
    ("told", "words", "share"),
    [
        (("pages", 0, 0), "Part 1 of 7: Reading the database's pages", 0),
        (("tree", 500, 1000), "Part 2 of 7: Hashing entries, 500 of 1,000 entries", 21),
        (("entries", 0, 1000), "Part 3 of 7: Comparing facts with entries, 0 of 1,000 entries", 28),
        (("ledger", 100, 400), "Part 4 of 7: Adding up the ledger, 100 of 400 holds", 46),
        (("orders", 1, 2), "Part 5 of 7: Following orders, 1 of 2 orders", 64),
        (("checkpoints", 3, 4), "Part 6 of 7: Comparing checkpoints, 3 of 4 checkpoints", 82),
        (("guards", 0, 0), "Part 7 of 7: Looking at the triggers", 85),
    ],
)
def test_every_part_says_what_it_does_and_how_far_it_is(told, words, share):
    (bar,) = shown(part, *told).get("progress")
    assert (bar.proto.text, bar.proto.value) == (words, share)


def test_the_parts_that_are_over_are_named():
    assert shown(part, "ledger", 0, 0).caption[0].value == "Done: pages, tree, entries"
    assert not shown(part, "pages", 0, 0).caption


def test_a_restore_explains_problems_and_the_book_is_not_called_sound():
    verdict = Verdict(
        size=4, root="ab", facts=0, checkpoints=2, problem_count=1, parts=[PartTold(
            part="checkpoints", milliseconds=1, problems=1)],
        problems=[ProblemTold(place="checkpoint file 7", what="covers 7 entries")],
        notes=["the book was restored from a *backup*"],
    )  # fmt: skip
    visitor = shown(result, verdict)

    assert "Verification failed: 1 problem in 4 entries" in visitor.error[0].value
    assert visitor.get("status")[0].state == "error"
    assert visitor.info[0].value == r"the book was restored from a \*backup\*"


def test_a_book_that_is_not_as_signed_is_said_where_people_look():
    assert "lost *some*" in shown(doubt, "it lost *some*").error[0].value.replace("\\", "")
    assert not shown(doubt, None).error
    said = shown(dashboard, {"house": "it lost some"}).error[0].value
    assert said.startswith("The house book is not what was signed of it: it lost some.")
    assert not shown(dashboard, {}).error
