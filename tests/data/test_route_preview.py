"""A page's question to the router: every fault at once, and the same answer when opened again."""

import json
import time
from datetime import UTC, datetime

import pytest

from connectors.jobs.ingest import load_recorded
from data.routable import market_of
from data.route_preview import examples, preview, read_checked, whole_record
from engine.decision_record import opened, told
from engine.named_offers import names_of
from engine.told_faults import BadFile

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = "gpus: {models: [H100], count: 1}\nduration_hours: 72\n"
SECONDS_MAX = 0.3


@pytest.fixture
def market(lake):
    load_recorded(lake)
    return market_of(lake, NOW)


def test_faults_of_form_and_of_names_come_together(market):
    with pytest.raises(BadFile) as bad:
        read_checked("gpus: {models: [H1000], count: 0}\ncountries: [ZZ]\n", "job.yaml", market)

    assert [fault.path for fault in bad.value.faults] == [
        "gpus.count", "gpus.models[0]", "countries[0]",
    ]  # fmt: skip


def test_what_the_router_refuses_is_a_fault_too(market):
    need, _ = read_checked(TEXT + "nodes: 2\n", "job.yaml", market)

    with pytest.raises(BadFile, match="necto plan"):
        preview(need, market, None, NOW)


def test_a_whole_record_is_opened_as_it_was_told_with_its_names(market):
    need, _ = read_checked(TEXT, "job.yaml", market)
    record = whole_record(preview(need, market, None, NOW))
    again = opened(json.loads(json.dumps(told(record))))

    assert again == record
    assert names_of(again)[record.quotes[0].offer_id] == "NVIDIA H100 Community"


def test_a_record_made_elsewhere_has_no_names(market):
    need, _ = read_checked(TEXT, "job.yaml", market)
    record = whole_record(preview(need, market, None, NOW))

    assert names_of(record.model_copy(update={"further": {}})) == {}


def test_an_answer_comes_within_the_blink_of_an_eye(market):
    def seconds() -> float:
        begun = time.process_time()
        need, _ = read_checked(TEXT, "job.yaml", market)
        whole_record(preview(need, market, None, NOW))
        return time.process_time() - begun

    assert min(seconds() for _ in range(3)) <= SECONDS_MAX


def test_the_examples_are_jobs_for_one_machine(lake):
    assert sorted(examples()) == ["batch-spot", "finetune", "serving"]
    assert examples()["finetune"] == (
        "Fine-tune a model on one machine with four A100 or H100 for three days."
    )
