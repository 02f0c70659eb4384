"""The router against SkyPilot, gpuhunt and plain DuckDB: the same offers, the same questions.

``python benchmarks/router.py [--peers KIT] [--ready DIR] [--runs 15] [--rows 10000000] [--quick]``
prints one table of CPU medians (user and system, of this process and its children) with targets.
KIT (or ``NECTO_PEERS``) is the folder with the peers' scripts and the catalog; they are set up in
DIR (or ``NECTO_PEERS_READY``, else a temporary folder), once. Without a kit the peers' columns are
left out and the offers are made up. ``--quick`` leaves out what takes minutes: SkyPilot's layered
graph and its list of every offer, and the largest market.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import polars as pl  # noqa: E402 - the path comes first

from benchmarks.routes import agreement, catalog, graphs  # noqa: E402 - the same
from benchmarks.routes.cpu import alternating, command, cpu_ms  # noqa: E402 - the same
from benchmarks.routes.floor import COLUMNS, Floor  # noqa: E402 - the same
from benchmarks.routes.markets import A100_BY_8, market_of  # noqa: E402 - the same
from benchmarks.routes.peers import GPUHUNT, SKYPILOT, Peers, peers_at  # noqa: E402 - the same
from benchmarks.routes.table import Line, printed  # noqa: E402 - the same
from data.egress import egress_rates  # noqa: E402 - the same
from engine.routing import Prepared, cheapest, route  # noqa: E402 - the same
from engine.search import Search, matching  # noqa: E402 - the same
from engine.tariffs import ListedMoves  # noqa: E402 - the same

NOW = catalog.NOW
BLOCKED = 40
STEPS = (1_000_000, 10_000_000)
NECTO = (sys.executable, "-c", "import cli; cli.main()")
NOISE = 0.05
LINEAR = 1.2  # so much more an offer still counts as linear: caches get smaller
BYTES_A_ROW = 900  # while a market is made ready
JOB = '{"gpus": {"models": ["H100"], "count": 8}, "duration_hours": 24}'


@dataclasses.dataclass(frozen=True)
class Bench:
    """What is measured: one market twice, with the shipped cost figures and as prices alone."""

    offers: pl.DataFrame
    market: Prepared
    priced: Prepared
    peers: Peers | None
    theirs: dict[str, Any]
    runs: int

    def skypilot(self, name: str) -> float | None:
        return self.theirs[name]["cpu_ms"] if name in self.theirs else None

    def gpuhunt(self, name: str) -> float | None:
        found = self.peers.gpuhunt.items() if self.peers else ()
        return next((figure["cpu_ms"] for metric, figure in found if metric.startswith(name)), None)


def one_requirement(bench: Bench) -> Iterator[Line]:
    def everything() -> object:
        decision = route(A100_BY_8, bench.market, None, NOW)
        return decision.refused, decision.counts, decision.quotes[:20]

    mine = cpu_ms(lambda: route(A100_BY_8, bench.market, None, NOW).masks, bench.runs)
    yield Line(
        f"one requirement over {bench.offers.height:,} offers, every reason as a mask",
        mine,
        at_most=25,
        peers={SKYPILOT: bench.skypilot("one")},
        times={SKYPILOT: 20},
    )
    whole = cpu_ms(everything, bench.runs)
    yield Line("the same, with refusals by offer, counts and 20 exact quotes", whole)


def cheapest_20(bench: Bench) -> Iterator[Line]:
    floor = Floor(bench.offers)
    quotes = cheapest(A100_BY_8, bench.market, None, NOW, 20)
    plain = floor.cheapest()
    assert [float(q.usd_per_hour) for q in quotes] == [round(row[3], 9) for row in plain]
    yield Line(
        "cheapest 20, with exact quotes",
        cpu_ms(lambda: cheapest(A100_BY_8, bench.market, None, NOW, 20), bench.runs),
        peers={
            "DuckDB": cpu_ms(floor.cheapest, bench.runs),
            GPUHUNT: bench.gpuhunt("gpuhunt query A100"),
        },
        times={"DuckDB": 0.5, GPUHUNT: 20},
    )


def every_offer(bench: Bench) -> Iterator[Line]:
    floor, columns = Floor(bench.offers), list(COLUMNS)
    has_gpu = pl.col("gpu_model").is_not_null()

    def every() -> list[tuple[Any, ...]]:
        found = matching(bench.offers.filter(has_gpu), Search(), NOW)
        return found.select(columns).rows()

    def listing() -> object:
        return dataclasses.replace(bench.market).listing  # anew: a market remembers its list

    assert len(every()) == len(floor.every())
    yield Line(
        f"list every GPU offer, cheapest first, as {len(every()):,} rows",
        cpu_ms(every, bench.runs),
        at_most=50,
        peers={
            "DuckDB": cpu_ms(floor.every, bench.runs),
            GPUHUNT: bench.gpuhunt("gpuhunt query all"),
            SKYPILOT: bench.skypilot("list"),
        },
    )
    yield Line(f"list all {bench.offers.height:,} offers, as a frame", cpu_ms(listing, bench.runs))


def rerouted(bench: Bench) -> Iterator[Line]:
    first = route(A100_BY_8, bench.market, None, NOW).quotes
    blocked = frozenset(quote.offer_id for quote in first[:BLOCKED])

    def again() -> object:
        return route(A100_BY_8, bench.market, None, NOW, blocked=blocked).quotes[:1]

    def free() -> object:
        return route(A100_BY_8, bench.market, None, NOW).quotes[:1]

    ratio = alternating(free, again, 3 * bench.runs)
    theirs = bench.skypilot("block"), bench.skypilot("none blocked")
    said = f"; SkyPilot {theirs[0] / theirs[1]:.1f} x" if theirs[0] and theirs[1] else ""
    yield Line(
        f"routed again with {BLOCKED} offers blocked ({ratio:.2f} x of none blocked{said})",
        cpu_ms(again, bench.runs),
        peers={SKYPILOT: theirs[0]},
        note=f"target 1.0 x: {'met' if ratio <= 1 + NOISE else 'MISSED'}",
    )


def plans(bench: Bench) -> Iterator[Line]:
    for what, name, edges, most, times in (
        ("chain", "chain", graphs.chain(), 500, 30),
        ("layered graph 1-6-6-6-1", "ilp", graphs.layered(), 1000, 100),
    ):
        plan = graphs.planned(bench.priced, edges)
        said = ""
        if name in bench.theirs:
            usd = graphs.usd_of(bench.theirs[name]["placed"], edges)
            said = f"; SkyPilot's costs {usd:.2f} USD"
        yield Line(
            f"{graphs.JOBS}-task {what}, offers looked for",
            cpu_ms(lambda edges=edges: graphs.planned(bench.priced, edges), 3),
            at_most=most,
            peers={SKYPILOT: bench.skypilot(name)},
            times={SKYPILOT: times},
            note=f"{plan.total_usd:.2f} USD, {plan.status}{said}",
        )
    tariff = ListedMoves(egress_rates())
    plan = graphs.planned(bench.priced, graphs.layered(), tariff, 1.0)
    yield Line(
        "the same with regional egress by published lists, a second for the solver",
        cpu_ms(lambda: graphs.planned(bench.priced, graphs.layered(), tariff, 1.0), 3),
        note=f"{plan.total_usd:.2f} USD, {plan.status}, gap {plan.gap:.2%}",
    )


def cold(_: Bench) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as temporary:
        job = Path(temporary) / "job.json"
        job.write_text(JOB)
        asked = ("--requirement", str(job), "--refusals", "counts", "--json")
        for arguments, most in ((("route", *asked), 1500), (("--help",), 500)):
            wall, cpu = command((*NECTO, *arguments), ROOT, temporary)
            yield Line(
                f"cold `necto {arguments[0]}`"
                + (" on the embedded market" if len(arguments) > 1 else ""),
                cpu,
                note=f"wall {wall:.0f} ms, target {most} ms: {'met' if wall <= most else 'MISSED'}",
            )


def growing(rows: int, peers: Peers | None) -> Iterator[Line]:
    """One market a process: route and cheapest 20 by the number of offers, and memory."""
    script = ROOT / "benchmarks" / "routes" / "scale.py"
    where = [str(peers.catalog)] if peers else []
    before: dict[str, float] = {}
    for step in (catalog.ROWS, *(step for step in STEPS if step <= rows)):
        if step * BYTES_A_ROW > free_bytes():
            print(f"{step:,} offers are left out: they need {step * BYTES_A_ROW / 1e9:.0f} GB")
            continue
        told = subprocess.check_output([sys.executable, script, str(step), *where], text=True)
        found = json.loads(told)
        yield Line(
            f"one requirement over {found['rows']:,} offers",
            found["route_ms"],
            note=f"{grown(before, found)}cheapest 20 {found['cheapest_ms']:.1f} ms; made ready in"
            f" {found['prepared_s']:.1f} s; peak {found['peak_mb'] / 1000:.1f} GB, of it offers"
            f" {found['offers_mb'] / 1000:.2f} GB",
        )
        before = found


def grown(before: dict[str, float], found: dict[str, float]) -> str:
    """Say how the cost of one offer changed from the step before, where there was one.

    Routing and making ready are judged apart: the first may hide the second.
    """
    if not before:
        return ""
    more = found["rows"] / before["rows"]
    said = ""
    for what, name in (("routing", "route_ms"), ("making ready", "prepared_s")):
        ratio = found[name] / before[name] / more
        said += f"{what} {ratio:.2f} x an offer of the line above (target {LINEAR}):"
        said += f" {'met' if ratio <= LINEAR else 'MISSED'}; "
    return said


def free_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def agreed(peers: Peers) -> None:
    """Print how the cheapest machines compare, and every difference."""
    pairs = agreement.compared(peers)
    counts = Counter(pair.verdict for pair in pairs)
    print(f"\nCheapest machine for {len(pairs)} random requirements, Necto and {SKYPILOT}:")
    for verdict, count in counts.items():
        print(f"- {count} {agreement.VERDICTS[verdict]}")
    for pair in pairs:
        for line in agreement.told(pair):
            print(f"  - {line}")


def measured(peers: Peers | None, runs: int, *, quick: bool) -> Bench:
    rows = catalog.rows_of(peers.catalog) if peers else catalog.made_up()
    offers = catalog.offers_of(catalog.with_machines(rows))
    asked = ("one", "block", "chain") if quick else ("one", "block", "list", "chain", "ilp")
    return Bench(
        offers=offers,
        market=market_of(offers),
        priced=market_of(offers, with_figures=False),
        peers=peers,
        theirs=peers.skypilot(1 if quick else min(runs, 3), *asked) if peers else {},
        runs=runs,
    )


PARTS: tuple[Callable[[Bench], Iterator[Line]], ...] = (
    one_requirement, cheapest_20, every_offer, rerouted, plans, cold,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", help="the kit; else the variable NECTO_PEERS")
    parser.add_argument("--ready", help="where the peers are or will be set up")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--rows", type=int, default=max(STEPS))
    parser.add_argument("--quick", action="store_true", help="leave out what takes minutes")
    told = parser.parse_args()
    peers = peers_at(told.peers, told.ready)
    if peers:
        peers.set_up()
    else:
        print("no kit of the peers (--peers): their columns are left out, the offers made up")
    bench = measured(peers, told.runs, quick=told.quick)
    lines = [line for part in PARTS for line in part(bench)]
    lines += growing(0 if told.quick else told.rows, peers)
    printed(lines, [SKYPILOT, GPUHUNT, "DuckDB"] if peers else ["DuckDB"])
    if peers:
        agreed(peers)


if __name__ == "__main__":
    main()
