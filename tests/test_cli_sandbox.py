"""``necto sandbox …`` against a real stand-in on loopback; nothing of it in live mode."""

import json

import pytest

from connectors.jobs.order_desks import desks
from connectors.sandbox.server import serving
from data.books import open_book
from data.sandbox_reset import reset_sandbox
from data.treasury import begin_play_money
from engine.people import persona
from tests.signing import auth_file
from tests.support import settings_of


@pytest.fixture
def stand_in(tmp_path):
    folder = tmp_path / "sandbox"
    folder.mkdir(mode=0o700)
    with serving(folder, machine=lambda: 1_790_000_000.0) as server:
        yield server


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("stand_in")
def test_its_time_its_counts_and_its_money_are_told(necto):
    found = told(necto("sandbox", "status", "--json"))
    assert found["factor"] == 1
    assert found["faults"] == []
    text = necto("sandbox", "status").stdout
    assert f"block {found['height']}" in text
    assert "money in uact" in text


@pytest.mark.usefixtures("stand_in")
def test_a_fault_is_switched_on_listed_and_cleared(necto):
    added = told(necto("sandbox", "fault", "add", "no_bids", "--times", "2", "--json"))
    (listed,) = told(necto("sandbox", "fault", "list", "--json"))
    assert (listed["id"], listed["kind"], listed["remaining"]) == (added["id"], "no_bids", 2)
    assert "no_bids" in necto("sandbox", "fault", "list").stdout
    assert "1 cleared" in necto("sandbox", "fault", "clear", str(added["id"])).stdout
    again = necto("sandbox", "fault", "clear", str(added["id"]))
    assert again.exit_code == 2
    assert "there is no fault" in again.stderr


@pytest.mark.parametrize(
    ("asked", "says"),
    [(("earthquake",), "kind"), (("slow", "--seconds", "-1"), "seconds"),
     (("price_up", "--percent", "x"), "percent"), (("slow", "--method", "get it"), "method")],
)  # fmt: skip
def test_a_fault_that_there_cannot_be_is_refused_with_what_is_wrong(necto, stand_in, asked, says):
    refused = necto("sandbox", "fault", "add", *asked)
    assert stand_in.address.url.startswith("http://127.0.0.1")
    assert refused.exit_code == 2
    assert f"{says}:" in refused.stderr


@pytest.mark.usefixtures("stand_in")
def test_its_time_jumps_and_changes_its_pace(necto):
    before = told(necto("sandbox", "status", "--json"))["height"]
    assert told(necto("sandbox", "advance", "3600", "--json"))["height"] == before + 600
    assert told(necto("sandbox", "clock", "--factor", "60", "--json"))["factor"] == 60
    refused = necto("sandbox", "clock", "--factor", "-1")
    assert refused.exit_code == 2
    assert "factor:" in refused.stderr


@pytest.mark.parametrize(
    "command", [("status",), ("fault", "list"), ("fault", "clear"), ("advance", "1")]
)
def test_who_steers_a_stand_in_that_does_not_run_is_told_what_to_start(necto, command):
    refused = necto("sandbox", *command)
    assert refused.exit_code == 2
    assert "python -m connectors work" in refused.stderr


def test_a_stand_in_that_has_ended_is_told_as_such(necto, tmp_path):
    folder = tmp_path / "sandbox"
    folder.mkdir(mode=0o700)
    with serving(folder):
        pass
    assert "is not running" in necto("sandbox", "status").stderr


def test_nothing_of_it_is_there_in_live_mode(necto, tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_MODE", "live")
    monkeypatch.setenv("NECTO_AUTH_FILE", str(auth_file(tmp_path)))
    refused = necto("sandbox", "fault", "add", "outage")
    assert refused.exit_code == 2
    assert "this is live mode" in refused.stderr


def test_the_sandbox_begins_anew_in_a_new_book_and_the_old_one_is_read_by_name(
    necto, stand_in, tmp_path
):
    settings = settings_of(tmp_path)
    begin_play_money(open_book(settings, "sandbox"))
    done = told(necto("sandbox", "reset", "--yes", "--json"))
    assert done == {"closed": "sandbox_1", "book": "sandbox_2", "stand_in": "akash-2.sqlite"}
    assert told(necto("sandbox", "status", "--json"))["book"] == "akash-2.sqlite"
    assert "nothing differs" in necto("audit", "verify", "--book", "sandbox_1").stdout
    assert "nothing differs" in necto("audit", "verify", "--book", "sandbox").stdout
    assert "sandbox_1" in necto("audit", "verify", "--book", "sandbox_9").stderr
    copies = told(necto("backup", "--to", str(tmp_path / "kept"), "--book", "sandbox_1", "--json"))
    assert [one["book"] for one in copies] == ["sandbox"]
    assert stand_in.address.url


def test_who_is_asked_and_does_not_say_yes_has_reset_nothing(necto, stand_in, tmp_path):
    begin_play_money(open_book(settings_of(tmp_path), "sandbox"))
    refused = necto("sandbox", "reset")
    assert "No order is open" in refused.stderr
    assert stand_in.address.url
    assert open_book(settings_of(tmp_path), "sandbox").book == "sandbox"


@pytest.mark.usefixtures("stand_in")
def test_a_sandbox_that_was_not_begun_is_not_reset(necto):
    refused = necto("sandbox", "reset", "--yes")
    assert refused.exit_code == 2
    assert "not begun yet" in refused.stderr


@pytest.mark.usefixtures("stand_in")
def test_who_is_no_administrator_resets_nothing(necto, tmp_path):
    begin_play_money(open_book(settings_of(tmp_path), "sandbox"))
    refused = necto("sandbox", "reset", "--yes", "--as", "ines")
    assert refused.exit_code == 2
    assert "Noor Haddad" in refused.stderr


def test_the_worker_s_desk_follows_the_book_in_use(stand_in, tmp_path):
    settings = settings_of(tmp_path)
    desk = desks(settings)
    before = desk()
    assert desk() is before
    reset_sandbox(settings, persona("noor"), lambda: "akash-2.sqlite")
    assert stand_in.address.url
    assert (before.records.book, desk().records.book) == ("sandbox", "sandbox_2")
