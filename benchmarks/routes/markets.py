"""The markets and the job of the benchmarks."""

import polars as pl

from benchmarks.routes.catalog import NOW
from data.billing import costs
from data.shipped import catalogue
from engine.market import PROVIDER_SCHEMA
from engine.requirement import Gpus, Requirement
from engine.routing import Facts, Prepared, prepared

A100_BY_8 = Requirement(
    gpus=Gpus(count=8, models=frozenset({"A100-80"})), vcpu_min=32, memory_gib_min=256
)
"""The question of every peer: eight A100 of 80 GB, at least 32 vCPU and 256 GiB, on demand."""


def facts(*, with_figures: bool) -> Facts:
    """Return the shipped tables; without figures a landed cost is the price and nothing else."""
    nobody = pl.DataFrame(schema=dict(PROVIDER_SCHEMA))
    if not with_figures:
        return Facts(providers=nobody, catalogue=catalogue())
    return Facts(providers=nobody, catalogue=catalogue(), costs=costs())


def market_of(offers: pl.DataFrame, *, with_figures: bool = True) -> Prepared:
    return prepared(offers, facts(with_figures=with_figures), NOW)
