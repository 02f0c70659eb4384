"""The chain's own answers, by which an order is found again, and the reports afterwards."""

from time import thread_time

import pytest

from tests.connectors.sandbox.worlds import World, provider, sdl

DEPLOYMENTS = "/akash/deployment/v1beta4/deployments/list"
LEASES = "/akash/market/v1beta5/leases/list"


def names(world, **query):
    found = world.get(DEPLOYMENTS, **query)
    return [one["groups"][0]["group_spec"]["name"] for one in found["deployments"]]


def test_an_order_is_found_by_its_placement_name_active_or_closed(world):
    world.create(sdl("sbx-open"))
    world.close(world.create(sdl("sbx-gone"))[0])
    owner = {"filters.owner": world.net.account.owner}

    assert names(world, **owner, **{"filters.state": "active"}) == ["sbx-open"]
    assert names(world, **owner, **{"filters.state": "closed"}) == ["sbx-gone"]
    assert names(world, **owner) == ["sbx-open", "sbx-gone"]
    assert names(world, **{"filters.owner": "akash1other"}) == []


@pytest.mark.parametrize("reverse", ["false", "true"])
def test_pages_by_key_show_everything_once(world, reverse):
    made = [f"sbx-{number}" for number in range(5)]
    for name in made:
        world.create(sdl(name))
    found, key = [], ""
    for _ in range(3):
        query = {"pagination.limit": "2", "pagination.reverse": reverse, "pagination.key": key}
        page = world.get(DEPLOYMENTS, **query, **{"pagination.count_total": "true"})
        found += [one["groups"][0]["group_spec"]["name"] for one in page["deployments"]]
        assert page["pagination"]["total"] == "5"
        key = page["pagination"]["next_key"] or ""
    assert key == ""
    assert found == (made[::-1] if reverse == "true" else made)


@pytest.mark.parametrize(
    "query", [{"pagination.key": "!"}, {"pagination.key": "AAAA"}, {"filters.state": "dead"},
              {"pagination.limit": "0"}],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(world, query):
    assert world.ask("GET", DEPLOYMENTS, **query).body["code"] == "validation_error"


def test_leases_tell_what_their_provider_got_in_whole_uact(world):
    dseq = world.leased()
    world.pass_blocks(11)
    (found,) = world.get(LEASES, **{"filters.dseq": dseq, "filters.state": "active"})["leases"]
    payment = found["escrow_payment"]["state"]
    assert payment["withdrawn"] == {"denom": "uact", "amount": str(11 * 3500)}
    assert (payment["state"], found["lease"]["closed_on"]) == ("open", "0")
    assert world.get(LEASES, **{"filters.provider": "akash1dear"})["leases"] == []


def test_a_deployment_that_is_not_there_answers_as_the_chain_does(world):
    answer = world.ask("GET", "/akash/deployment/v1beta4/deployments/info")
    assert answer.status == 404
    assert answer.body == {"code": 5, "message": "deployment not found", "details": []}


@pytest.mark.parametrize(
    "reason", ["lease_closed_reason_unstable", "lease_closed_reason_decommission",
               "lease_closed_reason_unspecified", "lease_closed_invalid"],
)  # fmt: skip
def test_a_provider_ends_a_lease_and_the_deployment_keeps_its_money(world, reason):
    dseq = world.leased()
    world.pass_blocks(10)
    world.ask("POST", f"/_sandbox/leases/{dseq}", {"act": "close", "reason": reason})
    world.pass_blocks(100)
    found = world.detail(dseq)
    assert (found["leases"][0]["state"], found["leases"][0]["reason"]) == ("closed", reason)
    assert found["deployment"]["state"] == "active"
    assert world.escrow(dseq) == (5_000_000 - 35_000, 35_000)


def test_a_notice_runs_out_and_ends_the_lease_at_its_block(world):
    dseq = world.leased()
    body = {"act": "reclaim", "window_seconds": 600}
    world.ask("POST", f"/_sandbox/leases/{dseq}", body)
    assert world.lease(dseq)["state"] == "reclaiming"
    deadline = int(world.lease(dseq)["reclamation"]["deadline_height"])
    world.pass_blocks(5_000)
    lease = world.lease(dseq)
    assert lease["reason"] == "lease_closed_reason_decommission"
    assert int(lease["closed_on"]) == deadline == int(lease["created_at"]) + 100


def test_usage_is_reported_by_day_with_two_decimals(world):
    dseq = world.leased(usd=500)
    world.pass_blocks(14_400)  # a day: $50.40
    world.close(dseq)
    world.pass_blocks(14_400)
    days = world.get("/v1/usage/history", address=world.net.account.owner)
    stats = world.get("/v1/usage/history/stats", address=world.net.account.owner)

    assert days[-1]["totalUsdSpent"] == 50.40
    assert round(sum(day["dailyUsdSpent"] for day in days), 2) == 50.40
    assert days[-1]["dailyUsdSpent"] == 0
    assert (stats["totalSpent"], stats["totalDeployments"]) == (50.40, 1)


def test_the_duration_of_a_lease_is_its_blocks(world):
    dseq = world.leased()
    world.pass_blocks(600)
    world.close(dseq)
    owner = world.net.account.owner
    told = world.get(f"/v1/leases-duration/{owner}", dseq=dseq)
    assert (told["leaseCount"], told["totalDurationInHours"]) == (1, 1.0)
    assert told["leases"][0]["durationInBlocks"] == 600
    assert world.get(f"/v1/leases-duration/{owner}", endDate="2020-01-01")["leaseCount"] == 0


def test_what_happened_to_a_deployment_is_public_in_order(world):
    dseq = world.leased()
    world.close(dseq)
    told = world.get(f"/v1/deployment/{world.net.account.owner}/{dseq}")
    assert [event["type"] for event in told["events"]] == [
        "deployment_created", "deposit", "lease_created", "manifest_accepted", "lease_closed",
        "deployment_closed",
    ]  # fmt: skip
    assert len({event["txHash"] for event in told["events"]}) == 6


def test_everything_is_as_it_was_after_a_restart(world):
    dseq = world.leased()
    world.pass_blocks(5)
    before = world.detail(dseq), world.money(), world.get(DEPLOYMENTS)
    world.reopen()
    assert (world.detail(dseq), world.money(), world.get(DEPLOYMENTS)) == before


@pytest.mark.parametrize("path", [DEPLOYMENTS, LEASES, "/v1/deployments"])
def test_a_thousand_leases_are_listed_within_half_a_second_of_work(tmp_path, path):
    room = {"cpu_millicores_free": 10**9, "memory_bytes_free": 10**15}
    one = provider("large", **room, storage_bytes_free=10**15)
    many = one.gpus[0].model_copy(update={"free": 10**6})
    world = World(tmp_path, (one.model_copy(update={"gpus": (many,)}),))
    world.ask("POST", "/_sandbox/fill", {"sdls": [sdl(f"sbx-{n}") for n in range(100)]})

    start = thread_time()
    answer = world.ask("GET", path, **{"pagination.limit": "1000", "limit": "1000"}).encoded()
    assert answer.count(b'"dseq"') >= 100
    assert thread_time() - start < 0.5 / 10
    world.net.book.close()
