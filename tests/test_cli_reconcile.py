"""``necto reconcile`` against a real stand-in: told with age and owner, accepted by a person."""

import json
from decimal import Decimal

import pytest

from connectors.sandbox.client import Control
from connectors.sandbox.forms import Fault, Market, MarketGpu, MarketProvider
from connectors.sandbox.server import serving
from data.backups import backup
from data.books import close_books, open_book
from data.restoring import restore
from data.stops import stops
from tests.connectors.akash_console import Book, wanted
from tests.support import ADA, settings_of

PROVIDER = MarketProvider(
    address="akash1alder", host_uri="https://alder.invalid:8443", country="NL",
    gpus=(MarketGpu(model="h100", ram="80Gi", interface="SXM5", free=10,
                    usd_per_gpu_hour=Decimal(2)),),
)  # fmt: skip


@pytest.fixture
def stand_in(tmp_path):
    folder = tmp_path / "sandbox"
    folder.mkdir(mode=0o700)
    with serving(folder):
        control = Control.at(folder)
        control.market(Market(providers=(PROVIDER,)))
        yield control
        control.close()


@pytest.fixture
def book(tmp_path):
    """The book of the sandbox, begun."""
    return open_book(settings_of(tmp_path), "sandbox")


@pytest.mark.usefixtures("stand_in", "book")
def test_where_nothing_differs_it_ends_well(necto):
    done = necto("reconcile")
    assert done.exit_code == 0, done.output
    assert "akash: nothing differs" in done.stdout


@pytest.mark.usefixtures("book")
def test_a_stranger_is_told_with_age_and_owner_and_never_touched(necto, stand_in):
    stand_in.fill([Book().purchaser().file_text(wanted())])
    done = necto("reconcile", "--json")
    assert done.exit_code == 1
    ((found,),) = [one["found"] for one in json.loads(done.stdout)]
    assert (found["kind"], found["owner"]) == ("stranger", "finance")
    assert found["age_seconds"] >= 0
    assert [lease.state for lease in stand_in.leases()] == ["active"]
    text = necto("reconcile").stdout
    assert "it is not touched" in text
    assert "akash: 1 difference" in text


@pytest.mark.usefixtures("stand_in")
def test_a_restored_book_buys_again_when_a_person_has_accepted_what_was_shown(
    necto, tmp_path, book
):
    made = backup(book, tmp_path / "kept", ADA)
    close_books()
    restore(made.file, settings_of(tmp_path), ADA, is_forced=True)
    restored = open_book(settings_of(tmp_path), "sandbox")
    with restored.reading() as view:
        assert "accept it" in stops(view)[0]
    refused = necto("reconcile", "--accept", "--yes", "--as", "ines")
    assert refused.exit_code == 2
    assert "nothing was accepted" in refused.stderr
    done = necto("reconcile", "--accept", "--yes", "--as", "fay", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["digest"] in done.stderr
    with open_book(settings_of(tmp_path), "sandbox").reading() as view:
        assert stops(view) == []


@pytest.mark.usefixtures("stand_in", "book")
def test_who_does_not_say_yes_has_accepted_nothing(necto):
    refused = necto("reconcile", "--accept")
    assert refused.exit_code in {1, 2}
    assert "accepted by" not in refused.output


@pytest.mark.usefixtures("book")
def test_a_network_that_does_not_answer_is_said_and_nothing_is_known(necto, stand_in):
    stand_in.fault(Fault(kind="status", status=401))
    done = necto("reconcile")
    assert done.exit_code == 2
    assert "akash was not compared" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((), "was not begun yet"), (("--accept", "--network", "akash"), "leave --network out")],
)
def test_what_cannot_be_asked_is_refused_in_words(necto, arguments, says):
    refused = necto("reconcile", *arguments)
    assert refused.exit_code == 2
    assert says in refused.stderr


@pytest.mark.usefixtures("book")
def test_a_network_that_nothing_can_be_bought_on_is_refused(necto):
    assert "only on akash" in necto("reconcile", "--network", "lium").stderr


@pytest.mark.usefixtures("book")
def test_a_sandbox_that_was_never_started_is_told_as_such(necto):
    assert "has not been started" in necto("reconcile").stderr
