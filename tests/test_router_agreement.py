"""The cheapest machine costs what SkyPilot's answer costs, and every difference is explained.

It needs the kit of the side-by-side benchmarks (the variable NECTO_PEERS) with the peers set up
(``benchmarks/router.py`` does it, NECTO_PEERS_READY says where), and takes a minute or two.
"""

from collections import Counter

import pytest

from benchmarks.routes import agreement
from benchmarks.routes.peers import READY, VARIABLE, peers_at
from engine.requirement import Gpus, Requirement

pytestmark = pytest.mark.timeout(1800)  # SkyPilot answers each question in a second, or in many
NEED = Requirement(gpus=Gpus(count=1, models=frozenset({"T4"})), vcpu_min=8, memory_gib_min=32)
THEIRS = {"usd": 2.0, "cloud": "aws", "machine": "m", "region": "r", "gpus": {"T4": 1}}


@pytest.fixture(scope="module")
def pairs():
    peers = peers_at(None)
    if peers is None:
        pytest.skip(f"SkyPilot was not asked: {VARIABLE} does not say where the peers' kit is")
    if not peers.is_set_up:
        pytest.skip(f"SkyPilot was not asked: it is not set up ({READY})")
    return agreement.compared(peers)


def test_fifty_requirements_cost_the_same_or_the_difference_is_explained(pairs):
    unexplained = [
        line for pair in pairs if pair.verdict == "DIFFERENT" for line in agreement.told(pair)
    ]
    assert len(pairs) == agreement.QUESTIONS
    assert unexplained == []


def test_most_of_them_cost_the_same_to_a_millionth(pairs):
    assert Counter(pair.verdict for pair in pairs)["same"] >= 0.8 * agreement.QUESTIONS


def test_necto_is_never_dearer(pairs):
    both = [pair for pair in pairs if pair.usd and pair.their_usd]
    assert all(pair.usd <= pair.their_usd + agreement.SAME for pair in both)


@pytest.mark.parametrize(
    ("usd", "theirs", "of_ours", "verdict"),
    [
        (2.0, 2.0000004, None, "same"),
        (None, None, None, "nobody"),
        (1.5, 2.0, 1.5, "one kind per cloud"),
        (1.5, None, 1.5, "one kind per cloud"),
        (1.5, 2.0, 1.6, "DIFFERENT"),
        (1.5, 2.0, "ValueError: not offered", "DIFFERENT"),
        (2.5, 2.0, 2.5, "DIFFERENT"),
        (None, 2.0, None, "DIFFERENT"),
    ],
)
def test_only_a_cheaper_machine_that_skypilot_prices_the_same_is_explained(
    usd, theirs, of_ours, verdict
):
    assert agreement._verdict(usd, theirs, of_ours) == verdict


@pytest.mark.parametrize(
    ("vcpu", "memory", "machine", "gpus", "says"),
    [
        (8, 64, "m", {"T4": 1}, ""),
        (4, 64, "m", {"T4": 1}, "has 4 vCPU, asked: 8"),
        (8, 16, "m", {"T4": 1}, "has 16 GiB, asked: 32"),
        (32, 64, "n1-standard-32", {"V100": 1}, "is more than GCP gives to such cards"),
        (8, 64, "n1-highmem-8", {"V100": 1}, ""),
    ],
)
def test_an_answer_with_less_than_was_asked_is_no_answer(vcpu, memory, machine, gpus, says):
    theirs = THEIRS | {"machine": machine, "gpus": gpus}
    lacking = agreement._lacking(NEED, theirs, {("aws", machine): (vcpu, memory)})
    assert lacking.startswith(says)
    assert bool(lacking) == bool(says)
