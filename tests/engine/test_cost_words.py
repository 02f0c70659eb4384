"""What is said of a term: its evidence, how it comes about, and where that is from."""

from decimal import Decimal

import pytest

from data.billing import costs
from engine.billing import Billing, Costs, Figure
from engine.cost_rates import CostKey
from engine.cost_words import deposit_note, term_words
from engine.requirement import Requirement

COSTS = costs()
JOB = Requirement.model_validate({"gpus": {"models": ["H100"], "count": 1}})


def said(code: str, key: CostKey, ours: Costs = COSTS) -> tuple[str, str]:
    return term_words(JOB, key, ours)[code]


@pytest.mark.parametrize(
    ("key", "evidence", "words"),
    [
        (CostKey("akash", "on_demand", "instance"), "quoted", "600 blocks"),
        (CostKey("render", "on_demand", "customer_price"), "published", "actual time"),
        (CostKey("gcp", "on_demand", "gpu_only"), "published", "come on top"),
        (CostKey("aws", "contract", "list", is_contract=True), "published", "the contract's price"),
        (CostKey("new", "on_demand"), "quoted", "not recorded: at most a started hour (unknown)"),
    ],
)
def test_compute_says_what_is_priced_and_in_which_unit_of_time(key, evidence, words):
    found = said("compute", key)
    assert found[0] == evidence
    assert words in found[1]


def test_a_fee_says_whether_it_is_known_and_from_where():
    evidence, note = said("network_fee", CostKey("nosana", "x", "host_reward_before_network_fee"))
    assert evidence == "inferred"
    assert "not confirmed by an invoice" in note
    assert "nosana.com/pricing.md" in note
    assert said("network_fee", CostKey("nosana", "x", "instance")) == ("quoted", "within the price")
    assert said("network_fee", CostKey("new", "on_demand"))[0] == "unknown"


def test_egress_says_of_which_list_it_is():
    own = said("egress", CostKey("aws", "on_demand", egress_region="us-east-1"))
    other = said("egress", CostKey("aws", "on_demand"))
    assert own[0] == "published"
    assert "100 GB a month free" in own[1]
    assert other[0] == "inferred"
    assert "as recorded for us-east-1" in other[1]
    assert said("egress", CostKey("lium", "on_demand"))[0] == "unknown"


def test_a_networks_own_egress_rate_is_told():
    rate = Figure(item="egress_usd_per_gb", value=Decimal(1), evidence="documented", note="a rate")
    ours = Costs(billing=Billing({("x", "any", "egress_usd_per_gb"): rate}))
    assert said("egress", CostKey("x", "on_demand"), ours) == ("documented", "a rate")


def test_an_assumed_interruption_says_so():
    evidence, note = said("interruption", CostKey("gcp", "spot"))
    assert evidence == "assumed"
    assert "every hour" in note


def test_the_operators_fees_are_told_as_percentages():
    ours = costs(Decimal("0.025"), {"lium": Decimal("0.01")})
    assert said("platform_fee", CostKey("lium", "x"), ours)[1].startswith("2.5")
    assert said("conversion", CostKey("lium", "x"), ours)[1].startswith("1")
    assert said("platform_fee", CostKey("lium", "x"))[1] == "the operator has set no fee"


def test_a_deposit_says_how_sure_it_is():
    assert "(documented; fluencelabs/docs" in deposit_note(CostKey("fluence", "x"), COSTS)
    assert deposit_note(CostKey("aethir", "x"), COSTS).endswith("by contract (unknown)")
    assert deposit_note(CostKey("aws", "x"), COSTS) == "no deposit is recorded (unknown)"
