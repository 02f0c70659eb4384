"""What a lease costs, what happens when the money ends, and that none is ever lost."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.sandbox.worlds import MARKET, World, provider, sdl

RATE = 3500
"""The cheap provider's uact per block."""


def test_a_lease_costs_price_times_blocks_from_its_own_block(world):
    dseq = world.leased(usd=5)
    assert world.escrow(dseq) == (5_000_000, 0)
    world.pass_blocks(7)
    assert world.escrow(dseq) == (5_000_000 - 7 * RATE, 7 * RATE)


def test_asking_often_costs_no_more_than_asking_once(tmp_path):
    world = World(tmp_path, (provider("odd", "2.123457"),))  # 3539.095 uact a block
    dseq = world.leased()
    for _ in range(10):
        world.pass_blocks(1)
        world.detail(dseq)
    assert world.escrow(dseq)[1] == 35_390
    world.close(dseq)
    assert world.get("/_sandbox/leases")["leases"][0]["paid_uact"] == 35_390


def test_what_is_left_comes_back_at_the_close(world):
    before = world.money()["balance"]
    dseq = world.leased()
    world.pass_blocks(10)
    world.close(dseq)
    assert world.money()["balance"] == before - 10 * RATE
    assert world.escrow(dseq) == (0, 10 * RATE)


def test_a_deposit_adds_each_time_it_is_made(world):
    dseq = world.leased(usd=1)
    body = {"data": {"dseq": dseq, "deposit": 2.5}}
    for expected in (3_500_000, 6_000_000):
        world.ask("POST", "/v1/deposit-deployment", body)
        assert world.escrow(dseq)[0] == expected
    deposits = world.detail(dseq)["escrow_account"]["state"]["deposits"]
    assert [one["balance"]["amount"].split(".")[0] for one in deposits] == [
        "1000000", "2500000", "2500000",
    ]  # fmt: skip


def test_a_deployment_without_money_ends_overdrawn_at_the_first_unpaid_block(world):
    dseq = world.leased(usd=1)  # 285 blocks and 2,500 uact
    world.pass_blocks(1000)
    found = world.detail(dseq)
    lease, state = found["leases"][0], found["escrow_account"]["state"]

    assert lease["state"] == "insufficient_funds"
    assert lease["reason"] == "lease_closed_reason_insufficient_funds"
    assert int(lease["closed_on"]) == int(lease["created_at"]) + 286
    assert found["deployment"]["state"] == "closed"
    assert (state["state"], state["deposits"]) == ("overdrawn", [])
    assert world.escrow(dseq) == (-1_000, 1_000_000)
    assert world.adds_up()


def test_a_closed_deployment_takes_no_deposit(world):
    dseq = world.leased()
    world.close(dseq)
    answer = world.ask("POST", "/v1/deposit-deployment", {"data": {"dseq": dseq, "deposit": 1}})
    assert (answer.status, answer.body["message"]) == (400, "Deployment closed")


def switch(world, dseq, *, on):
    body = {"data": {"dseq": dseq, "autoTopUpEnabled": on}}
    return world.ask("POST", "/v2/deployment-settings", body)


def test_auto_top_up_funds_to_48_hours_when_less_than_24_are_left(world):
    dseq = world.leased(usd=60)  # 17,142 blocks: more than a day
    switch(world, dseq, on=True)
    world.pass_blocks(2_000)
    assert world.escrow(dseq)[0] == 60_000_000 - 2_000 * RATE
    world.pass_blocks(1_000)  # at 2,743 blocks it is topped up

    left = world.escrow(dseq)[0]
    assert left == 28_800 * RATE - (3_000 - 2_743) * RATE
    world.pass_blocks(10 * 14_400)
    assert world.lease(dseq)["state"] == "active"
    assert world.adds_up()


def test_auto_top_up_that_is_off_or_without_balance_tops_up_nothing(world):
    poor = world.leased(usd=5)
    world.ask("POST", "/_sandbox/grant", {"uact": -world.money()["balance"]})
    switch(world, poor, on=True)
    world.pass_blocks(3_000)
    assert world.lease(poor)["state"] == "insufficient_funds"


def test_the_settings_say_what_the_next_top_up_would_be(world):
    dseq = world.leased(usd=5)
    assert world.ask("GET", f"/v2/deployment-settings/{dseq}").status == 404
    assert switch(world, dseq, on=True).status == 201
    told = world.get(f"/v2/deployment-settings/{dseq}")["data"]
    assert told["estimatedTopUpAmount"] == 0  # it was topped up at once
    world.pass_blocks(100)
    told = world.get(f"/v2/deployment-settings/{dseq}")["data"]
    assert (told["autoTopUpEnabled"], told["estimatedTopUpAmount"]) == (True, 100 * RATE)
    assert told["topUpFrequencyMs"] == 3_600_000

    body = {"data": {"autoTopUpEnabled": False}}
    world.ask("PATCH", f"/v2/deployment-settings/{dseq}", body)
    assert world.get(f"/v2/deployment-settings/{dseq}")["data"]["autoTopUpEnabled"] is False


def test_the_balance_shows_what_is_free_and_what_is_in_escrow(world):
    dseq = world.leased(usd=5)
    world.pass_blocks(10)
    told = world.get("/v1/balances", address=world.net.account.owner)["data"]
    assert told["deployments"] == world.escrow(dseq)[0]
    assert told["total"] == told["balance"] + told["deployments"]
    assert world.get("/v1/balances", address="akash1other")["data"]["total"] == 0


@pytest.mark.parametrize("act", ["close", "reclaim", "exhaust"])
def test_what_the_control_does_to_a_lease_keeps_the_books_right(world, act):
    dseq = world.leased(usd=5)
    world.pass_blocks(10)
    world.ask("POST", f"/_sandbox/leases/{dseq}", {"act": act, "window_seconds": 60})
    world.pass_blocks(10)
    assert world.lease(dseq)["state"] in {"closed", "insufficient_funds"}
    assert world.adds_up()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "take", "close", "deposit", "auto", "drain", "end", "pass"]),
        st.integers(0, 3),
        st.integers(1, 30_000),
    ),
    max_size=25,
)


def step(world, made, act, which, amount):
    if act == "create":
        made.append(world.create(sdl(f"sbx-{len(made)}"), usd=0.5 + amount / 10_000))
    elif act == "pass":
        world.pass_blocks(amount if which == 0 else which)
    elif made:
        touch(world, *made[which % len(made)], act, amount)


def touch(world, dseq, manifest, act, amount):
    if act == "take" and world.bids(dseq):
        world.take(dseq, manifest)
    elif act == "close":
        world.close(dseq)
    elif act == "deposit":
        body = {"data": {"dseq": dseq, "deposit": amount / 10_000}}
        world.ask("POST", "/v1/deposit-deployment", body)
    elif act == "auto":
        switch(world, dseq, on=amount % 2 == 0)
    elif act in {"drain", "end"}:
        what = {"act": "exhaust" if act == "drain" else "close"}
        world.ask("POST", f"/_sandbox/leases/{dseq}", what)


@settings(max_examples=25)
@given(STEPS)
def test_no_uact_is_made_or_lost_whatever_is_done_in_whatever_order(steps):
    with TemporaryDirectory() as folder:
        world = World(Path(folder), MARKET)
        made = []
        for each in steps:
            step(world, made, *each)
            assert world.adds_up()
        for one in world.get("/_sandbox/leases")["leases"]:
            end = one["closed"] or world.net.height()
            rate, left_over = one["price"].split(".")
            assert int(left_over) == 0
            assert one["paid_uact"] <= int(rate) * (end - one["created"])
        world.net.book.close()
