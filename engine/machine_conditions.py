"""Conditions on the machine: which GPUs, how many, and what comes with them."""

from collections.abc import Iterator

import polars as pl

from engine.conditions import JOB, Asked, Condition, condition, listed, number, text_of
from engine.gpu_kinds import wanted_models


def machine_conditions(asked: Asked) -> Iterator[Condition]:
    """Return the job's conditions on machines, over the rows of ``Prepared.machines``."""
    gpus = asked.requirement.gpus
    if gpus.models:
        yield from _models(asked)
    yield _count(gpus.count)
    if gpus.form_factors:
        yield condition(
            "form_factor",
            pl.col("kind_form_factor").is_in(sorted(gpus.form_factors)),
            text_of("kind_form_factor"),
            listed(gpus.form_factors),
            by=JOB,
            lead="form factor {}",
            silent="form factor not known",
            demand="asks for {}",
        )
    if gpus.generation_min is not None:
        later = asked.market.facts.catalogue.generations.since(gpus.generation_min)
        yield condition(
            "generation",
            pl.col("kind_generation").is_in(sorted(later)),
            text_of("kind_generation"),
            gpus.generation_min,
            by=JOB,
            lead="generation {}",
            silent="generation not known",
            demand="asks for {} or later",
        )
    yield from _least(asked)


def _least(asked: Asked) -> Iterator[Condition]:
    need = asked.requirement
    for code, columns, least, what, unit in (
        ("gpu_memory", ("kind_memory_gib",), need.gpus.memory_gib_min, "a GPU's memory", " GiB"),
        ("tflops", ("kind_tflops",), need.gpus.bf16_tflops_min, "dense bf16", " TFLOPS"),
        ("vcpu", ("vcpu_max", "vcpu"), need.vcpu_min, "vCPU", ""),
        ("memory", ("memory_gib_max", "memory_gib"), need.memory_gib_min, "RAM", " GiB"),
        ("storage", ("storage_gib_max", "storage_gib"), need.storage_gib_min, "storage", " GiB"),
    ):
        if least is not None:
            yield condition(
                code,
                pl.coalesce(*columns) >= least,
                text_of(*columns, unit=unit),
                f"{number(least)}{unit}",
                by=JOB,
                lead=f"{what} {{}}",
                silent=f"{what} not known",
                demand="asks for at least {}",
            )


def _models(asked: Asked) -> Iterator[Condition]:
    """Return one condition on the model, and one on the form factor of which it hangs."""
    models = asked.requirement.gpus.models
    wanted = wanted_models(asked.market.facts.catalogue, models, asked.market.kinds)
    kinds = asked.market.kinds
    verdicts = [kind.is_one_of(wanted) for kind in kinds]
    lacks_form = [
        verdict is None and kind.lacks_form(wanted)
        for kind, verdict in zip(kinds, verdicts, strict=True)
    ]
    is_wanted = [True if lacks else v for lacks, v in zip(lacks_form, verdicts, strict=True)]
    has_form = [None if lacks else True for lacks in lacks_form]
    yield condition(
        "gpu_model",
        _by_kind(is_wanted),
        text_of("gpu_model", "gpu_name"),
        listed(models),
        by=JOB,
        lead="GPU {}",
        silent="GPU model not clear",
        demand="asks for {}",
    )
    if any(lacks_form):
        yield condition(
            "form_factor",
            _by_kind(has_form),
            text_of("kind_form_factor"),
            listed(models),
            by=JOB,
            lead="form factor {}",
            silent="form factor not known",
            demand="asks for {}",
        )


def _by_kind(verdicts: list[bool | None]) -> pl.Expr:
    """Return the verdict on each machine's GPU: one of the few kinds that are offered."""
    return pl.lit(pl.Series(verdicts, dtype=pl.Boolean)).gather(pl.col("kind"))


def _count(count: int) -> Condition:
    is_chosen = pl.col("gpu_count_max").is_not_null()
    fits = pl.col("gpu_count_max") >= count
    return condition(
        "gpu_count",
        pl.when(is_chosen).then(fits).otherwise(pl.col("gpu_count") == count),
        text_of("gpu_count_max", "gpu_count"),
        str(count),
        by=JOB,
        lead="GPUs in the machine: {}",
        silent="number of GPUs not known",
        demand="asks for {}",
    )
