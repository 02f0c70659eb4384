"""Akash bought from as it is in the sandbox: the real client, a real server, its own book."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from pydantic import SecretStr

from connectors.base import Denied, Unreachable
from connectors.buying import Uncertain
from connectors.http import HttpClient
from connectors.networks.akash.purchaser import AkashPurchaser
from connectors.purchasers import LIMITS
from connectors.sandbox.client import Control
from connectors.sandbox.forms import Fault, Market, MarketGpu, MarketProvider
from connectors.sandbox.server import serving
from engine.buying import Declined, Leased, Next, Wait
from engine.requirement import EnvVar
from tests.connectors.akash_console import wanted

ORDERS = count(1)
NAMES = ("alder", "birch")


class Sandbox:
    """A server with two providers, whose time moves only when told to, and one worker."""

    def __init__(self, home, server) -> None:
        self.server, self.control = server, Control.at(home)
        self.control.market(Market(providers=tuple(map(provider, NAMES))))
        self.http = HttpClient(replace(LIMITS, attempts_max=1))
        self.purchaser = self.worker()

    def worker(self) -> AkashPurchaser:
        address = self.server.address
        return AkashPurchaser(
            self.http, address.url, SecretStr(address.key), address.owner,
            gateway_url=address.url + "/provider", gather_seconds=0, orphaned_after_seconds=0,
        )  # fmt: skip

    def order(self, **changes):
        """A new order, with its own name."""
        now = datetime.now(UTC)
        usual = {"order_id": f"sbx-{next(ORDERS):026}", "bids_until": now + timedelta(seconds=90)}
        return wanted(**(usual | changes))

    def run(self, order, steps=12):
        """Look and act, a block at a time, until the order runs or is declined."""
        handle, made = None, []
        for _ in range(steps):
            look = self.purchaser.look(order, handle, order.bids_until - timedelta(seconds=1))
            if isinstance(look, Leased | Declined):
                return look, made
            if isinstance(look, Wait):
                self.control.clock(advance_seconds=6)
                continue
            handle = self.act(order, look.step, made) or handle
        raise AssertionError(f"neither leased nor declined after {made}")

    def act(self, order, step, made):
        made.append(step.name)
        try:
            handle = self.purchaser.act(order, step, {})
        except (Uncertain, Unreachable):
            return None
        return None if step.name == "close" else handle

    def leased(self, order, steps=12):
        look, made = self.run(order, steps)
        assert isinstance(look, Leased), look
        return look.lease, made

    def of(self, order):
        """What the sandbox's own book has of an order."""
        return [lease for lease in self.control.leases() if lease.group == order.order_id]


def provider(name):
    return MarketProvider(
        address=f"akash1{name}",
        host_uri=f"https://{name}.invalid:8443",
        country="NL",
        gpus=(MarketGpu(model="h100", ram="80Gi", interface="SXM5", free=10_000,
                        usd_per_gpu_hour=Decimal("2.5")),),
        cpu_millicores_free=2**40, memory_bytes_free=2**60, storage_bytes_free=2**60,
    )  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Sandbox]:
    home = tmp_path_factory.mktemp("sandbox")
    with serving(home, machine=lambda: 1_790_000_000.0) as served:
        sandbox = Sandbox(home, served)
        yield sandbox
        sandbox.http.close()
        sandbox.control.close()


@pytest.fixture
def sandbox(server) -> Iterator[Sandbox]:
    yield server
    server.control.clear()


def test_an_order_is_bought_watched_paid_and_closed(sandbox):
    order = sandbox.order()
    lease, made = sandbox.leased(order)
    assert made == ["create", "lease"]
    assert lease.usd_per_hour <= order.usd_per_hour_max
    sandbox.control.clock(advance_seconds=60)
    seen = sandbox.purchaser.observe([lease.handle])[lease.handle]
    (booked,) = sandbox.of(order)
    assert (seen.word, seen.units_spent) == ("active", booked.paid_uact)
    assert seen.units_spent > 0
    assert seen.units_left == 5_000_000 - seen.units_spent
    health = sandbox.purchaser.health(lease.handle)
    assert [(one.name, one.ready, one.total) for one in health.services] == [("job", 1, 1)]
    sandbox.purchaser.act(order, sandbox.purchaser.close_step(lease.handle), {})
    seen = sandbox.purchaser.observe([lease.handle])[lease.handle]
    assert (seen.word, seen.reason) == ("closed", "owner")
    assert seen.units_spent == sandbox.of(order)[0].paid_uact


def test_a_deposit_is_added_once_and_known_again(sandbox):
    order = sandbox.order()
    lease, _ = sandbox.leased(order)
    (found,) = sandbox.purchaser.find(order.order_id)
    step = sandbox.purchaser.deposit_step(found, 250)
    sandbox.control.fault(Fault(kind="lost_answer", path="/v1/deposit-deployment", times=1))
    with pytest.raises(Uncertain):
        sandbox.purchaser.act(order, step, {})
    (after,) = sandbox.purchaser.find(order.order_id)
    assert after.units_deposited == 7_500_000
    assert sandbox.purchaser.was_made(step, after) is True
    assert sandbox.purchaser.was_made(sandbox.purchaser.close_step(lease.handle), after) is False


@pytest.mark.parametrize("kind", ["lost_answer", "cut_before", "status", "duplicate"])
@pytest.mark.parametrize("path", ["/v1/deployments", "/v1/leases"])
def test_whatever_happens_to_a_write_there_is_one_lease_in_the_end(sandbox, kind, path):
    order = sandbox.order()
    sandbox.control.fault(Fault(kind=kind, path=path, method="POST", times=1))
    sandbox.leased(order, steps=20)
    assert [lease.state for lease in sandbox.of(order)] == ["active"]
    while isinstance(look := sandbox.purchaser.look(order, None, order.bids_until), Next):
        assert look.step.name == "close"
        sandbox.purchaser.act(order, look.step, {})
    found = sandbox.purchaser.find(order.order_id)
    assert [one.is_open for one in found if one.is_open] == [True]


def test_another_worker_goes_on_with_an_order_and_makes_no_second_lease(sandbox):
    order = sandbox.order()
    step = sandbox.purchaser.look(order, None, datetime.now(UTC)).step
    sandbox.purchaser.act(order, step, {})
    sandbox.purchaser = sandbox.worker()
    sandbox.leased(order)
    assert len(sandbox.of(order)) == 1


def test_bids_that_vanish_are_asked_for_anew(sandbox):
    order = sandbox.order()
    sandbox.control.fault(Fault(kind="vanishing_bids", times=1))
    _, made = sandbox.leased(order, steps=30)
    assert made.count("lease") >= 1
    assert len(sandbox.of(order)) == 1


def test_dearer_bids_than_approved_are_declined_with_the_numbers(sandbox):
    order = sandbox.order(usd_per_hour_max=Decimal("2.6"))
    sandbox.control.fault(Fault(kind="no_bids"))
    step = sandbox.purchaser.look(order, None, datetime.now(UTC)).step
    handle = sandbox.purchaser.act(order, step, {})
    look = sandbox.purchaser.look(order, handle, order.bids_until)
    assert isinstance(look, Declined)
    assert any("akash1alder" in reason for reason in look.reasons)
    assert sandbox.of(order) == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [("wallet_402", Denied), ("wallet_409", Unreachable), ("wallet_503", Uncertain),
     ("html_403", Denied), ("outage", Uncertain)],
)  # fmt: skip
def test_each_refusal_says_what_to_do(sandbox, kind, error):
    order = sandbox.order()
    step = sandbox.purchaser.look(order, None, datetime.now(UTC)).step
    sandbox.control.fault(Fault(kind=kind, path="/v1/deployments"))
    with pytest.raises(error):
        sandbox.purchaser.act(order, step, {})


@pytest.mark.parametrize(
    ("reason", "word"),
    [("lease_closed_reason_unstable", "unstable"), ("lease_closed_invalid", "unspecified"),
     ("lease_closed_reason_decommission", "decommission")],
)  # fmt: skip
def test_why_a_lease_ended_is_told(sandbox, reason, word):
    order = sandbox.order()
    lease, _ = sandbox.leased(order)
    sandbox.control.close_lease(lease.handle, reason)
    seen = sandbox.purchaser.observe([lease.handle])[lease.handle]
    assert (seen.word, seen.reason) == ("closed", word)


def test_a_notice_of_reclamation_is_told_with_its_end(sandbox):
    lease, _ = sandbox.leased(sandbox.order())
    sandbox.control.reclaim(lease.handle, 3_600)
    seen = sandbox.purchaser.observe([lease.handle])[lease.handle]
    assert seen.word == "reclaiming"
    assert seen.reclaimed_by is not None


def test_an_escrow_that_ran_dry_is_told_and_not_the_provider_s_fault(sandbox):
    lease, _ = sandbox.leased(sandbox.order())
    sandbox.control.exhaust(lease.handle)
    sandbox.control.clock(advance_seconds=60)
    seen = sandbox.purchaser.observe([lease.handle])[lease.handle]
    assert seen.word in {"insufficient_funds", "closed"}
    assert seen.reason in {None, "insufficient_funds"}
    assert seen.units_left <= 0


def test_a_provider_that_is_silent_is_no_dead_job(sandbox):
    lease, _ = sandbox.leased(sandbox.order())
    sandbox.control.fault(Fault(kind="provider_dead"))
    health = sandbox.purchaser.health(lease.handle)
    assert (health.word, health.services) == ("active", None)


def test_lines_and_events_are_read_from_the_gateway(sandbox):
    lease, _ = sandbox.leased(sandbox.order())
    sandbox.control.clock(advance_seconds=60)
    assert sandbox.purchaser.logs(lease.handle, 20)
    assert sandbox.purchaser.events(lease.handle, 20)


def test_everything_open_is_told_with_its_tag(sandbox):
    order = sandbox.order()
    lease, _ = sandbox.leased(order)
    tags = {one.handle: one.tag for one in sandbox.purchaser.everything()}
    assert tags[lease.handle] == order.order_id


def test_the_bill_is_what_the_leases_took_to_the_cent(sandbox):
    sandbox.leased(sandbox.order())
    sandbox.control.clock(advance_seconds=3_600)
    now = datetime.fromisoformat(sandbox.control.status().time)
    billed = sandbox.purchaser.billed(now - timedelta(days=2), now)
    assert sum(day.usd for day in billed) > 0


def test_a_secret_reaches_the_job_s_provider_and_no_answer(sandbox):
    requirement = wanted().requirement.model_copy(
        update={"env": (EnvVar(name="A_TOKEN", secret="A"),)}
    )
    order = sandbox.order(requirement=requirement)
    step = sandbox.purchaser.look(order, None, datetime.now(UTC)).step
    handle = sandbox.purchaser.act(order, step, {"A": SecretStr("s3cret-of-a-job")})
    assert "s3cret" not in repr(sandbox.purchaser.find(order.order_id))
    assert handle
