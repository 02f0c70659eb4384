"""The necto plan command, as a person types it."""

import json

import pytest

HEAD = (
    "offer_id,network,provider_id,region,gpu_model,gpu_count,country_code,term,usd_per_hour,"
    "available,available_count,gpu_count_max\n"
)
OFFERS = (
    HEAD
    + "eight,mesh,p1,,H100-SXM,8,DE,on_demand,16,true,8,\n"
    + "four-a,mesh,p2,,H100-SXM,4,DE,on_demand,6,true,4,\n"
    + "four-b,mesh,p3,,H100-SXM,4,US,on_demand,7,true,4,\n"
    + "any,akash,p4,,H100-SXM,1,US,on_demand,2.5,true,16,16\n"
)
JOB = "gpus: {models: [H100], count: 8}\nduration_hours: 10\n"


@pytest.fixture
def plan(necto, tmp_path):
    """Plans the jobs of a folder, given as texts by file name."""
    folder = tmp_path / "plan"

    def planned(*arguments, offers=OFFERS, **files):
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text)
        (tmp_path / "offers.csv").write_text(offers)
        given = ["--requirements", str(folder), "--offers", str(tmp_path / "offers.csv")]
        return necto("plan", *given, *arguments)

    return planned


def told(result):
    return json.loads(result.stdout)


def placed(answer) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for one in answer["placements"]:
        found.setdefault(one["task"], []).append((one["offer_id"], one["machines"]))
    return found


def test_jobs_share_what_an_offer_has_free(plan):
    result = plan("--json", a=JOB, b=JOB)
    answer = told(result)

    assert result.exit_code == 0
    assert (answer["status"], answer["total_usd"], answer["gap"]) == ("optimal", "360", "0.000000")
    assert sorted(placed(answer).values()) == [[("any", 1)], [("eight", 1)]]
    assert [(job["task"], job["offers"], job["counts"]) for job in answer["jobs"]] == [
        ("a.yaml", 2, {"gpu_count": 2}), ("b.yaml", 2, {"gpu_count": 2}),
    ]  # fmt: skip


def test_smaller_machines_add_up_where_the_plan_says_so(plan):
    answer = told(plan("--json", a=JOB, plan="tasks: {a.yaml: {combine: true}}\n"))

    assert sorted(placed(answer)["a.yaml"]) == [("four-a", 1), ("four-b", 1)]
    assert answer["total_usd"] == "130"


def test_a_part_of_a_node_needs_its_part_of_everything(plan):
    offers = OFFERS.replace("available,", "available,vcpu,", 1)
    lines = [line.replace("true,", f"true,{vcpu},", 1) for line, vcpu in zip(
        offers.splitlines()[1:], (64, 31, 32, 64), strict=True)]  # fmt: skip
    need = f"{JOB}vcpu_min: 64\nusd_per_hour_max: 15\n"
    answer = told(
        plan("--json", a=need, plan="tasks: {a.yaml: {combine: true}}\n",
             offers="\n".join([offers.splitlines()[0], *lines]))
    )  # fmt: skip

    assert answer["status"] == "infeasible"  # 4 GPUs with 32 vCPU would do, but there is only one


def test_nodes_and_moved_data_are_planned_and_told(plan):
    files = {"a": f"{JOB}nodes: 2\n", "b": JOB.replace("count: 8", "count: 4")}
    said = "edges: [{source: b.yaml, target: a.yaml, gb: 10}]\n"
    answer = told(plan("--json", plan=said, **files))

    assert placed(answer) == {"a.yaml": [("eight", 1), ("any", 1)], "b.yaml": [("four-a", 1)]}
    assert [(move["source"], move["gb"]) for move in answer["moves"]] == [("b.yaml", "10")]
    text = plan(plan=said, **files).stdout
    assert "420.00 USD in all; proven: no plan costs less" in text
    assert "b.yaml -> a.yaml: 10 GB, 0.00 USD (its price is not known: counted as noth" in text


def test_a_standby_and_a_job_left_out_are_told(plan):
    said = "standbys: {count: 1}\ntasks: {b.yaml: {worth_usd: 1}}\n"
    text = plan(plan=said, a=JOB, b=JOB).stdout

    assert "  stands by: a.yaml: any (1 machine, 8 GPUs), 200.00 USD" in text
    assert "  b.yaml: left out, it is worth less than it would cost" in text


def test_what_contradicts_is_said_in_words_and_ends_with_one(plan):
    result = plan(a=f"{JOB}cost_centre: CC-1\n", plan="budgets: {CC-1: 10}\n")

    assert result.exit_code == 1
    assert "There is no such plan: these conditions contradict each other." in result.stdout
    assert "CC-1" in result.stdout


def test_every_fault_of_every_file_is_told_at_once(plan):
    result = plan("--json", "--now", "later", a="gpus: {count: 0, models: [H100]}\n", b="x: 1\n",
                  plan="edges: [{source: c.yaml, target: a.yaml, gb: 1}]\n")  # fmt: skip
    files = {one["file"] for one in told(result)["faults"]}

    assert result.exit_code == 2
    assert files == {"--now", "a.yaml", "b.yaml", "plan.yaml"}


def test_a_plan_that_cannot_be_is_said(plan):
    edges = [f"{{source: {one}.yaml, target: {other}.yaml, gb: 1}}" for one, other in ("ab", "ba")]
    result = plan(a=JOB, b=JOB, plan=f"edges: [{', '.join(edges)}]\n")

    assert (result.exit_code, "run in a circle" in result.stderr) == (2, True)


def test_a_job_that_cannot_be_understood_is_a_fault_of_its_file(plan):
    result = plan("--now", "9999-12-30", a=JOB.replace("hours: 10", "hours: 1000"))

    assert (result.exit_code, "a.yaml: a job from 9999-12-30" in result.stderr) == (2, True)


def test_a_folder_without_jobs_or_none_at_all_is_said(plan, necto, tmp_path):
    assert "holds no requirement file" in plan().stderr
    assert "is no folder" in necto("plan", "--requirements", str(tmp_path / "none")).stderr


def test_too_many_files_are_refused(plan, monkeypatch):
    monkeypatch.setattr("connectors.jobs.terminal_plan.FILES_MAX", 1)
    assert "more than 1 files" in plan(a=JOB, b=JOB).stderr


def test_a_policy_holds_for_all_jobs_or_for_the_one_that_names_it(plan, tmp_path):
    rules = tmp_path / "eu.yaml"
    rules.write_text("name: eu\nrules: {countries: [EU], networks_banned: [nowhere]}\n")
    answer = told(plan("--json", "--policy", str(rules), a=JOB))
    assert placed(answer) == {"a.yaml": [("eight", 1)]}
    assert answer["jobs"][0]["policy_version"].startswith("eu of sha256:")
    warned = plan("--policy", str(rules), a=JOB).stderr
    assert "warning: eu.yaml: line 2, rules.networks_banned[0]: no network" in warned

    assert "none has been imported yet" in plan(a=f"{JOB}policy: eu\n").stderr


def test_an_open_ended_job_counts_for_thirty_days(plan):
    assert told(plan("--json", a="gpus: {models: [H100], count: 8}\n"))["total_usd"] == "11520"


def test_the_shipped_market_can_be_planned(necto, tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "a.json").write_text('{"gpus": {"models": ["H100"], "count": 8}}')
    assert told(necto("plan", "--requirements", str(tmp_path / "jobs"), "--json"))["placements"]
