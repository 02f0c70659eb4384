"""The network's time: faster when told, never backwards."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.clock import FIRST_HEIGHT, Rate, iso
from tests.connectors.sandbox.worlds import START

MOVES = st.lists(
    st.tuples(st.sampled_from(["wait", "pace", "jump", "back"]), st.floats(0, 5_000)), max_size=20
)


@given(MOVES)
def test_time_never_goes_back_whatever_is_done_to_it(moves):
    machine, rate = START, Rate.started(START)
    for move, amount in moves:
        before = rate.at(machine)
        if move == "pace":
            rate = rate.paced(machine, amount)
        elif move == "jump":
            rate = rate.advanced(machine, amount)
        elif move == "wait":
            machine += amount
        else:  # the machine's clock is set back, and the server notices
            machine -= amount
            rate = rate.paced(machine, rate.factor) if machine < rate.since else rate
            before = min(before, rate.at(machine))
        assert rate.at(machine) >= before


def test_a_block_is_six_seconds_and_its_time_is_its_height():
    rate = Rate.started(START)
    assert rate.height(START) == FIRST_HEIGHT
    assert rate.height(START + 5.9) == FIRST_HEIGHT
    assert rate.height(START + 6) == FIRST_HEIGHT + 1
    assert rate.time_of(FIRST_HEIGHT + 10) == START + 60


def test_a_moment_is_written_in_utc_with_milliseconds():
    assert iso(START + 0.25) == "2027-01-15T08:00:00.250Z"


def test_a_restart_goes_on_where_the_network_would_be(world):
    world.ask("POST", "/_sandbox/clock", {"factor": 60})
    world.machine.seconds += 10
    before = world.net.height()
    world.reopen()
    assert world.net.height() == before == FIRST_HEIGHT + 100

    world.machine.seconds += 10  # the server was down, the network was not
    assert world.net.height() == before + 100


def test_a_machine_clock_set_back_makes_the_network_stand_still(world):
    world.machine.seconds += 600
    world.ask("POST", "/_sandbox/clock", {"factor": 1})
    before = world.net.height()
    world.machine.seconds -= 300
    assert world.get("/_sandbox/status")["height"] == before
    world.machine.seconds += 60
    assert world.get("/_sandbox/status")["height"] == before + 10
