"""Landed cost per network, each figure worked out by hand."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from data.billing import costs
from engine.landed import Landed, Pricer, landed
from engine.market import Offer
from engine.requirement import Requirement
from tests.support import baseline, offer

COSTS = costs()


def job(count: int = 1, **asked: Any) -> Requirement:
    return Requirement.model_validate({"gpus": {"models": ["H100"], "count": count}, **asked})


def row(sold: Offer) -> dict[str, object]:
    return asdict(sold)


def akash(uact: str = "3059.461421", **changes: Any) -> dict[str, object]:
    """A recorded bid for one GPU, 0.1 vCPU, 256 MiB of RAM and of disk; 16 GPUs are free."""
    return row(
        offer(
            usd_per_hour=Decimal(uact) * 600 / 1_000_000,
            gpu_count_max=16,
            vcpu=0.1,
            memory_gib=0.25,
            storage_gib=0.25,
            price_basis="whole_group_bid_incl_cpu_ram_disk",
            **changes,
        )
    )


def aws(**changes: Any) -> dict[str, object]:
    return row(baseline(usd_per_hour=Decimal("55.04"), gpu_count=8, **changes))


def sold_by(network: str, usd_per_hour: str, **changes: Any) -> dict[str, object]:
    return row(offer(network=network, usd_per_hour=Decimal(usd_per_hour), **changes))


def term(cost: Landed, code: str) -> tuple[Decimal, Decimal, Decimal, str]:
    (found,) = (t for t in cost.terms if t.code == code)
    return found.low_usd, found.usd, found.high_usd, found.evidence


def test_akash_is_quoted_at_600_blocks_an_hour_and_paid_by_real_ones():
    cost = landed(job(2, duration_hours=10), akash(), COSTS)

    assert cost.quoted_usd_per_hour == Decimal("3.6713537052")  # 2 x 3059.461421 x 600 / 10^6
    assert cost.total_usd == Decimal("36.713537052")  # 6,000 blocks
    assert cost.low_usd == Decimal("36.713537052") * Decimal("0.971817")  # blocks of 6.174 s
    assert cost.landed_usd_per_gpu_hour == Decimal("1.8356768526")
    assert cost.is_estimate
    assert term(cost, "network_fee")[1:] == (0, 0, "documented")


def test_akash_counts_a_started_block():
    cost = landed(job(duration_hours="0.001"), akash("1000000"), COSTS)  # 3.6 s
    assert cost.total_usd == 1
    assert cost.billed_hours == Decimal("0.001666666666666667")  # 6 s


def test_akash_may_raise_its_bid_for_a_larger_shape():
    asked = job(2, duration_hours="730.488", vcpu_min=8.2, memory_gib_min=64.5, storage_gib_min=200)
    cost = landed(asked, akash(), COSTS)

    price = Decimal("3.6713537052") * 438_293 / 600  # a month is 438,292.8 blocks
    vcpu_and_ram = 8 * Decimal("4.5") + 64 * Decimal("1.25") * Decimal("1.073741824")
    assert term(cost, "compute")[1:3] == (price, price + vcpu_and_ram)
    disk = Decimal("199.5") * Decimal("0.08") * Decimal("1.073741824")
    assert term(cost, "storage") == (0, 0, disk, "inferred")


def test_akash_binds_48_hours_of_its_price_which_are_no_cost():
    cost = landed(job(2, duration_hours=10), akash(), COSTS)
    assert cost.deposit_usd == Decimal("3.6713537052") * 48
    assert "48 hours" in cost.deposit_note
    assert landed(job(duration_hours=1), akash("1"), COSTS).deposit_usd == Decimal("0.5")


@pytest.mark.parametrize(
    ("hours", "gb", "usd"),
    [
        ("24", "100", "0"),  # free
        ("24", "12100", "1070"),  # 10,000 x 0.09 + 2,000 x 0.085
        ("1440", "20200", "1800"),  # two months, each 10,000 x 0.09
        ("1080", "15150", "1345.5"),  # 900 in the first month, (5,050 - 100) x 0.09 in half of one
        ("720", "1000000000", "50003795"),  # 900 + 3,400 + 7,000 + 999,849,900 x 0.05
    ],
)
def test_aws_charges_egress_by_the_tiers_of_a_month(hours, gb, usd):
    cost = landed(job(8, duration_hours=hours, egress_gb=gb), aws(), COSTS)
    assert term(cost, "egress") == (Decimal(usd), Decimal(usd), Decimal(usd), "published")
    assert cost.total_usd == Decimal("55.04") * Decimal(hours) + Decimal(usd)


def test_an_open_ended_job_has_no_total_and_spreads_a_month_of_egress():
    cost = landed(job(8, egress_gb=10_100), aws(), COSTS)
    assert cost.total_usd is None
    assert cost.landed_usd_per_hour == Decimal("55.04") + Decimal("1.25")  # 900 USD over 720 h
    assert cost.billed_hours == 1


def test_another_region_takes_the_recorded_list_and_says_so():
    cost = landed(job(8, duration_hours=1, egress_gb=200), aws(region="eu-west-1"), COSTS)
    assert term(cost, "egress")[1:] == (9, 9, "inferred")


def test_nosana_adds_the_inferred_fee_as_a_line_of_its_own():
    sold = sold_by("nosana", "0.2909", price_basis="host_reward_before_network_fee")
    cost = landed(job(duration_hours=100), sold, COSTS)

    assert term(cost, "network_fee") == (0, Decimal("2.909"), Decimal("2.909"), "inferred")
    assert (cost.low_usd, cost.total_usd) == (Decimal("29.09"), Decimal("31.999"))
    assert cost.deposit_usd == Decimal("0.31999")  # the 60 minutes that are reserved
    shortly = landed(job(duration_hours="0.1"), sold, COSTS)
    assert (shortly.total_usd, shortly.high_usd) == (Decimal("0.031999"), Decimal("0.31999"))


def test_nosanas_fee_is_not_added_to_a_price_that_has_it():
    cost = landed(job(duration_hours=100), sold_by("nosana", "0.32"), COSTS)
    assert cost.total_usd == 32


def test_lium_may_bill_the_started_hour_for_nobody_says():
    sold = sold_by("lium", "4.00", gpu_count=8)
    cost = landed(job(8, duration_hours="10.5"), sold, COSTS)
    assert (cost.low_usd, cost.total_usd, cost.high_usd) == (42, 42, 44)
    assert not cost.is_estimate
    assert "not stated" in cost.terms[0].note


def test_render_bills_a_batch_job_for_its_time_and_a_persistent_one_by_the_hour():
    cost = landed(
        job(duration_hours="2.5"),
        sold_by("render", "0.35", price_basis="customer_price"),
        COSTS,
    )
    assert term(cost, "compute") == (
        Decimal("0.875"),
        Decimal("0.875"),
        Decimal("1.05"),
        "published",
    )
    assert term(cost, "conversion")[3] == "unknown"


def test_an_aethir_contract_costs_what_the_contract_says():
    sold = sold_by("aethir", "20", gpu_count=8, term="contract", source_kind="contract")
    cost = landed(job(8, duration_hours=1000), sold, COSTS)
    assert (cost.low_usd, cost.total_usd, cost.high_usd) == (20_000, 20_000, 20_000)
    assert cost.landed_usd_per_gpu_hour == Decimal("2.5")


def test_ionet_sells_whole_hours_ahead():
    cost = landed(job(duration_hours="2.25"), sold_by("ionet", "2"), COSTS)
    assert (cost.total_usd, cost.billed_hours, cost.deposit_usd) == (6, 3, 0)


def test_fluence_reserves_three_hours():
    cost = landed(job(duration_hours="2.25"), sold_by("fluence", "2"), COSTS)
    assert (cost.low_usd, cost.total_usd, cost.deposit_usd) == (Decimal("4.5"), 6, 6)


def test_spot_expects_to_lose_half_a_checkpoint_and_the_restart():
    sold = row(baseline(network="gcp", usd_per_hour=Decimal("10.24"), term="spot"))
    asked = job(duration_hours=100, interruptible=True, checkpoint_minutes=30)
    cost = landed(asked, sold, COSTS)

    lost = Decimal("4.266666666666666667")  # 0.01 x 100 h x (15 + 10) min x 10.24 / 60
    assert term(cost, "interruption") == (0, lost, Decimal("51.2"), "assumed")
    assert cost.total_usd == 1024 + lost
    assert "every 30 minutes" in cost.terms[-3].note


def test_spot_without_a_word_on_checkpoints_assumes_one_an_hour():
    sold = row(baseline(network="gcp", usd_per_hour=Decimal(60), term="spot"))
    cost = landed(job(duration_hours=100, interruptible=True), sold, COSTS)
    assert term(cost, "interruption")[1] == 40  # 0.01 x 100 x (30 + 10) min


def test_a_reservation_is_paid_whole_unless_other_jobs_use_the_rest():
    cost = landed(job(8, duration_hours=100), aws(term="reserved_1y"), COSTS)
    assert (cost.low_usd, cost.total_usd) == (5504, Decimal("55.04") * 8760)
    own = landed(job(8, duration_hours=100), aws(term="reserved_1y", source_kind="contract"), COSTS)
    assert own.total_usd == 5504


def test_the_operators_fees_are_on_all_that_the_seller_is_paid():
    set_by_us = costs(Decimal("0.05"), {"any": Decimal("0.01"), "akash": Decimal("0.02")})
    cost = landed(job(8, duration_hours=10, egress_gb=200), aws(), set_by_us)
    assert term(cost, "platform_fee")[1] == Decimal("559.4") * Decimal("0.05")
    assert term(cost, "conversion")[1:] == (Decimal("5.594"), Decimal("5.594"), "documented")
    assert cost.total_usd == Decimal("559.4") * Decimal("1.06")
    assert term(landed(job(duration_hours=1), akash("1000"), set_by_us), "conversion")[1] == (
        Decimal("0.012")
    )


def test_without_a_setting_the_operator_takes_nothing_and_it_is_shown():
    cost = landed(job(8, duration_hours=10), aws(), COSTS)
    assert term(cost, "platform_fee") == (0, 0, 0, "documented")
    assert [t.code for t in cost.terms] == ["compute", "network_fee", "platform_fee", "conversion"]


def test_unknown_egress_counts_as_nothing_and_at_most_as_the_dearest_cloud():
    cost = landed(job(duration_hours=24, egress_gb=1000, ingress_gb=5), akash(), COSTS)
    assert term(cost, "egress") == (0, 0, 120, "unknown")  # Google: 1,000 x 0.12
    assert term(cost, "ingress") == (0, 0, 0, "unknown")


def test_storage_within_the_machine_costs_nothing_more():
    sold = row(baseline(storage_gib=500.0))
    within = landed(job(duration_hours=1, storage_gib_min=500), sold, COSTS)
    beyond = landed(job(duration_hours=1, storage_gib_min=501), sold, COSTS)
    assert term(within, "storage") == (0, 0, 0, "quoted")
    assert term(beyond, "storage") == (0, 0, 0, "unknown")


def test_a_network_nobody_knows_costs_its_price_and_says_what_is_not_known():
    cost = landed(job(duration_hours=7), sold_by("new", "3"), COSTS)
    assert cost.total_usd == 21
    assert {t.code for t in cost.terms if t.evidence == "unknown"} == {"network_fee", "conversion"}
    assert "not recorded" in cost.terms[0].note
    assert cost.deposit_note == "no deposit is recorded (unknown)"


def test_three_gpus_of_three_cost_exactly_the_machine():
    sold = sold_by("lium", "1", gpu_count=3, gpu_count_max=6)
    assert landed(job(3, duration_hours=1), sold, COSTS).total_usd == 1


def test_the_longest_job_on_the_dearest_machine_stays_exact():
    sold = sold_by("lium", "8000", gpu_count=8)
    cost = landed(job(8, duration_hours=100_000), sold, COSTS)
    assert (cost.total_usd, cost.landed_usd_per_gpu_hour) == (800_000_000, 1000)


@pytest.mark.parametrize("hours", [0, -1, 100_001])
def test_a_job_of_no_time_or_of_eleven_years_is_refused(hours):
    with pytest.raises(ValidationError, match="duration_hours"):
        job(duration_hours=hours)


def test_one_pricer_prices_many_offers_as_one_by_one():
    asked = job(8, duration_hours=10, egress_gb=200)
    pricer = Pricer(asked, COSTS)
    for sold in (aws(), akash(), aws(region="eu-west-1"), aws()):
        assert pricer.landed(sold) == landed(asked, sold, COSTS)
