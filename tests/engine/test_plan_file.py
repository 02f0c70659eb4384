"""plan.yaml: how the jobs of a folder belong together."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from engine.plan_file import (
    Plan,
    data_of,
    edges_of,
    limits_of,
    plan_schema,
    read_plan,
    tasks_of,
)
from engine.plan_words import PLAN
from engine.portfolio import portfolio
from engine.portfolio_types import DataPlace, Edge, Limits
from engine.requirement import Requirement, Standbys
from engine.told_faults import BadFile
from tests.engine.small_plans import frame, offer

DOCS = Path(__file__).parents[2] / "docs"
FILES = ["prepare.yaml", "train.yaml"]
TEXT = """\
name: nightly
tasks:
  train.yaml: {combine: true, worth_usd: 500, standbys: {count: 2, other_network: true}}
data:
  lake: {network: aws, region: us-east-1}
edges:
  - {source: lake, target: prepare.yaml, gb: 2000}
  - {source: prepare.yaml, target: train.yaml, gb: 12.5}
budgets: {CC-1: 5000, 4711: "12.30"}
provider_share_max: 0.5
standbys: {count: 1}
standby_share: 0.25
time_limit_seconds: 30
"""


def faults(text, files=FILES):
    with pytest.raises(BadFile) as caught:
        read_plan(text, "plan.yaml", files)
    return [(fault.line, fault.path, fault.message) for fault in caught.value.faults]


def test_a_plan_says_what_it_says():
    plan = read_plan(TEXT, "plan.yaml", FILES)

    assert (plan.name, plan.time_limit_seconds, plan.regional_egress) == ("nightly", 30, True)
    assert edges_of(plan)[1] == Edge(source="prepare.yaml", target="train.yaml", gb=Decimal("12.5"))
    assert data_of(plan) == [DataPlace(name="lake", network="aws", region="us-east-1")]
    assert limits_of(plan) == Limits(
        budgets={"CC-1": Decimal(5000), "4711": Decimal("12.30")},
        provider_share_max=0.5,
        standby_share=0.25,
    )


def test_its_jobs_are_the_requirements_with_what_the_plan_says_of_them():
    plan = read_plan(TEXT, "plan.yaml", FILES)
    needs = {
        "train.yaml": Requirement.model_validate(
            {"gpus": {"models": ["H100"], "count": 8}, "nodes": 2, "one_place": True}
        ),
        "prepare.yaml": Requirement.model_validate(
            {"gpus": {"models": ["L4"], "count": 1}, "cost_centre": "CC-1"}
        ),
    }
    prepare, train = tasks_of(plan, needs, dict.fromkeys(needs, frame()))

    assert (prepare.name, prepare.gpus, prepare.cost_centre) == ("prepare.yaml", 1, "CC-1")
    assert (prepare.combine, prepare.worth_usd, prepare.standbys.count) == (False, None, 1)
    assert (train.gpus, train.nodes, train.one_place, train.combine) == (8, 2, True, True)
    assert train.standbys == Standbys(count=2, other_network=True)
    assert train.worth_usd == 500


def test_a_plan_without_a_word_plans_the_jobs_together():
    plan = read_plan("{}", "plan.yaml", FILES)
    need = Requirement.model_validate({"gpus": {"models": ["L4"], "count": 1}})
    tasks = tasks_of(plan, {"a.yaml": need}, {"a.yaml": frame(offer(usd=3))})

    assert plan == Plan()
    assert tasks[0].standbys.count == 0  # a requirement's own standbys are for routing it alone
    assert portfolio(tasks, edges_of(plan), limits=limits_of(plan)).total_usd == 3


def test_every_fault_is_told_at_once_with_its_line():
    text = TEXT.replace("0.5", "1.5").replace("combine", "combin").replace("lake,", "lak,")
    text = text.replace("gb: 12.5", "gb: -1").replace("{CC-1: 5000", "{CC-1: much")

    assert [(line, path) for line, path, _ in faults(text, ["train.yaml", "lake"])] == [
        (3, "tasks.'train.yaml'.combin"),
        (5, "data.lake"),
        (7, "edges[0].source"),
        (7, "edges[0].target"),
        (8, "edges[1].gb"),
        (8, "edges[1].source"),
        (9, "budgets.'CC-1'"),
        (10, "provider_share_max"),
    ]


def test_a_name_that_is_not_there_comes_with_those_that_are():
    [(line, path, message)] = faults("tasks:\n  trian.yaml: {}\n")

    assert (line, path) == (2, "tasks.'trian.yaml'")
    assert message.endswith("the requirement files are prepare.yaml, train.yaml")
    assert faults("tasks: {a.yaml: {}}", [])[0][2].endswith("are none: add one")


@pytest.mark.parametrize("text", ["[]", "tasks: 3", "edges: {a: b}", "data: [a]", "edges: [3]"])
def test_another_form_is_a_fault_and_no_crash(text):
    assert faults(text)


def test_a_name_of_ones_own_has_limits_too():
    [(line, _, message)] = faults("name: n\nbudgets: {" + "x" * 300 + ": 3, c: 1}\n")

    assert line == 2
    assert message == "has more than 200 characters: shorten it"


def test_the_published_schema_is_the_one_that_is_read_by():
    published = json.loads((DOCS / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))

    assert published == plan_schema()
    jsonschema.Draft202012Validator.check_schema(published)


def test_the_documentation_names_every_field_in_the_words_of_the_schema():
    text = (DOCS / "plan.md").read_text(encoding="utf-8")

    for model in ("Plan", "PlanTask", "PlanData", "PlanEdge"):
        for name, field in PLAN[model].items():
            assert f"| `{name}` | {field.words} | `{field.example}` |" in text


def test_the_plan_in_the_documentation_is_sound():
    text = (DOCS / "plan.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    plan = read_plan(text, "plan.yaml", ["prepare.yaml", "train.yaml", "evaluate.yaml"])

    assert len(plan.edges) == 3
