"""What people may not do is refused where the records are written, whichever way it is asked."""

import json
from datetime import UTC, date, datetime

import pytest

from data import preferences
from data.card_files import read_card
from data.card_register import import_card, withdraw
from data.market import Lake
from data.permitted import NotPermitted
from data.policies import import_policy, policies
from data.shipped import catalogue
from engine.commands import Command
from engine.people import PERSONAS, job, local_actor, operator, persona
from tests.cards import row, written
from tests.support import house_of

POLICY = "name: eu\ntitle: Europe\nrules:\n  countries: [EEA]\n"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def entries(house) -> list[str]:
    with house.reading() as view:
        found = view.exec_driver_sql("SELECT type FROM entries ORDER BY leaf_index").all()
    return [str(kind[0]) for kind in found]


def test_a_policy_is_imported_by_compliance_only(house):
    for one in PERSONAS:
        if one.may("compliance"):
            import_policy(house, POLICY, one)
        else:
            with pytest.raises(NotPermitted, match="In the sandbox Kofi Brandt can"):
                import_policy(house, POLICY, one)
    with house.reading() as view:
        assert [kept.by for kept in policies(view)] == ["persona:kofi-brandt"]


def test_a_source_is_switched_by_an_admin_and_the_time_zone_by_anybody(house):
    with pytest.raises(NotPermitted, match=r"sources\.switched"):
        preferences.switch(house, persona("ines"), "akash", on=False)
    preferences.keep(house, persona("ines"), time_zone="Europe/Paris")
    preferences.switch(house, persona("noor"), "akash", on=False)

    assert entries(house).count("necto.settings.changed") == 2


def test_a_card_that_may_not_be_imported_or_withdrawn_leaves_no_file(house, tmp_path):
    lake = Lake(tmp_path / "market")
    days = {"valid_from": str(date(2026, 11, 1)), "valid_until": str(date(2026, 12, 1))}
    card = read_card("r.csv", written(row(**days)), catalogue(), NOW, name="r", sellers=["aethir"])
    before = sorted(tmp_path.rglob("*.parquet"))
    with pytest.raises(NotPermitted, match="admin, buyer or finance"):
        import_card(house, lake, card, persona("tom"), NOW)
    with pytest.raises(NotPermitted):
        withdraw(house, lake, "aethir", "r", "no", persona("tom"), NOW)

    assert sorted(tmp_path.rglob("*.parquet")) == before


def test_what_nobody_listed_is_the_admin_s_and_the_act_is_not_begun(house):
    done: list[str] = []
    asked = Command.of("k", "something.new", persona("fay"), "x", {})
    with pytest.raises(NotPermitted, match="Noor Haddad can"):
        house.perform(asked, lambda _: done.append("begun"))
    for n, who in enumerate((persona("noor"), local_actor("ada"), job("procure"))):
        house.perform(Command.of(f"k{n}", "something.new", who, "x", {}), lambda _: {})

    assert done == []
    assert entries(house).count("necto.something.new") == 3


def test_repeating_what_another_did_takes_the_role_too(house):
    asked = {"key": "k", "action": "budget.set", "subject": "budget/1", "body": {}}
    house.perform(Command.of(actor=persona("fay"), **asked), lambda _: {})
    with pytest.raises(NotPermitted):
        house.perform(Command.of(actor=operator("root"), **asked), lambda _: {})


def test_the_trail_marks_what_a_persona_did_as_simulated(house):
    import_policy(house, POLICY, persona("kofi"))
    with house.reading() as view:
        found = view.exec_driver_sql(
            "SELECT body FROM entries WHERE type = 'necto.policy.imported'"
        )
        (body,) = found.one()

    assert json.loads(body)["data"]["actor"] == {
        "id": "persona:kofi-brandt", "kind": "persona", "authenticated": False, "simulated": True,
    }  # fmt: skip
