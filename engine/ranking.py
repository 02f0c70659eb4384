"""The order of quotes by the policy's objective, with every term of the score shown.

Cost: landed cost alone. Cost and risk: landed cost plus what the policy says uncertainty costs.
Score: a weighted sum of 0..1 marks. ``docs/ranking.md`` has the rules. What is not known does not
count in an offer's favour. Ties: the cheaper, then who says it is free, then by id.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property, reduce

import polars as pl

from engine.outcomes import Outcomes, outcomes
from engine.policy import Policy
from engine.prepared_market import Prepared
from engine.quotes import Quote
from engine.quoting import Quoter, Quotes, ranked
from engine.requirement import Requirement

VOLATILITY_WORST = 0.2
"""A price that moves 20 % a day or more gets no mark for being stable."""
DIGITS = 9
"""Scores that agree in so many digits tie."""
TOO_LITTLE = "too little data"

_TERM = "term_"
_COST = pl.col("landed_usd_per_hour")


class RankedQuoter(Quoter):
    """Prices one job in one market and puts its offers into the policy's order."""

    def __init__(
        self, requirement: Requirement, market: Prepared, policy: Policy, now: datetime
    ) -> None:
        super().__init__(requirement, market)
        self._policy = policy
        self._now = now
        self._places: pl.Series | None = None
        self._scored = pl.DataFrame()

    @cached_property
    def outcomes(self) -> Outcomes:
        """What came of our own orders with these sellers, at this moment."""
        half_life = self._policy.failure_half_life_hours
        return outcomes(self._market.facts.failures, self._now, half_life)

    def quotes(self, costs: pl.DataFrame, n: int | None = None) -> Quotes:
        """Return the quotes of these offers (as ``costs``); with ``n`` the first are enough."""
        if self._policy.objective == "cost":
            return Quotes(ranked(costs, n), self)
        seen = costs.with_columns(facts_of(self._market, costs["row"], self.outcomes))
        by_risk = self._policy.objective == "cost_and_risk"
        terms = risks(self._policy) if by_risk else marks(self._policy)
        scored = seen.with_columns(**{f"{_TERM}{name}": term for name, term in terms.items()})
        scored = scored.with_columns(
            score=reduce(lambda a, b: a + b, [pl.col(f"{_TERM}{name}") for name in terms])
        )
        score = pl.col("score")
        order = scored.sort(
            score.round_sig_figs(DIGITS) if by_risk else -score.round(DIGITS),
            _COST.round_sig_figs(DIGITS),
            "is_unknown",
            "row",
        )
        self._scored = order if n is None else order.head(n)
        rows = pl.arange(self._scored.height, dtype=pl.UInt32, eager=True)
        empty = pl.repeat(0, self._market.offers.height, dtype=pl.UInt32, eager=True)
        self._places = empty.scatter(self._scored["row"], rows)
        return Quotes(self._scored, self, is_settled=True)

    def quote(self, row: int) -> Quote:
        """Return the exact quote of an offer, with what is expected of it and its score."""
        quote = super().quote(row)
        seen = self._outlook.get((quote.network, quote.gpu_model, quote.term), _NOTHING_SEEN)
        expected: dict[str, float | None] = {
            "availability": seen["availability"],
            "start_minutes": self._start_minutes(quote, seen["wait_minutes"]),
            "volatility": seen["volatility"],
        }
        return replace(
            quote,
            **expected,  # type: ignore[arg-type]
            **self._score(row),  # type: ignore[arg-type]
            notes=(*quote.notes, *self._notes(quote, expected)),
        )

    @cached_property
    def _outlook(self) -> Mapping[tuple[str, str | None, str], Mapping[str, float | None]]:
        history = self._market.facts.history
        if history is None:
            return {}
        rows = history.iter_rows(named=True)
        return {(row["network"], row["gpu_model"], row["term"]): row for row in rows}

    def _start_minutes(self, quote: Quote, wait: float | None) -> float | None:
        """The wait until one is free, none where one is, and how long starting takes."""
        waiting = 0.0 if quote.available else wait
        starting = self.outcomes.start_minutes(quote.network, quote.provider_id)
        if waiting is None or (starting is None and quote.available):
            return None  # that one is free says nothing of how long it takes to start
        return waiting + (starting or 0.0)

    def _score(self, row: int) -> dict[str, object]:
        if self._places is None:
            return {}
        one = self._scored.row(self._places[row], named=True)
        names = [name for name in one if name.startswith(_TERM)]
        terms = tuple((name.removeprefix(_TERM), one[name]) for name in names)
        return {"score": one["score"], "score_terms": terms}

    def _notes(self, quote: Quote, expected: Mapping[str, float | None]) -> list[str]:
        notes = []
        if self._market.facts.history is not None:
            words = {name: name.replace("_minutes", " time") for name in expected}
            missing = [words[name] for name, value in expected.items() if value is None]
            notes += [f"{', '.join(missing)}: {TOO_LITTLE}"] if missing else []
        starting = self.outcomes.start_minutes(quote.network, quote.provider_id)
        if expected["start_minutes"] is not None and starting is None:
            notes.append("start time is the wait for a free machine; starts were not observed")
        failed = self.outcomes.weight(quote.network, quote.provider_id, quote.offer_id)
        return [*notes, f"recent failures weigh {failed:.2g}"] if failed >= _TOLD else notes


_NOTHING_SEEN: Mapping[str, float | None] = {
    "availability": None, "wait_minutes": None, "volatility": None,
}  # fmt: skip
_TOLD = 0.005
"""A failure of which less than this is left is not worth a word."""


def facts_of(market: Prepared, rows: pl.Series, known: Outcomes) -> list[pl.Series]:
    """Return what ranking knows of these offers, a column each, row by row.

    uptime (0..1), is_free (what the offer says), availability, volatility (of its series) and
    failures (their weight); null is unknown.
    """
    place = market.offers["place"].gather(rows)
    expected = market.expected
    series = expected.of(**{facet: market.offers[facet].gather(rows) for facet in market.facets})
    return [
        market.places["provider_uptime_30d"].gather(place).alias("uptime"),
        market.offers["available"].gather(rows).alias("is_free"),
        expected.availability.gather(series).alias("availability"),
        expected.volatility.gather(series).alias("volatility"),
        _failures(market, rows, known),
    ]


def _failures(market: Prepared, rows: pl.Series, known: Outcomes) -> pl.Series:
    found = pl.repeat(0.0, rows.len(), dtype=pl.Float64, eager=True)
    if known.sellers:
        pairs = market.places.select("network", "provider_id").iter_rows()
        weights = [known.sellers.get((network, seller), 0.0) for network, seller in pairs]
        of_places = pl.Series(weights, dtype=pl.Float64)
        found = of_places.gather(market.offers["place"].gather(rows))
    if known.offers:
        own = market.offers.select("offer_id", "provider_id")[rows]
        alone = own["offer_id"].replace_strict(known.offers, default=0.0, return_dtype=pl.Float64)
        found = alone.zip_with(own["provider_id"].is_null(), found)
    return found.alias("failures")


def _chance() -> pl.Expr:
    """Whether one can be had now: stated to be free, else how often one was, else 0."""
    return pl.when("is_free").then(1.0).otherwise(pl.col("availability").fill_null(0.0))


def risks(policy: Policy) -> dict[str, pl.Expr]:
    """Return the terms of cost and risk in USD an hour; they add up to the score."""
    risk = policy.risk
    downtime = (1 - pl.col("uptime")) * risk.per_downtime
    return {
        "cost": _COST,
        "uptime": _COST * downtime.fill_null(risk.unknown_uptime),
        "availability": _COST * (1 - _chance()) * risk.unknown_availability,
        "volatility": _COST * pl.col("volatility").fill_null(0.0) * risk.volatility,
        "failures": _COST * pl.col("failures") * risk.recent_failure,
    }


def marks(policy: Policy) -> dict[str, pl.Expr]:
    """Return the weighted marks; they add up to the score, of which 1 is the best."""
    weights = policy.weights.model_dump()
    whole = sum(weights.values())
    marks: dict[str, pl.Expr] = {
        "cost": _COST.min() / _COST,
        "uptime": pl.col("uptime").fill_null(0.0),
        "availability": _chance(),
        "stability": 1 - (pl.col("volatility") / VOLATILITY_WORST).clip(0, 1).fill_null(1.0),
        "reliability": 1 / (1 + pl.col("failures")),
    }
    return {name: mark * (weights[name] / whole) for name, mark in marks.items()}
