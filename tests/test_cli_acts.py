"""The commands that act, as a person types them: rate cards, readings, upkeep, bidders."""

import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from data import preferences, rate_cards
from data.market import Lake
from tests.cards import row, written
from tests.connectors.samples import SAMPLES, answering, says
from tests.connectors.test_akash_screening import provider, told
from tests.data.test_market import saved
from tests.loopback import answered
from tests.support import ADA, house_of
from tests.test_cli import closed_port

TODAY = datetime.now(UTC).date()
VALID = {
    "valid_from": str(TODAY - timedelta(days=1)),
    "valid_until": str(TODAY + timedelta(days=90)),
}
STATUS_KEYS = {
    "network", "status", "why", "reads", "key", "source_kind", "offers", "available", "oldest_at",
    "observed_at", "age_seconds", "last_run_at", "last_outcome", "message", "rejects",
}  # fmt: skip


def good(**changes: str) -> bytes:
    return written(row(**(VALID | changes)))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_bytes(good())
    return path


def listed(necto):
    return json.loads(necto("cards", "list", "--json").stdout)


def test_a_good_card_is_imported_and_on_the_market(necto, file):
    (done,) = json.loads(necto("cards", "import", str(file), "--json").stdout)
    offers = json.loads(necto("offers", "--network", "aethir", "--json").stdout)

    assert done == {
        "card": "rates", "seller": "aethir", "version": 1, "rows": 1, "said": "imported",
    }  # fmt: skip
    (sold,) = offers
    assert (sold["usd_per_gpu_hour"], sold["source_kind"]) == ("2.15", "contract")


def test_the_same_bytes_twice_are_known_already(necto, file):
    necto("cards", "import", str(file))
    again = necto("cards", "import", str(file))

    assert again.exit_code == 0
    assert "known already" in again.stdout
    assert [card["version"] for card in listed(necto)] == [1]


def test_the_same_name_is_a_new_version_and_another_name_another_card(necto, file):
    necto("cards", "import", str(file))
    file.write_bytes(good(usd_per_gpu_hour="2"))
    necto("cards", "import", str(file))
    necto("cards", "import", str(file), "--name", "second")

    assert sorted((c["card"], c["version"], c["state"]) for c in listed(necto)) == [
        ("rates", 1, "superseded"), ("rates", 2, "current"), ("second", 1, "current"),
    ]  # fmt: skip


def test_a_refused_card_tells_every_fault_and_imports_nothing(necto, file):
    bad = row(**VALID, usd_per_gpu_hour="2,15", country_code="Germany")
    file.write_bytes(written(row(**VALID), bad))
    result = necto("cards", "import", str(file), "--json")
    faults = json.loads(result.stdout)

    assert result.exit_code == 2
    assert [(f["line"], f["column"]) for f in faults] == [
        (3, "country_code"), (3, "usd_per_gpu_hour"),
    ]  # fmt: skip
    assert all(fault["fault"] and fault["remedy"] for fault in faults)
    assert "nothing was imported: 2 faults" in result.stderr
    assert listed(necto) == []


def test_a_refused_card_is_told_to_people_too(necto, file):
    file.write_bytes(good(usd_per_gpu_hour="2,15"))
    said = necto("cards", "import", str(file)).stdout

    assert all(word in said for word in ("line", "remedy", "usd_per_gpu_hour", "2,15"))


def test_a_gpu_that_nobody_knows_is_imported_with_a_warning(necto, file):
    file.write_bytes(good(gpu="NVIDIA H1000"))
    result = necto("cards", "import", str(file))

    assert result.exit_code == 0
    assert "line 2: names no known GPU" in result.stderr


def test_a_file_that_is_not_there_is_said(necto, tmp_path):
    result = necto("cards", "import", str(tmp_path / "none.csv"))

    assert result.exit_code == 2
    assert "none.csv cannot be read: No such file" in result.stderr


def test_what_another_process_changes_is_left_to_it(necto, file, tmp_path, monkeypatch):
    monkeypatch.setattr(rate_cards, "LOCK_SECONDS_MAX", 0.05)
    with rate_cards.alone(Lake(tmp_path / "market")):
        result = necto("cards", "import", str(file))
        withdrawn = necto("cards", "withdraw", "aethir", "rates", "--reason", "ended")

    assert (result.exit_code, withdrawn.exit_code, listed(necto)) == (2, 2, [])
    assert "another process" in result.stderr
    assert "another process" in withdrawn.stderr


def test_the_list_is_for_people_too_and_may_be_empty(necto, file):
    assert "nothing found" in necto("cards", "list").stdout
    necto("cards", "import", str(file))

    assert "current" in necto("cards", "list").stdout


@pytest.mark.parametrize("name", ["card.csv", "card.xlsx"])
def test_a_template_is_written_once_and_never_over_a_file(necto, tmp_path, name):
    path = tmp_path / name
    assert necto("cards", "template", str(path)).exit_code == 0
    content = path.read_bytes()
    again = necto("cards", "template", str(path))

    assert again.exit_code == 2
    assert "cannot be written: File exists" in again.stderr
    assert path.read_bytes() == content


def test_the_examples_of_a_template_are_no_prices(necto, tmp_path):
    path = tmp_path / "card.csv"
    necto("cards", "template", str(path))
    result = necto("cards", "import", str(path))

    assert (result.exit_code, listed(necto)) == (2, [])
    assert "example" in result.stdout


def test_a_template_of_another_form_is_refused(necto, tmp_path):
    result = necto("cards", "template", str(tmp_path / "card.ods"))

    assert result.exit_code == 2
    assert ".csv or .xlsx" in result.stderr


def test_a_withdrawn_card_leaves_the_market_and_stays_listed(necto, file):
    necto("cards", "import", str(file))
    result = necto("cards", "withdraw", "aethir", "rates", "--reason", "ended early")

    assert "rates of aethir is withdrawn" in result.stdout
    assert [card["state"] for card in listed(necto)] == ["withdrawn"]
    assert necto("offers", "--network", "aethir").exit_code == 2


def test_withdrawing_what_is_not_there_is_said(necto):
    result = necto("cards", "withdraw", "aethir", "rates", "--reason", "ended")

    assert result.exit_code == 2
    assert len(result.stderr) > 10


def history(tmp_path) -> Lake:
    lake = Lake(tmp_path / "market")
    for hour in (1, 2, 3):
        at = datetime.now(UTC).replace(hour=hour, minute=0) - timedelta(days=3)
        saved(lake, at, network="nosana")
    return lake


def test_upkeep_merges_finished_days(necto, tmp_path):
    history(tmp_path)
    (done,) = json.loads(necto("upkeep", "--json").stdout)

    assert (done["network"], done["skipped"], done["days_rolled_up"]) == ("nosana", None, 1)
    assert done["compacted"]["days"] >= 1
    assert done["removed"]["files"] == 0


def test_upkeep_removes_what_is_older_than_is_kept(necto, tmp_path, monkeypatch):
    lake = history(tmp_path)
    saved(lake, datetime.now(UTC), network="nosana")
    monkeypatch.setenv("NECTO_KEEP_DAYS", "1")
    said = necto("upkeep").stdout.splitlines()

    heads, values = said[0].split(), said[1].split()
    assert dict(zip(heads, values, strict=False))["days_removed"] == "1"
    assert lake.drops_on("offers", "nosana", date.today() - timedelta(days=3)) == []  # noqa: DTZ011


def test_upkeep_of_nothing_says_so(necto):
    assert "nothing found" in necto("upkeep").stdout


BIDDERS = ("bidders", "--gpu", "h100 80Gi SXM5")


def test_bidders_are_asked_for_and_told(necto, monkeypatch):
    asked: list[httpx.Request] = []
    answers = told(provider(), provider(owner="akash1birch", isAudited=False))
    with answered(lambda request: asked.append(request) or answers(request)) as url:
        monkeypatch.setenv("NECTO_AKASH_URL", url)
        result = necto(*BIDDERS, "--gpus", "2", "--country", "nl", "--json")
        shown = necto(*BIDDERS, "--no-audited")

    found = json.loads(result.stdout)
    assert (result.exit_code, found["outcome"], len(found["bidders"])) == (0, "ok", 2)
    assert found["ask"]["country_code"] == "NL"
    assert "2 providers can bid now, 1 audited" in shown.stdout
    (first, second) = (json.loads(r.content)["requirements"]["signedBy"] for r in asked)
    assert first["anyOf"]
    assert second["anyOf"] == []


def test_bidders_nobody_answered_for_are_not_known(necto, monkeypatch):
    monkeypatch.setenv("NECTO_AKASH_URL", closed_port())
    result = necto(*BIDDERS)

    assert result.exit_code == 1
    assert "akash" in result.stdout.lower() or "127.0.0.1" in result.stdout
    assert "can bid now" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says_"),
    [
        (["--gpu", "h100 80Gi NVL"], "not a model, its memory and its interface"),
        ([*BIDDERS[1:], "--vcpu", "many"], "vcpu: "),
        ([*BIDDERS[1:], "--gpus", "25"], "gpu_count: "),
        ([*BIDDERS[1:], "--country", "Germany"], "country_code: "),
    ],
)
def test_a_machine_that_cannot_be_asked_for_is_refused(necto, arguments, says_):
    result = necto("bidders", *arguments)

    assert result.exit_code == 2
    assert says_ in result.stderr


def test_several_networks_are_read_at_once_and_one_fault_is_told(necto, monkeypatch):
    names = ("lium", "nosana", "aethir")
    with ExitStack() as servers:
        for name in names:
            sample = SAMPLES[name]
            answers = says(403) if name == "nosana" else answering(sample, sample.texts())
            monkeypatch.setenv(
                f"NECTO_{name.upper()}_URL", servers.enter_context(answered(answers))
            )
        wanted = [word for name in names for word in ("--network", name)]
        result = necto("ingest", *wanted, "--json")

    rows = {row["network"]: row for row in json.loads(result.stdout)}
    assert {name: found["outcome"] for name, found in rows.items()} == {
        "lium": "ok", "nosana": "denied", "aethir": "ok",
    }  # fmt: skip
    assert result.exit_code == 1
    assert rows["lium"]["offers"] > 0
    assert rows["aethir"]["message"].startswith("signals read")


def test_a_network_that_is_switched_off_is_not_read(necto, tmp_path):
    preferences.switch(house_of(tmp_path), ADA, "lium", on=False)
    result = necto("ingest", "--network", "lium")

    assert result.exit_code == 2
    assert "lium: switched off" in result.stderr


@pytest.mark.parametrize(
    ("name", "key", "why"),
    [
        ("render", "", "render: key missing. set NECTO_RENDER_KEY to"),
        ("render", "two words", "render: key unusable. "),
        ("ionet", "", "ionet: off until its terms are reviewed"),
    ],
)
def test_a_network_that_cannot_be_read_says_why(necto, monkeypatch, name, key, why):
    monkeypatch.setenv(f"NECTO_{name.upper()}_KEY", key)
    result = necto("ingest", "--network", name)

    assert result.exit_code == 2
    assert why in result.stderr
    assert not key or key not in result.stderr


def test_status_has_one_record_of_the_same_keys_per_source(necto):
    necto("offers")
    found = json.loads(necto("status", "--json").stdout)

    assert set(found) == {
        "mode", "lake", "worker_alive", "worker_seen_at", "networks", "set_aside",
        "records_fault", "entries_missing",
    }  # fmt: skip
    (keys,) = {frozenset(record) for record in found["networks"]}
    assert keys >= STATUS_KEYS


def test_a_setting_that_is_wrong_is_named(necto, monkeypatch):
    monkeypatch.setenv("NECTO_KEEP_DAYS", "-1")
    result = necto("upkeep")

    assert result.exit_code == 2
    assert "NECTO_KEEP_DAYS" in result.stderr


def test_a_lake_that_cannot_be_made_is_said(necto, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NECTO_LAKE", str(tmp_path / "file"))
    result = necto("cards", "list")

    assert result.exit_code == 2
    assert "NECTO_LAKE" in result.stderr


def test_status_says_when_the_records_cannot_be_used(necto, tmp_path):
    (tmp_path / "records").write_text("in the way")

    assert "the house book of the records cannot be used: " in necto("status").stdout
    assert json.loads(necto("status", "--json").stdout)["records_fault"]


def test_what_a_person_ingests_has_its_entries_and_what_has_none_is_counted(necto, tmp_path):
    necto("ingest", "--network", "lium")
    assert json.loads(necto("status", "--json").stdout)["entries_missing"] == 0
    saved(Lake(tmp_path / "market"), datetime.now(UTC))

    assert json.loads(necto("status", "--json").stdout)["entries_missing"] == 1
    assert "1 readings or cards have no entry" in necto("status").stdout
