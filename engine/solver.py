"""Linear programmes with whole numbers, built row by row and solved by HiGHS.

Deterministic: one thread, a fixed seed, columns and rows in the order they were added. Only a time
limit that is reached makes an answer depend on the machine.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

import highspy
import numpy as np
import numpy.typing as npt

INFINITY = highspy.kHighsInf
Found = Literal["optimal", "feasible", "infeasible", "unknown"]
Terms = Mapping[int, float]
Floats = npt.NDArray[np.float64]
_ALWAYS = -1  # the group of rows that nobody set: they always hold


@dataclass(frozen=True, slots=True)
class Solution:
    """Column values, what they cost, and what nothing can cost less than."""

    found: Found
    values: Sequence[float] = ()
    bound: float = 0.0
    seconds: float = 0.0
    """What the solver took."""


@dataclass(slots=True)
class Programme:
    """Columns with costs and bounds, all whole numbers unless told otherwise, and rows.

    A row: ``low`` <= sum of coefficient x column <= ``high``. ``group``: whose condition it is.
    """

    costs: list[float] = field(default_factory=list)
    constant: float = 0.0
    _tops: list[float] = field(default_factory=list)
    _whole: list[bool] = field(default_factory=list)
    _rows: list[Terms] = field(default_factory=list)
    _lows: list[float] = field(default_factory=list)
    _highs: list[float] = field(default_factory=list)
    _groups: list[int] = field(default_factory=list)

    def column(self, cost: float = 0.0, top: float = 1.0, *, is_whole: bool = True) -> int:
        """Add a column from 0 to ``top`` and return its number."""
        self.costs.append(cost)
        self._tops.append(top)
        self._whole.append(is_whole)
        return len(self.costs) - 1

    def row(
        self, terms: Terms, low: float = -INFINITY, high: float = INFINITY, group: int | None = None
    ) -> None:
        self._rows.append(terms)
        self._lows.append(low)
        self._highs.append(high)
        self._groups.append(_ALWAYS if group is None else group)

    def ready(self) -> "Ready":
        """Return the programme as it now is, ready to be solved."""
        lengths = [len(row) for row in self._rows]
        return Ready(
            constant=self.constant,
            costs=np.array(self.costs, np.float64),
            tops=np.array(self._tops, np.float64),
            whole=np.array(self._whole, np.int32),
            lows=np.array(self._lows, np.float64),
            highs=np.array(self._highs, np.float64),
            groups=np.array(self._groups, np.int64),
            starts=np.array([0, *accumulate(lengths)], np.int32),
            columns=np.array([column for row in self._rows for column in row], np.int32),
            values=np.array([v for row in self._rows for v in row.values()], np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A programme as HiGHS takes it."""

    constant: float
    costs: Floats
    tops: Floats
    whole: npt.NDArray[np.int32]
    lows: Floats
    highs: Floats
    groups: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    values: Floats

    def solved(
        self,
        seconds: float,
        *,
        costs: Mapping[int, float] | None = None,
        held: Collection[int] | None = None,
        fixed: Mapping[int, float] | None = None,
    ) -> Solution:
        """Return the cheapest solution found within ``seconds``.

        ``costs``: of columns, instead of the programme's; all others cost nothing. ``held``: the
        groups whose rows hold (None: all). ``fixed``: columns whose value is given.
        """
        bottoms, tops = np.zeros(len(self.tops)), self.tops.copy()
        for column, value in (fixed or {}).items():
            bottoms[column] = tops[column] = value
        lows, highs = self.lows, self.highs
        if held is not None:
            lifted = ~np.isin(self.groups, [_ALWAYS, *held])
            lows, highs = (
                np.where(lifted, off, side) for off, side in ((-INFINITY, lows), (INFINITY, highs))
            )
        prices = self.costs
        if costs is not None:
            prices = np.zeros(len(self.costs))
            prices[list(costs)] = list(costs.values())
        solver = _solver(seconds)
        solver.passModel(
            len(prices),
            len(lows),
            len(self.values),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            self.constant if costs is None else 0.0,
            prices,
            bottoms,
            tops,
            lows,
            highs,
            self.starts,
            self.columns,
            self.values,
            self.whole,
        )
        solver.run()
        return _read(solver)


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


def _read(highs: highspy.Highs) -> Solution:
    status, info, seconds = highs.getModelStatus(), highs.getInfo(), highs.getRunTime()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Solution("infeasible", seconds=seconds)
    values = tuple(highs.getSolution().col_value)
    if status in {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty}:
        return Solution("optimal", values, info.objective_function_value, seconds)
    if info.primal_solution_status != int(highspy.SolutionStatus.kSolutionStatusFeasible):
        return Solution("unknown", seconds=seconds)
    return Solution("feasible", values, info.mip_dual_bound, seconds)
