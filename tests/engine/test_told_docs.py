"""The schemas and the pages say what the code does; the examples are what they say."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

from data.examples import policy_examples, requirement_examples
from engine.policy_file import policy_schema, read_policy
from engine.requirement_file import read_requirement, requirement_schema
from engine.told_json_text import json_text_of
from engine.told_words import POLICY, REQUIREMENT, Fields, field_table

DOCS = Path(__file__).parents[2] / "docs"
BOTH = [("requirement", requirement_schema, REQUIREMENT), ("policy", policy_schema, POLICY)]


@pytest.mark.parametrize(("noun", "schema", "_fields"), BOTH)
def test_the_published_schema_is_the_one_that_files_are_read_by(noun, schema, _fields):
    kept = (DOCS / "schemas" / f"{noun}.schema.json").read_text(encoding="utf-8")
    made = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"

    jsonschema.Draft202012Validator.check_schema(schema())
    assert kept == made, f"write this into docs/schemas/{noun}.schema.json:\n{made}"


@pytest.mark.parametrize(("noun", "schema", "fields"), BOTH)
def test_every_field_is_in_words_in_the_schema_and_on_its_page(noun, schema, fields: Fields):
    page = (DOCS / f"{noun}.md").read_text(encoding="utf-8")
    parts = {noun.capitalize(): schema(), **schema()["$defs"]}

    assert parts.keys() == fields.keys()
    for model, part in parts.items():
        assert list(part["properties"]) == list(fields[model]), model
        assert field_table(fields, model) in page, model


NEEDED = {
    "Requirement": {
        "gpus": "{models: [H100], count: 1}", "duration_hours": "5", "interruptible": "true",
    },
    "Policy": {"name": "a"},
}  # fmt: skip


@pytest.mark.parametrize(("noun", "read", "fields"), [
    ("Requirement", read_requirement, REQUIREMENT), ("Policy", read_policy, POLICY)])  # fmt: skip
def test_an_example_in_a_table_is_a_value_that_the_field_takes(noun, read, fields):
    for name, field in fields[noun].items():
        lines = NEEDED[noun] | {name: field.example}
        value = read("".join(f"{name}: {written}\n" for name, written in lines.items()), name)
        assert getattr(value, name) != type(value).model_fields[name].default, name


@pytest.mark.parametrize("text", policy_examples().values(), ids=policy_examples())
def test_a_shipped_policy_is_sound_and_stands_on_the_page(text):
    policy = read_policy(text, "example")

    assert text.strip() in (DOCS / "policy.md").read_text(encoding="utf-8")
    assert policy_examples()[policy.name] == text
    assert policy.title
    _is_valid(policy, policy_schema())


@pytest.mark.parametrize("text", requirement_examples().values(), ids=requirement_examples())
def test_a_shipped_requirement_is_sound(text):
    _is_valid(read_requirement(text, "example"), requirement_schema())


def test_there_are_examples():
    assert list(policy_examples()) == ["cost-first", "eu-datacentre", "regulated-data"]
    assert len(requirement_examples()) >= 4


def _is_valid(value: BaseModel, schema: dict) -> None:
    jsonschema.validate(json.loads(json_text_of(value)), schema)
