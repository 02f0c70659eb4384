"""The pages on offers and on the route command name what the code reads and prints."""

import re
from dataclasses import fields
from pathlib import Path

from engine.decision_further import further_of
from engine.decision_json import answer
from engine.export import OFFER_COLUMNS
from engine.plan_json import plan_told
from engine.portfolio_types import Portfolio
from engine.quotes import CostTerm, Quote
from tests.kept import small_decision

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_column_of_offers_is_on_its_page_in_order():
    assert tuple(re.findall(r"^\| `(\w+)` \|", page("offers.md"), re.MULTILINE)) == OFFER_COLUMNS


def test_every_key_of_an_answer_is_on_the_page():
    decision = small_decision()
    text = "".join(answer(decision, [], further=further_of(decision), more={"warnings": []}))
    keys = re.findall(r'^ "(\w+)":', text, re.MULTILINE)

    assert len(keys) > 10
    for name in (*keys, *(f.name for kind in (Quote, CostTerm) for f in fields(kind))):
        assert re.search(rf"\b{name}\b", page("route.md")), name


def test_every_key_of_a_plan_is_on_the_page():
    plan = Portfolio(status="optimal", method="dynamic programming")
    for name in plan_told(plan, {}):
        assert re.search(rf"\b{name}\b", page("route.md")), name
