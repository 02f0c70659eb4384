"""The necto route command, as a person types it."""

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal

import pytest

from data.market import Lake
from data.offers import latest
from engine.export import OFFER_COLUMNS
from tests.data.test_market import saved
from tests.support import OBSERVED

NEED = "gpus: {models: [H100], count: 8}\nduration_hours: 100\n"
HEAD = (
    "offer_id,network,provider_id,gpu_model,gpu_count,vcpu,memory_gib,storage_gib,country_code,"
    "term,usd_per_hour,available\n"
)
OFFERS = (
    HEAD
    + "cheap,mesh,p1,H100-SXM,8,96,900,1000,DE,on_demand,16.40,true\n"
    + "dear,mesh,p2,H100-SXM,8,96,900,1000,US,on_demand,20,\n"
    + "taken,mesh,p3,H100-SXM,8,96,900,1000,DE,on_demand,10,false\n"
    + "small,mesh,p4,L40S,1,8,64,100,,spot,0.5,true\n"
)


@pytest.fixture
def route(necto, tmp_path):
    """Routes a job among offers; both are given as text."""

    def routed(*arguments, need=NEED, offers=OFFERS):
        (tmp_path / "need.yaml").write_text(need)
        given = ["--requirement", str(tmp_path / "need.yaml")]
        if offers is not None:
            (tmp_path / "offers.csv").write_text(offers)
            given += ["--offers", str(tmp_path / "offers.csv")]
        return necto("route", *given, *arguments)

    return routed


def told(result):
    return json.loads(result.stdout)


def test_quotes_are_cheapest_first_and_every_other_offer_has_all_its_reasons(route):
    result = route("--json")
    answer = told(result)
    cheap, dear = answer["quotes"]

    assert result.exit_code == 0
    assert (cheap["offer_id"], cheap["usd_per_hour"], cheap["total_usd"]) == (
        "cheap", "16.4", "1640",
    )  # fmt: skip
    assert dear["offer_id"] == "dear"
    assert sum(Decimal(term["usd"]) for term in dear["terms"]) == Decimal(dear["total_usd"])
    assert {one["offer_id"]: one["reasons"] for one in answer["refusals"]} == {
        "small": ["gpu_model", "gpu_count", "term"], "taken": ["unavailable"],
    }  # fmt: skip
    assert answer["counts"] == {"gpu_model": 1, "gpu_count": 1, "term": 1, "unavailable": 1}
    assert answer["what_if"][0]["code"] == "unavailable"
    assert [one["role"] for one in answer["failover"]][:2] == ["first", "standby 1"]


def test_fewer_quotes_and_refusals_are_told_when_asked(route):
    assert [one["offer_id"] for one in told(route("--json", "--top", "1"))["quotes"]] == ["cheap"]
    assert told(route("--json", "--refusals", "counts"))["refusals"] == []
    sample = told(route("--json", "--refusals", "sample"))["refusals"]
    assert sample[0]["sentences"][0] == "GPU L40S; the job asks for H100"
    assert len(sample) == 2


def test_an_open_ended_job_has_no_total(route):
    (first, _) = told(route("--json", need="gpus: {models: [H100], count: 8}"))["quotes"]

    assert first["total_usd"] is None
    assert first["landed_usd_per_hour"] == "16.4"


def test_a_person_reads_a_table(route):
    result = route("--top", "1")

    assert "2 of 4 offers may be taken; the first costs 1,640.00 USD in all." in result.stdout
    assert "and 1 more" in result.stdout
    assert "availability: not available; the job needs it available" in result.stdout


def test_when_no_offer_may_be_taken_it_ends_with_one(route):
    result = route("--json", need=f"{NEED}countries: [JP]\n")

    assert result.exit_code == 1
    assert told(result)["quotes"] == []
    assert len(told(result)["refusals"]) == 4
    assert "None of 4 offers may be taken." in route(need=f"{NEED}countries: [JP]\n").stdout


def test_no_offers_at_all_are_an_answer_too(route):
    result = route(offers=HEAD)

    assert result.exit_code == 1
    assert "There were no offers to choose from." in result.stdout


def test_every_fault_of_every_file_is_told_at_once(route, tmp_path):
    (tmp_path / "policy.yaml").write_text("name: eu\nrules: {countries: [UK]}\n")
    result = route(
        "--json", "--policy", str(tmp_path / "policy.yaml"), "--now", "later",
        need="gpus: {models: [H900], count: 0}\nvcpu: 8\n",
        offers=OFFERS.replace("16.40", "1,640"),
    )  # fmt: skip
    faults = told(result)["faults"]
    places = {(one["file"], one["line"], one["path"]) for one in faults}

    assert result.exit_code == 2
    assert {
        ("--now", None, ""), ("need.yaml", 1, "gpus.count"), ("need.yaml", 2, "vcpu"),
        ("offers.csv", 2, ""), ("policy.yaml", 2, "rules.countries[0]"),
    } <= places  # fmt: skip
    assert "need.yaml: line 2, vcpu: 'vcpu' is no field here" in result.stderr


def test_offers_that_contradict_each_other_are_told(route):
    result = route(offers=OFFERS.replace("dear,", "cheap,"))

    assert result.exit_code == 2
    assert "offers.csv: cheap: this offer_id occurs twice" in result.stderr


@pytest.mark.parametrize(
    ("need", "says"),
    [
        (f"{NEED}nodes: 2\n", "planned with `necto plan`"),
        (NEED.replace("H100", "H900"), "H900"),
        (NEED.replace("models: [H100]", "generation_min: Hoper"), "no GPU generation"),
    ],
)
def test_a_job_that_cannot_be_routed_says_what_to_change(route, need, says):
    result = route(need=need)

    assert result.exit_code == 2
    assert says in result.stderr


def test_files_that_are_not_there_are_said(necto, tmp_path):
    (tmp_path / "need.yaml").write_text(NEED)
    missing, need = str(tmp_path / "none.yaml"), str(tmp_path / "need.yaml")

    assert "cannot be read" in necto("route", "--requirement", missing).stderr
    for option in ("--offers", "--policy"):
        result = necto("route", "--requirement", need, option, missing)
        assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)


def test_a_policy_is_a_file_or_an_imported_one_and_the_job_may_name_it(route, necto, tmp_path):
    rules = tmp_path / "eu.yaml"
    rules.write_text("name: eu\nrules: {countries: [EU], networks_banned: [nowhere]}\n")
    by_file = told(route("--json", "--policy", str(rules)))
    assert [one["offer_id"] for one in by_file["quotes"]] == ["cheap"]
    assert by_file["policy_version"].startswith("eu of sha256:")
    assert "no network called 'nowhere'" in by_file["warnings"][0]

    unknown = route("--policy", "eu")
    assert (unknown.exit_code, "none has been imported yet" in unknown.stderr) == (2, True)
    necto("policy", "import", str(rules))
    for result in (
        route("--json", "--policy", "eu@1"),
        route("--json", need=f"{NEED}policy: eu\n"),
    ):
        assert (told(result)["policy"], told(result)["policy_version"]) == ("eu", "eu@1")


def test_warnings_are_told_and_change_nothing(route):
    result = route(offers=OFFERS.replace("vcpu", "vcpus"))

    assert result.exit_code == 0
    assert "warning: offers.csv: line 1, vcpus: this column is not known" in result.stderr


def test_a_moment_is_taken_as_given(route):
    for text in ("2026-11-24T09:00", "2026-11-24T10:00:00+01:00"):
        assert told(route("--json", "--now", text))["now"] == "2026-11-24T09:00:00Z"


def test_a_fresh_machine_routes_the_shipped_market_and_writes_nothing(route, tmp_path):
    answer = told(route("--json", offers=None))

    assert len(answer["quotes"]) + len(answer["refusals"]) == answer["offers"] > 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["need.yaml"]


def test_the_market_and_what_necto_prints_of_it_give_the_same_decision(necto, route, tmp_path):
    printed = necto("offers", "--baselines", "--csv").stdout
    need = NEED.replace("[H100]", "[H100, A100]") + "networks: [akash, nosana, lium, aws, gcp]\n"
    of_market = told(route("--json", offers=None, need=need))
    of_file = told(route("--json", offers=printed, need=need))

    assert len(of_market["quotes"]) > 3
    for part in ("quotes", "what_if", "hyperscalers", "price_moves", "failover"):
        assert of_file[part] == of_market[part], part
    not_printed = [one for one in of_market["refusals"] if one not in of_file["refusals"]]
    assert {"not_rankable" in one["reasons"] for one in not_printed} == {True}
    assert len(of_file["refusals"]) + len(not_printed) == len(of_market["refusals"])
    assert list(csv.DictReader(io.StringIO(printed)).fieldnames or ()) == list(OFFER_COLUMNS)


def test_the_lake_is_routed_when_there_is_one_and_gives_what_is_known_of_providers(route, tmp_path):
    lake = Lake(tmp_path / "market")
    saved(lake, OBSERVED)
    one = NEED.replace("count: 8", "count: 1")
    answer = told(route("--json", offers=None, need=one))

    assert answer["offers"] == latest(lake, OBSERVED).offers.height == 1
    assert told(route("--json"))["offers"] == 4


def test_a_decision_is_kept_once_and_opened_again_as_it_was(route, necto, tmp_path):
    first = told(route("--json", "--save", "--now", "2026-11-24T09:00:00Z"))
    again = route("--save", "--now", "2026-11-24T09:00:00Z")
    digest = first["decision"]
    (listed,) = json.loads(necto("decisions", "list", "--json").stdout)
    shown = necto("decisions", "show", digest[7:19], "--pdf", str(tmp_path / "d.pdf"))

    assert f"kept as {digest}" in again.stdout
    assert (listed["digest"], listed["quoted"], listed["total_usd"]) == (digest, 2, "1640")
    assert digest[:16] in necto("decisions", "list").stdout
    assert shown.stdout.startswith("Decision: job\n")
    assert (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads(necto("decisions", "show", digest, "--json").stdout)["now"].startswith("2026")


def test_keeping_a_decision_of_a_fresh_machine_loads_the_shipped_figures(route, tmp_path):
    result = route("--save", offers=None)

    assert "kept as sha256:" in result.stdout
    assert Lake(tmp_path / "market").networks()


def test_a_key_of_another_decision_is_refused(route):
    route("--save", "--key", "k1")
    result = route("--save", "--key", "k1", need=f"{NEED}name: other\n")

    assert result.exit_code == 2
    assert "the decision was not kept: " in result.stderr
    assert "take a new key" in result.stderr


def test_decisions_that_are_not_there_are_said(route, necto, tmp_path):
    assert "no decision sha256:00 was committed" in necto("decisions", "show", "sha256:00").stderr
    route("--save", "--now", "2026-11-24")
    route("--save", "--now", "2026-11-25")
    assert "2 decisions begin with ''" in necto("decisions", "show", "").stderr
    digest = json.loads(necto("decisions", "list", "--json").stdout)[0]["digest"]
    unwritable = necto("decisions", "show", digest, "--pdf", str(tmp_path / "no" / "d.pdf"))
    assert (unwritable.exit_code, "cannot be written" in unwritable.stderr) == (2, True)


def test_records_in_trouble_are_said(route, necto, tmp_path):
    (tmp_path / "records").write_text("a file where a folder should be")

    assert "the decision was not kept" in route("--save").stderr
    assert "the house book of the records" in route("--policy", "eu").stderr
    for arguments in (("list",), ("show", "sha256:00")):
        assert necto("decisions", *arguments).exit_code == 2


def test_routing_needs_neither_the_records_nor_the_lake_nor_yaml_for_json(tmp_path):
    (tmp_path / "need.json").write_text('{"gpus": {"models": ["H100"], "count": 8}}')
    heavy = "('sqlalchemy', 'duckdb', 'httpx', 'ruamel', 'highspy', 'reportlab', 'streamlit')"
    code = (
        f"import sys\nsys.argv = ['necto', 'route', '--requirement', "
        f"{str(tmp_path / 'need.json')!r}, '--top', '1']\nimport cli\n"
        f"try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded', [name for name in {heavy} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={"NECTO_HOME": str(tmp_path / "home"), "PATH": ""})  # fmt: skip
    assert ran.stdout.endswith("loaded []\n")
