"""The book as beancount text: judged by beancount itself, an independent opinion."""

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data, realization
from hypothesis import given, settings

from engine import postings as say
from engine.assets import ASSETS, USDC, Asset, UnknownAsset, shown
from engine.book import Book
from engine.holds import Step, event
from engine.ledger import CASH, CHART, OPENING, Leg, Posting, account, reversal
from engine.ledger_export import beancount_text
from tests.books import START, head, plays, posting

GOLDEN = Path(__file__).with_name("small_book.beancount")
ACCOUNTS = [account(name) for name in CHART if "<" not in name]


def judged(text: str):
    """What beancount makes of the text: its entries, its errors as words."""
    entries, errors, _ = loader.load_string(text)
    return entries, [error.message for error in errors]


def their_balances(entries) -> dict[tuple[str, str], str]:
    found = {}
    for real in realization.iter_children(realization.realize(entries)):
        for position in real.balance:
            found[real.account, position.units.currency] = f"{position.units.number:f}"
    return found


def our_balances(balances) -> dict[tuple[str, str], str]:
    """Ours under their names, which this test makes in its own way."""
    roots = {"assets": "Assets", "liabilities": "Liabilities", "equity": "Equity",
             "income": "Income", "expenses": "Expenses"}  # fmt: skip
    return {
        (":".join([roots[name.split(":")[0]], *(p.capitalize() for p in name.split(":")[1:])]), a):
            shown(units, ASSETS[a])
        for (name, a), units in balances.by_place().items()
    }  # fmt: skip


@given(plays)
@settings(max_examples=40, deadline=None)
def test_beancount_finds_no_error_and_the_same_balances(played):
    entries, errors = judged(beancount_text(ACCOUNTS, played.postings))

    assert errors == []
    assert their_balances(entries) == our_balances(played.book.balances)
    assert len([e for e in entries if isinstance(e, data.Transaction)]) == len(played.postings)


def small_book() -> str:
    """One order from the first dollar to the last; whoever reviews a change reads it as text."""

    def on(day: int, words: str) -> say.Head:
        return say.Head(f"p-{day}", START + timedelta(days=day), words, "order/42")

    wrong = say.hold_posted(on(7, "6 hours on the second network"), "hold-1", "io-net", 1_525, 31)
    closed = say.hold_closed(on(10, "Order ended"), "hold-1", 11_063, unreturned={"akash": 100})
    assert closed is not None
    steps: list[tuple[Posting, Step | None]] = [
        (say.opening(on(0, "Cash at the start"), 100_000), None),
        (say.top_up(on(1, 'Paid in by wire, "ref 7"'), 50_000), None),
        (say.hold_opened(on(2, "Two H100 for a week"), "hold-1", 15_000), "opened"),
        (say.hold_enlarged(on(3, "A week more"), "hold-1", 5_000), "enlarged"),
        (say.escrow_funded(on(4, "First day into escrow"), "hold-1", "akash", 6_000), "moved"),
        (say.escrow_drawn(on(5, "24 hours used"), "hold-1", "akash", 5_712, 114), "posted"),
        (say.hold_posted(on(6, "12 hours used"), "hold-1", "io-net", 3_050, 61), "posted"),
        (wrong, "posted"),
        (reversal(wrong, "p-8", START + timedelta(days=8), "Counted twice"), "restored"),
        (say.escrow_returned(on(9, "Lease closed"), "hold-1", "akash", 188), "moved"),
        (closed, "closed"),
        (say.invoice_issued(on(11, "Credit for an outage"), 1_000), None),
        (posting(Leg(CASH, "USDC", 1), Leg(OPENING, "USDC", -1), posting_id="p-12"), None),
    ]
    book = Book()
    for made, step in steps:
        book.add(made, None if step is None else event(made, step, "approval-1"))
    return beancount_text(ACCOUNTS, list(book.postings.values()), ASSETS, {"p-0": 17})


def test_a_small_book_reads_as_it_was_reviewed():
    assert small_book() == GOLDEN.read_text(encoding="utf-8")


def test_bean_check_itself_is_content_and_finds_a_changed_cent(tmp_path):
    def bean_check(text: str) -> subprocess.CompletedProcess[str]:
        book = tmp_path / "book.beancount"
        book.write_text(text, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "beancount.scripts.check", "--no-cache", book],
            capture_output=True, text=True, check=False,
            env=os.environ | {"BEANCOUNT_DISABLE_LOAD_CACHE": "1"},
        )  # fmt: skip

    good = bean_check(small_book())
    assert (good.returncode, good.stdout + good.stderr) == (0, "")
    for shifted in ("500.00 USD", "-500.00 USD"):
        bad = bean_check(small_book().replace(f"  {shifted}", f"  {shifted[:-5]}1 USD", 1))
        assert bad.returncode != 0
        assert "does not balance" in bad.stderr + bad.stdout


def test_a_lost_posting_is_found_by_the_assertions_of_the_day_after():
    blocks = small_book().split("\n\n")
    without = [block for block in blocks if '"p-1"' not in block]
    assert len(without) == len(blocks) - 1

    _, errors = judged("\n\n".join(without))
    assert errors
    assert all("Balance failed" in message for message in errors)


HOSTILE = [
    'say "hi" \\ \\n',
    "a\nb\r\nc\td",
    "line\n" * 500,
    "<script>alert(1)</script>",
    "=1+1",
    "\u202egnp.exe",
    "\x01\x07\x0b\x1b\x7f\x85\u2028",
    'x"\n2026-01-01 open Assets:Evil\n"',
    "x" * 1_000_000,
    " ",
    ";#*",
]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_come_back_exactly_and_do_nothing(words):
    name = words[:200]
    made = posting(Leg(CASH, "USD", 1), Leg(OPENING, "USD", -1), description=words,
                   posting_id=name, subject=name, hold=name)  # fmt: skip
    entries, errors = judged(beancount_text([], [made]))
    [kept] = [entry for entry in entries if isinstance(entry, data.Transaction)]

    assert errors == []
    assert kept.narration == words
    assert [kept.meta[key] for key in ("posting-id", "subject", "hold")] == [name] * 3
    assert {e.account for e in entries if isinstance(e, data.Open)} == {
        "Assets:Cash",
        "Equity:Opening",
    }


def test_the_text_does_not_depend_on_the_order_of_what_is_given():
    first, second = say.opening(head(1), 5), say.top_up(head(2), 5)
    text = beancount_text(ACCOUNTS, [first, second])

    assert beancount_text(ACCOUNTS[::-1], [second, first], dict(reversed(ASSETS.items()))) == text


def test_a_day_is_the_day_in_utc():
    at = datetime(2026, 11, 3, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    text = beancount_text([], [say.opening(say.Head("p", at, "late"), 5)])

    assert '2026-11-02 * "late"' in text
    assert 'at: "2026-11-02T22:30:00.000000Z"' in text
    assert "2026-11-03 balance Assets:Cash  0.05 ~ 0 USD" in text


def test_an_empty_book_is_a_sound_one():
    entries, errors = judged(beancount_text(ACCOUNTS, []))
    assert errors == []
    assert len([entry for entry in entries if isinstance(entry, data.Open)]) == len(ACCOUNTS)


def test_assets_of_any_scale_keep_their_last_digit():
    assets = {"USDC": USDC, "WEI": Asset("WEI", 18), "PIECE": Asset("PIECE", 0)}
    legs = [Leg(name, code, sign * (2**63 - 1))
            for code in assets for name, sign in ((CASH, 1), (OPENING, -1))]  # fmt: skip
    entries, errors = judged(beancount_text([], [posting(*legs)], assets))

    assert errors == []
    assert their_balances(entries)["Assets:Cash", "WEI"] == "9.223372036854775807"
    assert their_balances(entries)["Assets:Cash", "PIECE"] == "9223372036854775807"


def test_an_asset_that_was_not_given_is_refused():
    with pytest.raises(UnknownAsset, match="'USD' is no declared asset"):
        beancount_text([], [say.opening(head(), 5)], {"USDC": USDC})
