"""From an SDL to a running lease and its end, by the documented rules."""

import json

import pytest

from connectors.sandbox.sdl import AUDITOR
from tests.connectors.sandbox.worlds import START, World, provider, sdl


def message(answer):
    return answer.body["message"]


def group_of(world, dseq):
    found = world.get("/akash/deployment/v1beta4/deployments/info",
                      **{"id.owner": world.net.account.owner, "id.dseq": dseq})  # fmt: skip
    return found["groups"][0]


def test_a_number_is_milliseconds_of_13_digits_and_never_given_twice(world):
    first, second = world.create()[0], world.create()[0]
    assert (first, second) == (str(int(START * 1000)), str(int(START * 1000) + 1))


def test_denoms_become_uact_and_the_auditor_is_added(world):
    spec = group_of(world, world.create(sdl(denom="uakt"))[0])["group_spec"]
    assert spec["name"] == "sbx-1"
    assert spec["requirements"]["signed_by"]["any_of"] == [AUDITOR]
    assert spec["resources"][0]["price"] == {"denom": "uact", "amount": f"5833.{0:018d}"}


def test_bids_come_over_the_next_blocks_and_are_texts_with_18_decimals(world):
    dseq, _ = world.create()
    assert world.bids(dseq) == []
    world.pass_blocks(3)
    found = {one["bid"]["id"]["provider"]: one["bid"] for one in world.bids(dseq)}

    assert found["akash1cheap"]["price"] == {"denom": "uact", "amount": f"3500.{0:018d}"}
    assert found["akash1dear"]["state"] == "open"
    assert found["akash1cheap"]["reclamation_window"] == "86400s"


def test_a_dearer_bid_than_the_cap_for_all_units_is_not_made(world):
    dseq, _ = world.create(sdl(gpus=2, count=2, amount=7001))
    world.pass_blocks(3)
    assert [one["bid"]["price"]["amount"][:5] for one in world.bids(dseq)] == ["14000"]


def test_bids_and_order_are_closed_after_five_minutes(world):
    dseq, manifest = world.create()
    world.pass_blocks(60)
    assert {one["bid"]["state"] for one in world.bids(dseq)} == {"closed"}

    answer = world.take(dseq, manifest)
    assert answer.status == 400
    assert "no longer open" in message(answer)


def test_a_lease_runs_and_the_other_bids_are_lost(world):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    assert world.take(dseq, manifest).status == 200

    assert [b["bid"]["state"] for b in world.bids(dseq)].count("lost") == 1
    lease = world.lease(dseq)
    assert (lease["state"], lease["closed_on"]) == ("active", "0")
    assert lease["reason"] == "lease_closed_invalid"  # also the default of a live one


def test_services_start_after_the_manifest(world):
    dseq = world.leased()
    assert world.lease(dseq)["status"]["services"]["app"]["available"] == 0
    world.pass_blocks(2)
    status = world.lease(dseq)["status"]
    assert status["services"]["app"]["ready_replicas"] == 1
    assert status["services"]["app"]["uris"][0].endswith(".sandbox.invalid")
    assert status["forwarded_ports"]["app"][0]["port"] == 22


def test_a_lease_asked_for_again_is_the_same_lease(world):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    first, again = world.take(dseq, manifest), world.take(dseq, manifest)
    assert first.body == again.body
    assert len(world.detail(dseq)["leases"]) == 1


def test_an_order_that_is_matched_takes_no_other_provider(world):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    world.take(dseq, manifest)
    answer = world.take(dseq, manifest, which=1)
    assert answer.status == 400
    assert "already been matched" in message(answer)


def test_a_wrong_manifest_leaves_a_lease_that_closes_after_five_minutes(world):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    assert world.take(dseq, manifest + " ").status == 400
    assert world.lease(dseq)["status"] is None

    world.pass_blocks(50)
    lease = world.lease(dseq)
    assert (lease["state"], lease["reason"]) == ("closed", "lease_closed_reason_manifest_timeout")
    assert int(lease["closed_on"]) == int(lease["created_at"]) + 50
    assert world.detail(dseq)["deployment"]["state"] == "active"


def test_the_right_manifest_sent_again_in_time_saves_the_lease(world):
    dseq, manifest = world.create()
    world.pass_blocks(4)
    world.take(dseq, "wrong")
    world.pass_blocks(49)
    assert world.take(dseq, manifest).status == 200
    world.pass_blocks(10)
    assert world.lease(dseq)["state"] == "active"


def test_room_is_taken_by_leases_and_comes_back(tmp_path):
    small = provider("small")
    world = World(tmp_path, (small.model_copy(update={"gpus": (
        small.gpus[0].model_copy(update={"free": 1}),)}),))  # fmt: skip
    first = world.leased()
    second, _ = world.create(sdl("sbx-2"))
    world.pass_blocks(3)
    assert world.bids(second) == []

    world.close(first)
    third, _ = world.create(sdl("sbx-3"))
    world.pass_blocks(3)
    assert len(world.bids(third)) == 1


def test_a_bid_whose_room_is_gone_makes_no_lease(tmp_path):
    one = provider("small", cpu_millicores_free=8000)
    world = World(tmp_path, (one,))
    (first, manifest), (second, other) = world.create(), world.create(sdl("sbx-2"))
    world.pass_blocks(3)
    assert world.take(first, manifest).status == 200
    assert "no longer open" in message(world.take(second, other))


def test_closing_is_done_once_and_answered_alike(world):
    dseq = world.leased()
    world.pass_blocks(10)
    assert world.close(dseq).body == world.close(dseq).body == {"data": {"success": True}}
    lease = world.lease(dseq)
    assert (lease["state"], lease["reason"]) == ("closed", "lease_closed_owner")
    assert world.detail(dseq)["deployment"]["state"] == "closed"
    assert world.adds_up()


def test_an_update_changes_the_hash_and_keeps_provider_and_resources(world):
    dseq = world.leased()
    before = world.detail(dseq)
    body = {"data": {"sdl": sdl(image="app:2")}}
    after = json.loads(world.ask("PUT", f"/v1/deployments/{dseq}", body).encoded())["data"]

    assert after["deployment"]["hash"] != before["deployment"]["hash"]
    assert after["leases"][0]["id"] == before["leases"][0]["id"]
    assert after["leases"][0]["status"]["services"]["app"]["observed_generation"] == 2


def test_an_update_that_needs_other_resources_is_refused(world):
    dseq = world.leased()
    answer = world.ask("PUT", f"/v1/deployments/{dseq}", {"data": {"sdl": sdl(gpus=2)}})
    assert answer.status == 400
    assert "resources differ" in message(answer)


def test_env_and_the_sdl_are_nowhere_in_the_book(world):
    dseq, manifest = world.create(sdl(env=["TOKEN=very-secret-value"]))
    world.pass_blocks(4)
    world.take(dseq, manifest)
    content = b"".join(path.read_bytes() for path in world.home.iterdir() if path.is_file())
    assert "very-secret-value" in manifest
    assert b"very-secret-value" not in content


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"data": {"sdl": "{"}}, 400, "Invalid SDL"),
        ({"data": {"sdl": sdl(), "deposit": 0.1}}, 400, "Deposit too low"),
        ({"data": {"sdl": sdl(), "deposit": 9_000_000}}, 402, "Not enough balance"),
        ({"data": {"sdl": sdl(amount=10_000_001)}}, 400, "Unit price exceeds"),
        ({"data": {}}, 400, "Validation error"),
        ({"data": {"sdl": "services: [off"}}, 400, "Invalid SDL"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_reason(world, body, status, said):
    answer = world.ask("POST", "/v1/deployments", body)
    assert answer.status == status
    assert said in message(answer)
    assert world.money()["escrow"] == 0


def test_without_a_deposit_the_platform_puts_in_half_a_dollar(world):
    body = {"data": {"sdl": sdl()}}
    dseq = json.loads(world.ask("POST", "/v1/deployments", body).encoded())["data"]["dseq"]
    assert world.escrow(dseq) == (500_000, 0)


def test_what_is_not_there_is_not_found(world):
    for path in ("/v1/deployments/123", "/v1/bids/123", "/v2/deployment-settings/123"):
        assert world.ask("GET", path).status == 404
    assert world.ask("GET", "/v1/deployments/abc").body["code"] == "validation_error"
    assert world.ask("GET", "/v1/nothing").status == 404


def test_the_list_shows_active_deployments_page_by_page(world):
    made = [world.create(sdl(f"sbx-{n}"))[0] for n in range(4)]
    world.close(made[0])
    page = world.get("/v1/deployments", skip="1", limit="1")["data"]
    assert [one["deployment"]["id"]["dseq"] for one in page["deployments"]] == [made[2]]
    assert page["pagination"] == {"total": 3, "skip": 1, "limit": 1, "hasMore": True}
