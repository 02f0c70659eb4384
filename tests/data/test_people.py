"""Who holds which roles: given, taken, found by what the provider vouches for, never in clear."""

import pytest

from data.admission import admitted, known_people
from data.documents import versions
from data.people import BadPerson, grant, make_first_admin, people, revoke, roles_of
from data.permitted import NotPermitted
from data.sealed import shred
from engine.identity import Identity
from engine.people import SYSTEM, operator, persona
from tests.support import ADA, house_of

ANN = Identity("https://idp.test", "7", "ann@example.com", "Ann Ash", frozenset({"buyers"}))
EVE = Identity("https://idp.test", "8")


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def roles(house, identity: Identity = ANN) -> set[str]:
    with house.reading() as view:
        return set(roles_of(view, identity))


def listed(house) -> list[tuple[str | None, tuple[str, ...]]]:
    with house.reading() as view:
        return [(held.who, held.roles) for held in people(view)]


def trail(house) -> str:
    with house.reading() as view:
        found = view.exec_driver_sql("SELECT body FROM entries UNION SELECT body FROM documents")
        return "\n".join(str(row[0]) for row in found)


def test_roles_are_held_by_a_verified_address_and_by_groups(house):
    grant(house, ADA, " Ann@Example.com", ["approver"])
    grant(house, ADA, "group:buyers", ["buyer"])

    assert roles(house) == {"viewer", "approver", "buyer"}
    assert roles(house, EVE) == set()
    assert listed(house) == [
        ("ann@example.com", ("viewer", "approver")), ("group:buyers", ("viewer", "buyer")),
    ]  # fmt: skip


def test_an_address_nobody_verified_holds_nothing(house):
    grant(house, ADA, "ann@example.com", ["admin"])
    assert roles(house, Identity("https://idp.test", "7", None, "ann@example.com")) == set()


def test_more_roles_are_added_and_some_or_all_are_taken_at_once(house):
    grant(house, ADA, "ann@example.com", ["buyer"])
    grant(house, ADA, "ANN@example.com", ["finance"])
    assert roles(house) == {"viewer", "buyer", "finance"}
    left = revoke(house, ADA, "ann@example.com", ["buyer"])

    assert left is not None
    assert roles(house) == {"viewer", "finance"}
    assert revoke(house, ADA, left.id) is None
    assert roles(house) == set()


def test_the_address_stands_nowhere_in_clear_and_can_be_erased(house):
    held = grant(house, ADA, "ann@example.com", ["buyer"])
    assert "ann@example" not in trail(house)
    shred(house, held.id, "forget", ADA)

    assert listed(house) == [(None, ("viewer", "buyer"))]
    assert roles(house) == set()


def test_the_same_click_gives_once(house):
    for _ in range(2):
        held = grant(house, ADA, "ann@example.com", ["buyer"], "click")
    with house.reading() as view:
        assert len(versions(view, "person", held.id)) == 1


@pytest.mark.parametrize("who", [operator("root"), persona("kofi"), persona("noor")])
def test_only_a_real_admin_gives_and_takes_roles(house, who):
    grant(house, ADA, "ann@example.com", ["buyer"])
    for act in (grant, revoke):
        with pytest.raises((NotPermitted, BadPerson)):
            act(house, who, "ann@example.com", ["buyer"])
    assert roles(house) == {"viewer", "buyer"}


@pytest.mark.parametrize("who", ["", "ann", "a b@c", "group:", "x" * 300, "a@b\x00"])
def test_what_is_no_address_and_no_group_is_refused(house, who):
    with pytest.raises(BadPerson):
        grant(house, ADA, who, ["buyer"])


def test_an_unknown_role_and_an_unknown_person_are_refused_in_words(house):
    with pytest.raises(BadPerson, match="king is no role; there are: viewer"):
        grant(house, ADA, "ann@example.com", ["king"])
    with pytest.raises(BadPerson, match="nobody has given"):
        revoke(house, ADA, "ann@example.com")


def test_the_last_admin_stays(house):
    grant(house, ADA, "ann@example.com", ["admin"])
    with pytest.raises(BadPerson, match="last admin"):
        revoke(house, ADA, "ann@example.com")
    grant(house, ADA, "group:ops", ["admin"])
    revoke(house, ADA, "ann@example.com", ["admin"])

    assert roles(house) == {"viewer"}


def test_the_first_admin_is_made_once_and_only_with_a_verified_address(house):
    make_first_admin(house, EVE, "ann@example.com")
    make_first_admin(house, ANN, None)
    assert listed(house) == []
    make_first_admin(house, ANN, "ann@example.com")
    assert roles(house) == {"viewer", "admin"}
    grant(house, ADA, "group:ops", ["admin"])
    revoke(house, ADA, "ann@example.com")
    make_first_admin(house, ANN, "ann@example.com")

    assert roles(house) == set()
    assert f'"id":"{SYSTEM.name}"' in trail(house)


def test_of_who_comes_with_a_role_it_is_kept_who_that_is_once(house):
    grant(house, ADA, "group:buyers", ["buyer"])
    for _ in range(2):
        actor = admitted(house, ANN, None)
    with house.reading() as view:
        assert known_people(view) == {actor.name: "Ann Ash · ann@example.com"}
        assert len(versions(view, "identity", actor.name)) == 1

    assert "Ann Ash" not in trail(house)
    shred(house, actor.name, "forget", ADA)
    with house.reading() as view:
        assert known_people(view) == {}


def test_of_a_stranger_nothing_is_kept(house):
    before = trail(house)
    assert admitted(house, EVE, "ann@example.com").roles == frozenset()
    assert trail(house) == before
