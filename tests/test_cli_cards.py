"""The necto cards commands, as a person types them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from data.books import close_books
from data.faults import RecordsFull
from engine.canonical import digest
from engine.rate_cards import EXAMPLE_NOTE
from tests.cards import row, written
from tests.data.test_preferences import told
from tests.support import house_of

TODAY = datetime.now(UTC).date()
NOW_ON = {"valid_from": str(TODAY - timedelta(9)), "valid_until": str(TODAY + timedelta(99))}


@pytest.fixture
def necto(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["cards", *arguments])

    return run


def imported(necto, *rows):
    Path("rates.csv").write_bytes(written(*rows))
    return necto("import", "rates.csv")


def prices(necto):
    rows = json.loads(CliRunner().invoke(app, ["offers", "--json"]).stdout)
    return [(r["network"], r["usd_per_gpu_hour"]) for r in rows if r["source_kind"] == "contract"]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "XLSX"])
def test_a_card_that_was_exported_is_imported_with_the_same_prices(necto, ending):
    imported(necto, row(**NOW_ON, usd_per_gpu_hour="1.123456789012345678"))
    assert necto("export", "aethir", "rates", f"out.{ending}").exit_code == 0
    before = prices(necto)
    necto("withdraw", "aethir", "rates", "--reason", "moved")
    assert prices(necto) == []

    assert necto("import", f"out.{ending}", "--name", "again").exit_code == 0
    assert prices(necto) == before == [("aethir", "1.123456789012345678")]


def test_an_older_version_is_exported_by_its_number(necto):
    imported(necto, row(**NOW_ON))
    imported(necto, row(**NOW_ON, usd_per_gpu_hour="2"))
    necto("export", "aethir", "rates", "new.csv")
    necto("export", "aethir", "rates", "old.csv", "--version", "1")

    assert ",16," in Path("new.csv").read_text(encoding="utf-8")
    assert ",17.2," in Path("old.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [("export", "aethir", "rates"), ("template",)])
def test_no_file_is_ever_overwritten(necto, command):
    imported(necto, row(**NOW_ON))
    Path("mine.csv").write_text("mine", encoding="utf-8")

    refused = necto(*command, "mine.csv")

    assert refused.exit_code == 2
    assert "mine.csv cannot be written: File exists" in refused.output
    assert Path("mine.csv").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("aethir", "others", "x.csv"), "there is no rate card 'others' of 'aethir'"),
        (("../aethir", "rates", "x.csv"), "there is no rate card 'rates' of '../aethir'"),
        (("aethir", "rates", "x.csv", "--version", "2"), "has no version 2, up to 1"),
        (("aethir", "rates", "x.pdf"), "x.pdf must end in .csv or .xlsx"),
    ],
)
def test_what_cannot_be_exported_is_said_and_no_file_is_left(necto, arguments, says):
    imported(necto, row(**NOW_ON))

    refused = necto("export", *arguments)

    assert refused.exit_code == 2
    assert says in refused.output
    assert not Path(arguments[2]).exists()


def test_a_version_that_begins_later_warns_of_the_days_between(necto):
    imported(necto, row(**NOW_ON))
    begins = TODAY + timedelta(10)
    later = imported(necto, row(valid_from=str(begins), valid_until=str(begins)))

    assert later.exit_code == 0
    told = f"aethir has no price of rates from {TODAY} to {begins - timedelta(1)}: version 1"
    assert told in later.stderr


def test_a_refused_card_ends_with_2_and_names_every_fault(necto):
    refused = imported(necto, row(**NOW_ON, currency="EUR", term="x"))

    assert refused.exit_code == 2
    assert "is not USD" in refused.stdout
    assert "nothing was imported: 2 faults" in refused.stderr
    assert json.loads(necto("list", "--json").stdout) == []


def test_a_withdrawal_names_the_version_that_leaves(necto):
    imported(necto, row(**NOW_ON))
    imported(necto, row(**NOW_ON, usd_per_gpu_hour="2"))

    done = necto("withdraw", "aethir", "rates", "--reason", "cancelled")

    assert "version 2 has left the market" in done.stdout
    states = [one["state"] for one in json.loads(necto("list", "--json").stdout)]
    assert states == ["superseded", "withdrawn"]


def test_a_template_is_written_in_either_form(necto):
    assert necto("template", "a.csv").exit_code == necto("template", "a.xlsx").exit_code == 0

    assert EXAMPLE_NOTE in Path("a.csv").read_text(encoding="utf-8")
    assert Path("a.xlsx").read_bytes().startswith(b"PK")


def test_a_card_is_not_imported_or_withdrawn_while_the_records_cannot_be_used(necto):
    imported(necto, row(**NOW_ON))
    close_books()
    Path("home/records").rename("away")
    Path("home/records").write_text("in the way", encoding="utf-8")

    for refused in (
        imported(necto, row(**NOW_ON, usd_per_gpu_hour="2")),
        necto("withdraw", "aethir", "rates", "--reason", "x"),
    ):
        assert refused.exit_code == 2
        assert "the house book of the records cannot be used" in refused.stderr
    assert [one["state"] for one in json.loads(necto("list", "--json").stdout)] == ["current"]


def test_a_card_whose_entry_is_late_is_said_to_be_on_the_market(necto, monkeypatch):
    def refuses(*_arguments):
        raise RecordsFull("the disk is full")

    monkeypatch.setattr("data.card_register._registered", refuses)
    said = imported(necto, row(**NOW_ON))

    assert said.exit_code == 2
    assert "imported and on the market" in said.stderr
    assert len(prices(necto)) == 1


def test_a_registered_card_whose_file_is_gone_is_set_aside_in_the_status(necto):
    imported(necto, row(**NOW_ON))
    (lost,) = Path("home/market/cards/seller=aethir").rglob("offers.parquet")
    lost.unlink()
    said = CliRunner().invoke(app, ["status"]).stdout

    assert "set aside: cards/seller=aethir/card=rates/version=000001/offers.parquet" in said
    assert "a registered rate card's file is gone" in said


def test_an_export_is_entered_before_its_file_has_its_name(necto, tmp_path):
    imported(necto, row(**NOW_ON))
    necto("export", "aethir", "rates", "out.csv")
    entry = told(house_of(tmp_path / "home"))[-1]
    result = entry["data"]["result"]

    assert (entry["type"], result["place"]) == ("necto.export.made", "necto cards export")
    assert (result["asked"], result["rows"]) == ("aethir rates --version 1", 1)
    assert result["digest"] == digest(Path("out.csv").read_bytes())
    assert entry["data"]["actor"]["id"].startswith("local:")


def test_an_export_that_cannot_be_entered_leaves_no_file(necto, monkeypatch):
    imported(necto, row(**NOW_ON))

    def refuses(*_arguments):
        raise RecordsFull("the disk is full")

    monkeypatch.setattr("data.exports.enter_export", refuses)
    before = sorted(Path().iterdir())
    refused = necto("export", "aethir", "rates", "out.csv")

    assert refused.exit_code == 2
    assert "out.csv was not exported: the disk is full" in refused.stderr
    assert sorted(Path().iterdir()) == before
