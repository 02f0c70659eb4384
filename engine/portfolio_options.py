"""The offers of a plan's jobs made ready: checked, in a stable order, without those never taken.

An offer is left away only where a cheaper one in its place is always as good: same network and
region (as far as moving data costs), same provider where that matters, and surely free, however
the plan's other machines are placed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.portfolio_types import DataPlace, Limits, Task, Zone

USD_MAX = 1e12
GPUS_MAX = 10_000_000
_WANTED = (
    "offer_id", "network", "provider_id", "region", "country_code", "landed_usd", "capacity",
)  # fmt: skip
_TEXTS = ("offer_id", "network", "provider_id", "region", "country_code", "pool",
          "hosting_provider", "city")  # fmt: skip
_UNBOUND = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One offer for one job. ``pool`` None: its capacity cannot run out in this plan."""

    offer_id: str
    network: str
    provider_id: str | None
    region: str | None
    country_code: str | None
    usd: float
    gpus: int
    uses: int
    pool: str | None
    hosting: str | None
    datacenter: tuple[str | None, str] | None
    zone: Zone

    @property
    def provider(self) -> tuple[str, str | None]:
        return self.network, self.provider_id

    @property
    def place(self) -> tuple[str, str | None, str | None]:
        return self.network, self.provider_id, self.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task with what remained of its offers, cheapest first."""

    task: Task
    options: tuple[Option, ...]
    offers: int = 0
    """How many offers would do, those left away included."""
    is_data: bool = False

    @property
    def units(self) -> int:
        """How much one placing needs: GPUs where machines combine, otherwise machines."""
        return self.task.nodes * self.task.gpus if self.task.combine else self.task.nodes

    def weight(self, option: Option) -> int:
        """Return how many of ``units`` one machine of the offer is."""
        return option.gpus if self.task.combine else 1

    @property
    def is_in_one_zone(self) -> bool:
        return self.is_data or self.task.one_place or self.units == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """All jobs of a plan; ``capacities``: of the pools that several machines may exhaust."""

    jobs: tuple[Job, ...]
    capacities: dict[str, int]


def prepared(
    tasks: Sequence[Task], data: Sequence[DataPlace], limits: Limits, *, is_regional: bool
) -> Jobs:
    """Return the jobs with their offers. Raises ValueError, naming the job, for a frame amiss."""
    frames = _with_one_capacity([_checked(task) for task in tasks])
    offers = [frame.height for frame in frames]
    demand = sum(_demand(task, frame) for task, frame in zip(tasks, frames, strict=True))
    if limits.provider_share_max is None and limits.network_share_max is None:
        # With shares of spend nothing may go: a dearer machine can be what brings a share down.
        frames = [
            _pruned(task, frame, demand, is_regional=is_regional)
            for task, frame in zip(tasks, frames, strict=True)
        ]
    binding = _binding(tasks, frames)
    jobs = [
        Job(task=task, options=_options(frame, binding, is_regional=is_regional), offers=count)
        for task, frame, count in zip(tasks, frames, offers, strict=True)
    ]
    return Jobs(jobs=(*jobs, *(_data_job(place, is_regional) for place in data)),
                capacities=binding)  # fmt: skip


def _checked(task: Task) -> pl.DataFrame:
    frame = task.candidates
    if missing := [name for name in _WANTED if name not in frame.columns]:
        raise ValueError(f"{task.name}: the offers lack {', '.join(missing)}")
    gpus = pl.col("gpus") if "gpus" in frame.columns else pl.lit(task.gpus)
    pool = pl.col("pool") if "pool" in frame.columns else pl.lit(None, pl.String)
    uses = pl.col("uses") if "uses" in frame.columns else pl.lit(1)
    places = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).alias(name)
        for name in ("hosting_provider", "city")
    ]
    frame = frame.select(
        *_WANTED,
        gpus.cast(pl.Int64).fill_null(task.gpus).alias("gpus"),
        pool.fill_null(pl.col("offer_id")).alias("pool"),
        uses.cast(pl.Int64).fill_null(1).alias("uses"),
        *places,
    ).with_columns(
        pl.col(*_TEXTS).cast(pl.String),
        pl.col("landed_usd").cast(pl.Float64),
        pl.col("capacity").cast(pl.Int64),
    )
    _refuse_absurd(task, frame)
    fits = pl.col("gpus") <= task.nodes * task.gpus if task.combine else pl.col("gpus") == task.gpus
    return frame.filter(fits).sort("landed_usd", "offer_id")


def _with_one_capacity(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Return the frames with one capacity per pool, the least told; without what has no room."""
    bounded = [f.filter(pl.col("capacity").is_not_null()) for f in frames]
    bounded = [frame.select("pool", "capacity") for frame in bounded if frame.height]
    if not bounded:
        return list(frames)
    least = pl.concat(bounded).group_by("pool").agg(pl.col("capacity").min())
    has_room = pl.col("capacity").is_null() | (pl.col("capacity") >= pl.col("uses"))
    return [
        frame.drop("capacity")
        .join(least, on="pool", how="left", maintain_order="left")
        .filter(has_room)
        for frame in frames
    ]


def _refuse_absurd(task: Task, frame: pl.DataFrame) -> None:
    """Raise ValueError for values that no offer has: they would be planned with silently."""
    usd = pl.col("landed_usd")
    conditions = {
        f"landed_usd is not between 0 and {USD_MAX:.0e}": ~usd.is_between(0, USD_MAX)
        | usd.is_nan()
        | usd.is_null(),
        "capacity is below zero": (pl.col("capacity") < 0).fill_null(value=False),
        "gpus and uses are at least 1": (pl.col("gpus") < 1) | (pl.col("uses") < 1),
        "offer_id or network is empty": pl.col("offer_id").is_null() | pl.col("network").is_null(),
        "offer_id is there twice": pl.col("offer_id").is_duplicated(),
    }
    for sentence, condition in conditions.items():
        if wrong := frame.filter(condition)["offer_id"].head(1).to_list():
            raise ValueError(f"{task.name}: offer {wrong[0]}: {sentence}")


def _demand(task: Task, frame: pl.DataFrame) -> int:
    """Return the most of any pool that the task and its standbys can take."""
    machines = task.nodes * task.gpus if task.combine else task.nodes
    most = frame["uses"].max() if frame.height else 0
    assert isinstance(most, int)
    return most * machines * (1 + task.standbys.count)


def _pruned(task: Task, frame: pl.DataFrame, demand: int, *, is_regional: bool) -> pl.DataFrame:
    """Drop offers that are dearer than others of their kind which cannot all be taken.

    A cheaper offer is taken away from this machine only if others use its pool down to less than it
    needs. Over the cheaper offers together that is more than the whole plan can use as soon as
    the sum of (capacity - uses + 1) over their pools exceeds it: then one of them is free.
    """
    kind = ["network"] + (["region"] if is_regional or task.one_place else [])
    kind += ["gpus"] if task.combine else []
    kind += ["provider_id"] if task.one_place or task.standbys.count else []
    kind += ["hosting_provider"] if task.standbys.other_hosting else []
    kind += ["country_code", "city"] if task.standbys.other_datacenter else []
    room = (pl.col("capacity") - pl.col("uses") + 1).clip(0, _UNBOUND).fill_null(_UNBOUND)
    counted = pl.struct(*kind, "pool").is_first_distinct()
    room = pl.when(counted).then(pl.min_horizontal(room, demand + 1)).otherwise(0)
    before = (room.cum_sum() - room).over(kind)
    return frame.filter(before < max(demand, 1))


def _binding(tasks: Sequence[Task], frames: Sequence[pl.DataFrame]) -> dict[str, int]:
    """Return the capacity of each pool that the plan could exhaust."""
    demand: dict[str, int] = defaultdict(int)
    capacity: dict[str, int] = {}
    for task, frame in zip(tasks, frames, strict=True):
        machines = task.nodes * task.gpus if task.combine else task.nodes
        bounded = frame.filter(pl.col("capacity").is_not_null())
        of_pool = bounded.group_by("pool").agg(pl.col("uses").max(), pl.col("capacity").min())
        for pool, uses, free in of_pool.iter_rows():
            demand[pool] += uses * machines * (1 + task.standbys.count)
            capacity[pool] = min(free, capacity.get(pool, free))
    return {pool: free for pool, free in sorted(capacity.items()) if demand[pool] > free}


def _options(
    frame: pl.DataFrame, binding: dict[str, int], *, is_regional: bool
) -> tuple[Option, ...]:
    return tuple(
        Option(
            offer_id=offer_id,
            network=network,
            provider_id=provider_id,
            region=region,
            country_code=country,
            usd=usd,
            gpus=gpus,
            uses=uses,
            pool=pool if pool in binding else None,
            hosting=hosting,
            datacenter=None if city is None else (country, city),
            zone=(network, region if is_regional else None),
        )
        for (
            offer_id, network, provider_id, region, country, usd, gpus, pool, uses, hosting, city,
        ) in frame.drop("capacity").iter_rows()
    )  # fmt: skip


def _data_job(place: DataPlace, is_regional: bool) -> Job:  # noqa: FBT001 - told on from above
    option = Option(
        offer_id=place.name,
        network=place.network,
        provider_id=None,
        region=place.region,
        country_code=None,
        usd=0.0,
        gpus=1,
        uses=1,
        pool=None,
        hosting=None,
        datacenter=None,
        zone=(place.network, place.region if is_regional else None),
    )
    return Job(
        task=Task(name=place.name, candidates=pl.DataFrame()), options=(option,), is_data=True
    )
