"""Kept decisions: a file named by its digest, then its entry; files without one are told."""

import json
import os
from datetime import timedelta

import pytest

from data import keeping
from data.books import open_book
from data.compaction import compact
from data.decisions import (
    ABANDONED_SECONDS,
    NoDecision,
    NotKept,
    decisions,
    digests_like,
    lost,
    orphans,
    reopened,
    saved,
)
from data.faults import RecordsFault
from data.files import publish_bytes
from data.offers_file import read_offers
from data.policies import import_policy
from data.records import Records
from data.retention import retain
from data.routable import market_of
from data.routable_files import market_of_file
from data.unit import OtherCommand
from engine.canonical import canonical, digest
from engine.commands import Command
from engine.decision_pdf import decision_pdf
from engine.decision_record import digest_of, made_again, record_of
from engine.decision_text import decision_text
from engine.market import providers_frame
from engine.requirement import Gpus, Requirement
from engine.routing import route
from tests.data import test_market as runs
from tests.data.test_preferences import told
from tests.kept import JOB, provider, small_market, small_record
from tests.support import ADA, OBSERVED, settings_of

LATER = OBSERVED + timedelta(days=500)
ONE = Requirement(gpus=Gpus(count=1, models=frozenset({"H100"})))


@pytest.fixture
def book(tmp_path):
    return open_book(settings_of(tmp_path), "sandbox")


@pytest.fixture
def record():
    """A decision whose inputs need no keeping."""
    return small_record(market=small_market(drops=()))


def of_lake(lake, job=ONE):
    """A decision on the lake's newest market, with facts about its provider."""
    runs.saved(lake, OBSERVED)
    run_id = next(lake.run_ids("akash"))
    lake.save("providers", "akash", run_id, providers_frame([provider("one", 0.9)]))
    market = market_of(lake, OBSERVED)
    return record_of(route(job, market, None, OBSERVED)), market


def test_the_name_of_the_file_is_the_digest_of_its_bytes(lake, book, record):
    kept = saved(lake, book, record, ADA)
    (path,) = (lake.root / "decisions" / "mode=sandbox").glob("*.json")

    assert kept.digest == digest_of(record) == f"sha256:{path.stem}"
    assert json.loads(path.read_bytes())["requirement"]["name"] == "fine-tune"


def test_a_decision_opened_again_reads_the_same_to_the_last_byte(lake, book, record):
    again = reopened(lake, book, saved(lake, book, record, ADA).digest)

    assert again == record
    assert decision_text(again) == decision_text(record)
    assert decision_pdf(again) == decision_pdf(record)


def test_its_entry_tells_who_what_by_which_policy_and_vouches_for_every_file(lake, book):
    record, _ = of_lake(lake)
    kept = saved(lake, book, record, ADA)
    entry = told(book)[-1]
    data = entry["data"]

    assert (entry["type"], entry["subject"]) == (
        "necto.decision.made", f"decision/{kept.digest[7:]}",
    )  # fmt: skip
    assert (data["actor"]["id"], data["policy"]) == ("local:ada", None)
    assert [file["name"].split("/")[0] for file in data["files"]] == [
        "decisions", "offers", "providers",
    ]  # fmt: skip
    assert data["result"]["quoted"] == 1
    assert [effect["table"] for effect in data["effects"]] == ["files"]


def test_the_runs_that_it_names_outlive_merging_and_retention(lake, book):
    record, _ = of_lake(lake)
    saved(lake, book, record, ADA)
    runs.saved(lake, OBSERVED + timedelta(hours=1))
    runs.saved(lake, LATER)
    compact(lake, "akash", LATER)
    retain(lake, "akash", LATER, 400)

    assert keeping.kept(lake, "akash") == {record.market.drops[0].rsplit("/", 1)[1][:-8]}
    assert all((lake.root / drop).exists() for drop in record.market.drops)


def test_it_can_be_made_again_of_what_it_names(lake, book):
    record, market = of_lake(lake)
    again = reopened(lake, book, saved(lake, book, record, ADA).digest)

    assert digest_of(record_of(made_again(again, market))) == digest_of(record)


def test_inputs_that_have_gone_keep_nothing(lake, book):
    record, _ = of_lake(lake)
    (lake.root / record.market.drops[0]).unlink()

    with pytest.raises(NotKept, match=r"the market has moved on.*route again"):
        saved(lake, book, record, ADA)
    assert told(book) == []
    assert not list((lake.root / "decisions").rglob("*.json"))


def test_an_input_that_is_no_run_must_be_there_too(lake, book):
    record = small_record(market=small_market(drops=("cards/one.parquet",)))

    with pytest.raises(NotKept, match="route again"):
        saved(lake, book, record, ADA)


def test_a_file_of_offers_is_kept_by_its_digest(lake, book, tmp_path):
    path = tmp_path / "offers.csv"
    path.write_text("offer_id,network,gpu_model,gpu_count,usd_per_hour\na,mesh,H100,1,2\n")
    file = read_offers(path, OBSERVED)
    market = market_of_file(file, OBSERVED)
    record = record_of(route(ONE, market, None, OBSERVED))

    with pytest.raises(NotKept, match="is needed to keep it"):
        saved(lake, book, record, ADA)
    saved(lake, book, record, ADA, file=file)
    kept = lake.root / "decisions" / "mode=sandbox" / "offers" / f"{file.digest[7:]}.csv"
    assert kept.read_bytes() == path.read_bytes()


def test_keeping_twice_is_keeping_once_and_a_key_is_for_one_decision(lake, book, record):
    first = saved(lake, book, record, ADA, "click")
    assert saved(lake, book, record, ADA, "click") == first
    other = small_record(JOB.model_copy(update={"name": "other"}), small_market(drops=()))

    with pytest.raises(OtherCommand):
        saved(lake, book, other, ADA, "click")
    again = saved(lake, book, record, ADA, "another click")
    assert again.digest == first.digest
    with book.reading() as view:
        assert digests_like(view, "") == digests_like(view, first.digest[:12]) == [first.digest]


def test_the_newest_come_first_and_the_list_goes_on(lake, book):
    digests = []
    for name in ("a", "b", "c"):
        job = JOB.model_copy(update={"name": name})
        digests.append(saved(lake, book, small_record(job, small_market(drops=())), ADA).digest)
    with book.reading() as view:
        newest = decisions(view, 2)
        older = decisions(view, 2, before=newest[-1].entry_index)

    assert [one.digest for one in (*newest, *older)] == digests[::-1]
    assert [(one.job, one.by, one.policy) for one in older] == [("a", "local:ada", "strict@3")]
    assert (older[0].quoted, older[0].refused, older[0].best) == (2, 4, "a-cheap")
    assert (older[0].total_usd, older[0].landed_usd_per_hour) == ("1600", "16")


def test_a_decision_that_is_not_there_is_said(lake, book, record, tmp_path):
    name = saved(lake, book, record, ADA).digest
    path = lake.root / "decisions" / "mode=sandbox" / f"{name[7:]}.json"
    with pytest.raises(NoDecision, match="was committed in the sandbox book"):
        reopened(lake, book, "sha256:00")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"16", b"15"))
    with pytest.raises(NoDecision, match="no longer what was committed"):
        reopened(lake, book, name)
    assert "no longer the file" in next(iter(lost(lake, book).values()))
    path.unlink()
    with pytest.raises(NoDecision, match="is gone: restore"):
        reopened(lake, book, name)
    assert "is gone" in next(iter(lost(lake, book).values()))
    saved(lake, book, record, ADA)
    assert (path.read_bytes(), lost(lake, book)) == (whole, {})


def test_a_form_that_this_version_cannot_read_is_said(lake, book):
    content = canonical({"version": "of tomorrow"})
    name = f"decisions/mode=sandbox/{digest(content)[7:]}.json"
    publish_bytes(lake.root / name, content)
    row = {"kind": "decision", "name": name, "digest": digest(content), "size": len(content)}
    book.perform(
        Command.of("k", "decision.made", ADA, "decision/x", {}),
        lambda unit: unit.add("files", **row),
    )

    with pytest.raises(NoDecision, match="cannot be read by this version of Necto: version"):
        reopened(lake, book, digest(content))


def test_a_file_without_an_entry_is_an_orphan_once_it_is_old(lake, book, record, now):
    saved(lake, book, record, ADA)
    home = lake.root / "decisions" / "mode=sandbox"
    (home / "half.json").write_text("{}")
    for path in home.iterdir():
        os.utime(path, (now.timestamp(), now.timestamp()))
    soon = now + timedelta(seconds=ABANDONED_SECONDS - 1)
    later = now + timedelta(seconds=ABANDONED_SECONDS + 1)

    assert orphans(lake, "sandbox", book, soon) == []
    assert orphans(lake, "sandbox", book, later) == ["decisions/mode=sandbox/half.json"]
    assert len(orphans(lake, "sandbox", None, later)) == 2
    assert orphans(lake, "live", None, later) == []


def test_records_that_cannot_be_used_keep_nothing(lake, book, record):
    book.close()
    assert book.file is not None
    book.file.unlink()

    with pytest.raises(RecordsFault):
        saved(lake, book, record, ADA)
    assert not list((lake.root / "decisions").rglob("*.json"))


def test_the_policy_of_an_entry_is_the_very_version(lake, book, tmp_path):
    house = open_book(settings_of(tmp_path), "house")
    rules = import_policy(house, "name: eu\n", ADA)
    market = small_market(drops=())
    record = record_of(route(JOB, market, rules.policy, OBSERVED, policy_version=rules.ref))
    saved(lake, book, record, ADA)

    assert told(book)[-1]["data"]["policy"] == "eu@1"


def test_it_is_the_same_in_every_engine(lake, record, records_url):
    book = Records.open(records_url, "sandbox", "00000000-0000-4000-8000-000000000001")
    try:
        kept = saved(lake, book, record, ADA)
        with book.reading() as view:
            assert decisions(view) == [kept]
            assert digests_like(view, kept.digest[:20]) == [kept.digest]
        assert reopened(lake, book, kept.digest) == record
        assert (orphans(lake, "sandbox", book, LATER), lost(lake, book)) == ([], {})
    finally:
        book.close()
