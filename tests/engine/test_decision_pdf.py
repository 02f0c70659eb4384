"""The decision as PDF: the same bytes for the same record, one to three pages, everything in it."""

import re
import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.decision_pdf import decision_pdf
from engine.decision_record import digest_of, record_of
from engine.gates import all_codes
from engine.policy import Policy, Rules
from engine.requirement import Gpus, Requirement
from engine.routing import prepared, route
from tests.kept import JOB, NOW, machine, small_record
from tests.route_worlds import facts_of, frame_of


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def text_of(pdf: bytes, tmp_path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext, which reads a PDF back, is not installed")
    (tmp_path / "d.pdf").write_bytes(pdf)
    ran = ["pdftotext", "-layout", str(tmp_path / "d.pdf"), "-"]
    return subprocess.run(ran, capture_output=True, text=True, check=True).stdout


def test_the_same_record_gives_the_same_bytes():
    first = decision_pdf(small_record())

    assert first == decision_pdf(small_record())
    assert first.startswith(b"%PDF-")
    assert 1 <= pages(first) <= 3
    assert b"Bitstream" in first or b"Vera" in first  # its fonts are in it


def test_another_record_gives_other_bytes():
    other = small_record(JOB.model_copy(update={"name": "other"}))
    assert decision_pdf(other) != decision_pdf(small_record())


def test_it_holds_the_whole_answer_and_names_the_digest_on_every_page(tmp_path):
    record = small_record()
    pdf = decision_pdf(record)
    text = text_of(pdf, tmp_path)

    for words in (
        "fine-tune", "2 of 6 offers may be taken", "strict@3: Only what we know", "a-cheap",
        "b-known", "1,600.00", "Cost of quote 2", "uptime not known", "located in RU", "What if",
        "Failover plan", "The same job at the hyperscalers", "offers/one", "CC-4711",
    ):  # fmt: skip
        assert words in text, words
    assert text.count(digest_of(record)) == pages(pdf) + 1
    assert f"page {pages(pdf)} of {pages(pdf)}" in text


def test_the_longest_decision_has_three_pages(tmp_path):
    names = frozenset(f"provider-{n}-{'x' * 180}" for n in range(400))
    rules = Rules(providers_banned=names, networks_banned=names, countries=frozenset({"JP"}))
    policy = Policy(
        name="long",
        title="A title " * 20,
        rules=rules,
        data_classes={"public": rules, "internal": rules, "personal": rules, "special": rules},
    )
    job = Requirement(
        name="n" * 200,
        gpus=Gpus(count=8, models=frozenset({"H100", "A100", "L40S"}), memory_gib_min=10),
        vcpu_min=1, memory_gib_min=1, storage_gib_min=1, providers_banned=names, owner="o" * 200,
        cost_centre="c" * 200, po_number="p" * 200, image="i" * 200, command=("a" * 500,) * 100,
        uptime_min=0.5, datacenter_only=True,
    )  # fmt: skip
    offers = [machine(f"{n}-{'é' * 150}", "16", country_code="JP") for n in range(40)]
    offers += [machine(f"r{n}" * 20, "1", country_code="US", vcpu=None) for n in range(4)]
    drops = tuple(f"{'d' * 190}{n}" for n in range(90))
    market = prepared(frame_of(offers), facts_of(), NOW, key="k", drops=drops)
    lenient = job.model_copy(update={"uptime_min": None, "datacenter_only": False,
                                     "storage_gib_min": None})  # fmt: skip
    for need in (job, lenient):
        decision = route(need, market, policy, NOW)
        said: list = [{"sentence": f"{n} {'word ' * 80}"} for n in range(50)]
        parts = dict.fromkeys(("what_if", "failover", "hyperscalers", "price_moves"), said)
        assert pages(decision_pdf(record_of(decision, further=parts))) <= 3


def test_what_the_font_cannot_draw_is_told_by_its_code_point(tmp_path):
    market = prepared(frame_of([machine("漢<b>&", "16")]), facts_of(), NOW, key="k")
    text = text_of(decision_pdf(record_of(route(JOB, market, None, NOW))), tmp_path)

    assert "[U+6F22]<b>&" in text


def test_nothing_quoted_and_nothing_refused_are_fine(tmp_path):
    empty = prepared(frame_of([]), facts_of(), NOW, key="k")
    text = text_of(decision_pdf(record_of(route(JOB, empty, None, NOW))), tmp_path)

    assert "There were no offers to choose from." in text
    assert "Quotes" not in text
    assert "Refusals" not in text


def test_an_open_ended_job_is_told_by_the_hour(tmp_path):
    job = JOB.model_copy(update={"duration_hours": None})
    text = text_of(decision_pdf(small_record(job)), tmp_path)

    assert re.search(r"landed,\s+an hour|landed, an", text)
    assert "USD in all" not in text


def test_a_deposit_is_told_apart_and_gates_that_are_left_out_are_counted(tmp_path):
    record = small_record()
    first = replace(record.quotes[0], deposit_usd=Decimal(20), low_usd=Decimal(1500))
    codes = [code for code in all_codes() if not code.endswith("unknown")][:15]
    shown = next(iter(record.examples.values()))
    told = record.model_copy(
        update={"quotes": (first,), "counts": dict.fromkeys(codes, 1),
                "examples": dict.fromkeys(codes, shown)}
    )  # fmt: skip
    text = text_of(decision_pdf(told), tmp_path)

    assert "cash that is bound, not spent" in text
    assert "1,500.00 to 1,600.00" in text
    assert "and 5 more gates; the whole is in the decision as JSON" in text
