"""Linear programmes with whole numbers, built row by row and solved by HiGHS.

Deterministic: one thread, a fixed seed, columns and rows in the order they were added. Only a time
limit that is reached makes an answer depend on the machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

import highspy
import numpy as np

INFINITY = highspy.kHighsInf
Found = Literal["optimal", "feasible", "infeasible", "unknown"]
Terms = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Row:
    """``low`` <= sum of coefficient x column <= ``high``; ``group``: whose condition it is."""

    terms: Terms
    low: float
    high: float
    group: int | None


@dataclass(frozen=True, slots=True)
class Solution:
    """Column values, what they cost, and what nothing can cost less than."""

    found: Found
    values: Sequence[float] = ()
    bound: float = 0.0


@dataclass(slots=True)
class Programme:
    """Columns with costs and bounds, all whole numbers unless told otherwise, and rows."""

    costs: list[float] = field(default_factory=list)
    tops: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    constant: float = 0.0

    def column(self, cost: float = 0.0, top: float = 1.0, *, is_whole: bool = True) -> int:
        """Add a column from 0 to ``top`` and return its number."""
        self.costs.append(cost)
        self.tops.append(top)
        self.whole.append(is_whole)
        return len(self.costs) - 1

    def row(
        self, terms: Terms, low: float = -INFINITY, high: float = INFINITY, group: int | None = None
    ) -> None:
        self.rows.append(Row(terms, low, high, group))


def solved(
    programme: Programme,
    seconds: float,
    *,
    costs: Sequence[float] | None = None,
    held: frozenset[int] | None = None,
    fixed: Mapping[int, float] | None = None,
) -> Solution:
    """Return the cheapest solution found within ``seconds``.

    ``costs``: other ones than the programme's. ``held``: the groups whose rows hold (None: all).
    ``fixed``: columns whose value is given.
    """
    highs = _solver(seconds)
    rows = [row for row in programme.rows if held is None or row.group is None or row.group in held]
    _pass(highs, programme, rows, programme.costs if costs is None else costs, fixed or {})
    highs.run()
    return _read(highs)


def total(terms: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return the terms with those of one column put together."""
    found: dict[int, float] = {}
    for column, value in terms:
        found[column] = found.get(column, 0.0) + value
    return found


class _Quiet(highspy.Highs):
    """HiGHS greets on standard output when its callbacks are set up: silent before that."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS's name
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _solver(seconds: float) -> highspy.Highs:
    highs = _Quiet()  # type: ignore[no-untyped-call]
    options: tuple[tuple[str, int | float | str], ...] = (
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("time_limit", seconds),
    )
    for name, value in options:
        highs.setOptionValue(name, value)
    return highs


def _pass(
    highs: highspy.Highs,
    programme: Programme,
    rows: Sequence[Row],
    costs: Sequence[float],
    fixed: Mapping[int, float],
) -> None:
    lows, tops = np.zeros(len(costs)), np.array(programme.tops, np.float64)
    for column, value in fixed.items():
        lows[column] = tops[column] = value
    lengths = [len(row.terms) for row in rows]
    highs.passModel(
        len(costs),
        len(rows),
        sum(lengths),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        programme.constant,
        np.array(costs, np.float64),
        lows,
        tops,
        np.array([row.low for row in rows], np.float64),
        np.array([row.high for row in rows], np.float64),
        np.array([0, *accumulate(lengths)], np.int32),
        np.array([column for row in rows for column in row.terms], np.int32),
        np.array([value for row in rows for value in row.terms.values()], np.float64),
        np.array(programme.whole, np.int32),
    )


def _read(highs: highspy.Highs) -> Solution:
    status, info = highs.getModelStatus(), highs.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Solution("infeasible")
    has_values = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    if not has_values:
        return Solution("unknown")
    is_proven = status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
    values = tuple(highs.getSolution().col_value)
    return Solution("optimal" if is_proven else "feasible", values, info.mip_dual_bound)
