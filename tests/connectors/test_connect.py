"""What is read: what is registered, allowed by its terms, switched on and has its key."""

from datetime import UTC, datetime

import pytest

from connectors import registry
from connectors.base import Connector
from connectors.jobs import connect
from connectors.networks.lium import Lium
from data.preferences import Preferences
from data.terms import terms
from data.worker import connections, publish_connections
from engine.connections import Connection
from engine.settings_changes import Mark

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Keyed(Lium):
    """A connector that needs a key; its name is that of a network with a note on its terms."""

    name = "render"
    key_use = "required"
    key_form = "pk_...:sk_..."


class Locked(Lium):
    name = "ionet"


class Refusing(Keyed):
    def __init__(self, base_url=None, key=None, urls=None) -> None:
        if key:
            raise ValueError("the key has no second half")
        super().__init__(base_url, key, urls)


def without(*names: str) -> Preferences:
    """What is chosen when somebody switched these off."""
    return Preferences(switched_off={name: Mark(by="ada", at=NOW) for name in names})


def found(monkeypatch, kind: type[Connector], env=None, off=()) -> connect.Connected:
    monkeypatch.setattr(registry, "SOURCES", (kind,))
    (one,) = connect.connected(without(*off), env or {})
    assert not one.connection.reads or one.source is not None
    return one


def test_every_registered_source_has_a_note_on_its_terms():
    assert {kind.name for kind in registry.SOURCES} <= terms().keys()
    assert all(terms()[kind.name].is_built for kind in registry.SOURCES)


def test_a_keyless_source_is_read(monkeypatch):
    one = found(monkeypatch, Lium)
    assert (one.connection.state, one.connection.key_state) == ("reading", "not needed")


def test_without_its_key_a_source_is_not_asked_and_says_what_to_set(monkeypatch):
    one = found(monkeypatch, Keyed)
    assert (one.source, one.connection.state) == (None, "key missing")
    assert one.connection.key_note == "set NECTO_RENDER_KEY to pk_...:sk_..."


def test_with_its_key_it_is_read_and_the_key_is_in_no_text(monkeypatch):
    one = found(monkeypatch, Keyed, {"NECTO_RENDER_KEY": "pk_1:sk_1"})
    assert one.connection.state == "reading"
    assert "sk_1" not in f"{one!r} {vars(one.source)!r}"


@pytest.mark.parametrize("kind", [Keyed, Refusing])
def test_a_key_that_cannot_be_used_is_said(monkeypatch, kind):
    env = {"NECTO_RENDER_KEY": "a\nb" if kind is Keyed else "ab"}
    one = found(monkeypatch, kind, env)
    assert (one.source, one.connection.state) == (None, "key unusable")
    assert len(one.connection.key_note) > 10


def test_what_is_off_by_default_is_never_read(monkeypatch):
    one = found(monkeypatch, Locked, {"NECTO_IONET_KEY": "k"})
    assert one.source is None
    assert one.connection.state == "off until its terms are reviewed"


def test_a_switched_off_source_is_not_read(monkeypatch):
    one = found(monkeypatch, Lium, off=["lium"])
    assert (one.connection.reads, one.connection.state) == (False, "switched off")


def test_pages_learn_from_the_worker_how_it_is_connected(monkeypatch, tmp_path):
    one = found(monkeypatch, Keyed, {"NECTO_RENDER_KEY": "pk_1:sk_1"})
    assert connections(tmp_path, Preferences()) == []
    publish_connections(tmp_path, [one.connection])
    assert connections(tmp_path, Preferences()) == [one.connection]
    assert [c.state for c in connections(tmp_path, without("render"))] == ["switched off"]
    assert "sk_1" not in (tmp_path / "worker" / "connections.json").read_text()


@pytest.mark.parametrize("content", ["", "{", '[{"name": 7}]', '{"a": 1}'])
def test_a_damaged_report_is_none(tmp_path, content):
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "connections.json").write_text(content)
    assert connections(tmp_path, Preferences()) == []


def test_a_locked_connection_is_never_on():
    locked = Connection(
        name="ionet", terms=terms()["ionet"], key_use="none", key_state="not needed", key_note=""
    )
    assert (locked.is_locked, locked.is_on, locked.reads) == (True, False, False)
