"""What somebody asks to be done: named, by somebody, once."""

from decimal import Decimal

import pytest

from engine.canonical import digest
from engine.commands import KEY_MAX, SUBJECT_MAX, BadCommand, Command
from engine.people import SYSTEM, job, local_actor

ADA = local_actor("ada")


def test_a_command_says_who_asks_for_what_about_what():
    command = Command.of("k1", "settings.changed", ADA, "settings", {"limit": Decimal("1.50")})
    assert (command.type, command.actor, command.subject) == (
        "necto.settings.changed",
        ADA,
        "settings",
    )
    assert command.body == {"limit": "1.50"}


def test_its_digest_is_the_one_of_the_canonical_body():
    one = Command("k1", "order.made", ADA, "order/1", {"b": 1, "a": "x"})
    other = Command("k2", "order.made", ADA, "order/1", {"a": "x", "b": 1})
    assert one.digest == other.digest == digest(b'{"a":"x","b":1}')


def test_what_necto_does_by_itself_is_its_own():
    command = Command.by_system("open", "book.opened", "book/house", {})
    assert command.actor == SYSTEM
    assert (SYSTEM.kind, job("ingest").kind, ADA.kind) == ("system", "job", "person")
    assert not any(actor.roles for actor in (SYSTEM, job("ingest")))


@pytest.mark.parametrize("text", ["", "a\nb", "\x00", "\u202ereversed"])
def test_a_key_and_a_subject_can_be_printed(text):
    with pytest.raises(BadCommand, match="a command's key is 1 to 200 printable characters"):
        Command(text, "a.b", ADA, "s", None)
    with pytest.raises(BadCommand, match="a command's subject is 1 to 300 printable"):
        Command("k", "a.b", ADA, text, None)


def test_a_key_and_a_subject_have_a_longest():
    assert Command("k" * KEY_MAX, "a.b", ADA, "s" * SUBJECT_MAX, None)
    with pytest.raises(BadCommand, match="key"):
        Command("k" * (KEY_MAX + 1), "a.b", ADA, "s", None)
    with pytest.raises(BadCommand, match="subject"):
        Command("k", "a.b", ADA, "s" * (SUBJECT_MAX + 1), None)


def test_a_body_that_json_does_not_have_is_refused():
    with pytest.raises(TypeError, match=r"price: 0.5 is a float"):
        Command.of("k", "a.b", ADA, "s", {"price": 0.5})
