"""Rate cards in the house book: registered by digest with who, recovered once, told when lost."""

import pytest

from data import card_register, rate_cards
from data.card_register import LateEntry, import_card, recover, unregistered, unsound, withdraw
from data.documents import current, versions
from data.faults import RecordsBusy, RecordsFull
from data.files import sha256_of
from data.market import Busy
from data.rate_cards import cards
from tests.cards import NOW, card, row
from tests.data.test_preferences import told
from tests.support import ADA, house_of

CARD = "cards/seller=aethir/card=rates/version=000001"


@pytest.fixture
def house(tmp_path):
    return house_of(tmp_path)


def kept(house, lake, *rows):
    return import_card(house, lake, card(*rows), ADA, NOW)


def documents(house):
    with house.reading() as view:
        return [(one.id, one.version, one.body["state"]) for one in current(view, "rate-card")]


def refuse(monkeypatch, fault):
    """Let the records refuse whatever is to be registered."""

    def refuses(*_arguments):
        raise fault

    monkeypatch.setattr(card_register, "_registered", refuses)


def test_an_import_is_registered_with_who_what_and_the_digest_of_every_file(house, lake):
    (record,) = kept(house, lake).new
    (entry,) = told(house)
    data = entry["data"]

    assert (entry["type"], entry["subject"]) == (
        "necto.rate-card.imported", "rate-card/aethir/rates",
    )  # fmt: skip
    assert (data["actor"]["id"], record.imported_by) == ("local:ada", "local:ada")
    assert (data["input"]["body"]["valid_until"], data["result"]["version"]) == ("2026-12-31", 1)
    assert {file["name"] for file in data["files"]} == {
        f"{CARD}/offers.parquet", f"{CARD}/record.json",
        f"cards/originals/{record.original_sha256}",
    }  # fmt: skip
    for file in data["files"]:
        path = lake.root / file["name"]
        assert (file["digest"], file["size"]) == (f"sha256:{sha256_of(path)}", path.stat().st_size)


def test_a_registered_file_is_found_by_its_digest(house, lake):
    (record,) = kept(house, lake).new
    with house.reading() as view:
        found = view.exec_driver_sql(
            "SELECT kind, name FROM files WHERE digest = ?", (f"sha256:{record.drop_sha256}",)
        ).all()

    assert found == [("rate-card", f"{CARD}/offers.parquet")]


def test_a_new_version_and_a_withdrawal_tell_what_held_before(house, lake):
    kept(house, lake)
    kept(house, lake, row(usd_per_gpu_hour="2"))
    withdraw(house, lake, "aethir", "rates", "cancelled", ADA, NOW)
    _, second, withdrawn = told(house)

    assert second["data"]["previous"]["version"] == 1
    assert withdrawn["type"] == "necto.rate-card.withdrawn"
    assert withdrawn["data"]["previous"]["state"] == "imported"
    assert withdrawn["data"]["input"]["body"]["reason"] == "cancelled"
    assert documents(house) == [("aethir:rates", 3, "withdrawn")]


def test_the_same_file_again_is_the_same_version_and_no_entry(house, lake):
    kept(house, lake)
    again = kept(house, lake)
    withdraw(house, lake, "aethir", "rates", "cancelled", ADA, NOW)
    withdraw(house, lake, "aethir", "rates", "again", ADA, NOW)

    assert (again.new, [record.version for record in again.known]) == ((), [1])
    assert len(told(house)) == 2


def test_a_file_with_two_sellers_is_registered_for_each(house, lake):
    kept(house, lake, row(), row(seller="aws", gpu="p5.48xlarge"))

    assert [name for name, *_ in documents(house)] == ["aethir:rates", "aws:rates"]


def test_what_was_published_without_an_entry_is_recovered_once_in_its_order(house, lake):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    rate_cards.withdraw(lake, "aethir", "rates", reason="cancelled", by="Bea", now=NOW)
    assert unregistered(house, lake) == 2

    assert (recover(house, lake), recover(house, lake), unregistered(house, lake)) == (2, 0, 0)
    entries = told(house)
    assert {e["type"] for e in entries} == {"necto.rate-card.recovered"}
    assert {e["data"]["actor"]["id"] for e in entries} == {"job:recovery"}
    assert [e["data"]["result"]["state"] for e in entries] == ["imported", "withdrawn"]
    assert entries[0]["data"]["input"]["body"]["imported_by"] == "Ada"


def test_importing_again_registers_what_had_no_entry(house, lake):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    kept(house, lake)

    assert [e["type"] for e in told(house)] == ["necto.rate-card.recovered"]


def test_recovery_waits_for_an_import_that_is_not_finished(house, lake, monkeypatch):
    monkeypatch.setattr(rate_cards, "LOCK_SECONDS_MAX", 0.05)
    with rate_cards.alone(lake), pytest.raises(Busy):
        recover(house, lake)


def test_records_in_trouble_refuse_an_import_before_anything_is_kept(house, lake):
    with house.transaction() as unit:
        unit.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RuntimeError, match="Update this installation"):
        kept(house, lake)
    with pytest.raises(RuntimeError, match="Update this installation"):
        withdraw(house, lake, "aethir", "rates", "x", ADA, NOW)

    assert cards(lake, NOW) == []


def test_an_entry_that_is_late_is_said_and_follows(house, lake, monkeypatch):
    with monkeypatch.context() as broken:
        refuse(broken, RecordsFull("the disk is full"))
        with pytest.raises(LateEntry, match=r"on the market.*the disk is full"):
            kept(house, lake)
    with monkeypatch.context() as broken:
        refuse(broken, RecordsBusy("held"))
        with pytest.raises(LateEntry, match=r"rates is withdrawn.*held"):
            withdraw(house, lake, "aethir", "rates", "cancelled", ADA, NOW)

    assert [one.state for one in cards(lake, NOW)] == ["withdrawn"]
    assert recover(house, lake) == 2


def test_a_registered_file_that_is_gone_or_changed_is_told_with_its_entry(house, lake):
    (record,) = kept(house, lake).new
    assert unsound(house, lake) == {}
    (lake.root / "cards" / "originals" / record.original_sha256).write_bytes(b"other")
    (lake.root / CARD / "offers.parquet").unlink()
    found = unsound(house, lake)

    assert len(found) == 2
    assert "is gone (entry 1 of the house book)" in found[f"{CARD}/offers.parquet"]
    assert "no longer the file" in found[f"cards/originals/{record.original_sha256}"]


def test_a_file_that_was_lost_and_imported_again_is_sound(house, lake):
    kept(house, lake)
    for path in sorted((lake.root / "cards").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    import_card(house, lake, card(), ADA, NOW.replace(hour=13))

    assert unsound(house, lake) == {}
    with house.reading() as view:
        assert len(versions(view, "rate-card", "aethir:rates")) == 2


def test_a_version_whose_prices_are_gone_is_recovered_as_what_is_left_of_it(house, lake):
    rate_cards.import_card(lake, card(), by="Ada", now=NOW)
    (lake.root / CARD / "offers.parquet").unlink()

    assert recover(house, lake) == 1
    (entry,) = told(house)
    assert f"{CARD}/offers.parquet" not in {file["name"] for file in entry["data"]["files"]}
