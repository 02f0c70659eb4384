"""Programmes as HiGHS solves them."""

import pytest

from engine.solver import INFINITY, Programme, total


def knapsack():
    """Cheapest cover of 7 by pieces of 3 (cost 4) and 2 (cost 3), at most two of each."""
    programme = Programme()
    three, two = programme.column(4, 2), programme.column(3, 2)
    programme.row({three: 3, two: 2}, low=7, group=0)
    programme.row({three: 1}, high=1, group=1)
    return programme, three, two


def test_the_cheapest_whole_numbers_are_found():
    programme, three, two = knapsack()
    solution = programme.ready().solved(10)

    assert (solution.found, solution.values[three], solution.values[two]) == ("optimal", 1, 2)
    assert solution.bound == pytest.approx(10)
    assert solution.seconds >= 0


def test_rows_of_groups_that_are_not_held_do_not_hold():
    programme, three, two = knapsack()
    ready = programme.ready()

    assert ready.solved(10, held=[]).values == (0, 0)
    assert ready.solved(10, held=[0]).values in {(1, 2), (2, 1)}
    programme.row({three: 1, two: 1}, low=5)
    assert programme.ready().solved(10, held=[1]).found == "infeasible"


def test_other_costs_and_given_values_are_taken_instead():
    programme, three, two = knapsack()
    ready = programme.ready()

    assert ready.solved(10, costs={two: 1.0}, held=[0]).bound == pytest.approx(1)
    assert ready.solved(10, fixed={three: 0.0}).found == "infeasible"
    assert ready.solved(10, fixed={three: 1.0, two: 2.0}).values == (1, 2)


def test_columns_may_be_fractions_and_endless():
    programme = Programme(constant=1.0)
    part = programme.column(2, INFINITY, is_whole=False)
    programme.row({part: 2}, low=3)
    solution = programme.ready().solved(10)

    assert solution.values == (1.5,)
    assert solution.bound == pytest.approx(4)


def test_an_empty_programme_is_solved():
    assert Programme().ready().solved(10).found == "optimal"


def test_the_same_programme_gives_the_same_values():
    programme, *_ = knapsack()

    assert programme.ready().solved(10).values == programme.ready().solved(10).values


def test_terms_of_one_column_are_put_together():
    assert total([(1, 0.5), (2, 1.0), (1, 0.25)]) == {1: 0.75, 2: 1.0}
