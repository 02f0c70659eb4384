"""A ceiling for the asked GPUs is the same ceiling for the priced ones, to the last digit."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from engine.deal_conditions import ceiling_of, terms_of
from engine.landed import machine_usd_per_hour
from engine.requirement import Gpus, Requirement
from tests.support import offer

GPUS = Gpus(count=1, memory_gib_min=1)
ULP = Decimal(1).scaleb(-18)
amounts = st.decimals(Decimal("1E-18"), Decimal(1000), places=18) | st.integers(1, 50).map(
    lambda n: n * ULP
)
counts = st.integers(1, 1024)


@given(amounts, counts, counts)
def test_a_price_is_within_the_ceiling_exactly_when_the_asked_machine_is(most, priced, count):
    ceiling = ceiling_of(most, priced, count)
    chosen = {"gpu_count": priced, "gpu_count_max": 1024}
    with localcontext(prec=60):
        for usd in (ceiling - ULP, ceiling, ceiling + ULP, ceiling + 2 * ULP):
            asked = machine_usd_per_hour({**chosen, "usd_per_hour": usd}, count)
            assert (asked <= most) == (usd <= ceiling)


def test_a_fixed_machine_costs_its_own_price():
    row = {"gpu_count": 8, "gpu_count_max": None, "usd_per_hour": offer().usd_per_hour}
    assert machine_usd_per_hour(row, 1) == Decimal("2.5")


def test_spot_needs_a_job_that_may_be_interrupted_and_reserved_must_be_asked_for():
    plain, stoppable = (Requirement(gpus=GPUS, interruptible=way) for way in (False, True))
    asked = Requirement(gpus=GPUS, terms={"spot", "reserved_1y"})

    assert terms_of(plain) == {"on_demand", "contract"}
    assert terms_of(stoppable) == {"on_demand", "contract", "spot"}
    assert terms_of(asked) == {"reserved_1y"}
