"""Policies in the house book: versions that stay, who imported them, and once per key."""

import json

import pytest
from sqlalchemy import select

from data.books import open_book
from data.documents import put
from data.faults import RecordsDamaged
from data.policies import (
    KIND,
    UnknownPolicy,
    import_policy,
    policies,
    policy,
    policy_versions,
)
from data.settings import Settings
from data.tables import entries
from data.unit import OtherCommand
from engine.canonical import digest
from engine.commands import Command
from engine.policy_file import BadFile
from tests.support import ADA

ONE = "name: eu\nrules: {countries: [EEA]} # a comment\n"
TWO = "name: eu\nrules: {countries: [EU]}\n"


@pytest.fixture
def house(tmp_path, records_url):
    return open_book(
        Settings.from_env({"NECTO_HOME": str(tmp_path), "NECTO_RECORDS_URL": records_url})
    )


def count(house) -> int:
    with house.reading() as view:
        return len(
            view.execute(select(entries).where(entries.c.type == "necto.policy.imported")).all()
        )


def test_every_import_is_a_version_and_the_text_stays_as_it_was(house):
    first, second = import_policy(house, ONE, ADA, "k1"), import_policy(house, TWO, ADA, "k2")
    with house.reading() as view:
        newest, old = policy(view, "eu"), policy(view, "eu@1")
        known = [kept.ref for kept in policies(view)]
        every = [kept.version for kept in policy_versions(view, "eu")]

    assert (first.ref, second.ref, newest.ref, old.ref) == ("eu@1", "eu@2", "eu@2", "eu@1")
    assert (known, every) == (["eu@2"], [1, 2])
    assert (old.text, old.digest, old.by) == (ONE, digest(ONE.encode()), ADA.name)
    assert (old.policy.rules.countries, newest.policy.rules.countries) == ({"EEA"}, {"EU"})


def test_the_trail_tells_who_imported_what_over_what(house):
    import_policy(house, ONE, ADA, "k1")
    kept = import_policy(house, TWO, ADA, "k2")
    with house.reading() as view:
        entry = view.execute(select(entries).where(entries.c.leaf_index == kept.entry_index)).one()
    told = json.loads(entry.body)

    assert (entry.actor, entry.subject, entry.request) == (ADA.name, "policy/eu", "k2")
    assert told["data"]["input"]["body"]["text"] == TWO
    assert told["data"]["previous"]["text"] == ONE
    assert told["data"]["result"]["version"] == 2


def test_the_same_key_is_the_same_import_and_the_same_text_changes_nothing(house):
    first = import_policy(house, ONE, ADA, "k1")
    assert import_policy(house, ONE, ADA, "k1") == first
    assert import_policy(house, ONE, ADA) == first
    import_policy(house, TWO, ADA, "k2")
    assert import_policy(house, ONE, ADA, "k1") == first
    assert import_policy(house, ONE, ADA).ref == "eu@3"
    assert count(house) == 3


def test_a_key_of_another_import_is_refused(house):
    import_policy(house, ONE, ADA, "k1")
    with pytest.raises(OtherCommand, match="take a new key"):
        import_policy(house, TWO, ADA, "k1")


def test_nothing_is_kept_of_a_file_with_a_fault(house):
    with pytest.raises(BadFile, match=r"rules\.countrys"):
        import_policy(house, "name: eu\nrules: {countrys: [EU]}\n", ADA)
    assert count(house) == 0


def test_what_is_not_there_is_said_with_what_there_is(house):
    with house.reading() as view, pytest.raises(UnknownPolicy, match="none has been imported yet"):
        policy(view, "eu")
    import_policy(house, ONE, ADA)
    with house.reading() as view:
        for ref in ("eu@x", "eu@0", "", "eu@1@1"):
            with pytest.raises(UnknownPolicy, match="there is no policy"):
                policy(view, ref)
        with pytest.raises(UnknownPolicy, match="there are: eu"):
            policy(view, "ue")
        with pytest.raises(UnknownPolicy, match="versions 1 to 1, not 2"):
            policy(view, "eu@2")
        assert policy_versions(view, "none") == []


def test_a_text_that_can_no_longer_be_read_is_said_with_its_remedy(house):
    body = {"text": "name: 5", "digest": "-", "by": "ada", "at": "2026-11-24T00:00:00.000000Z"}
    house.perform(
        Command.of("k", "policy.imported", ADA, "policy/eu", {}),
        lambda unit: put(unit, KIND, "eu", body) and None,
    )
    with house.reading() as view, pytest.raises(RecordsDamaged, match="import it again"):
        policies(view)
