"""SkyPilot's half of the comparison: run by its own interpreter, it prints one JSON line a figure.

``skypilot_side.py KIT DIR RUNS one list block chain ilp`` measures, ``skypilot_side.py KIT DIR
answers`` reads questions as JSON from standard input (``agreement.py``) and prints the answers.
KIT's ``sky_bench.py`` sets SkyPilot up (ten clouds, no network) and makes the jobs.
"""

import json
import logging
import runpy
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ONCE = 1  # what takes minutes
BLOCKED = 40

Json = dict[str, Any]


def kit_of(kit: str, ready: str) -> Json:
    """Return the names of the kit's script, which measures nothing by itself when told "none"."""
    sys.argv = ["sky_bench.py", ready, "none"]
    names = runpy.run_path(str(Path(kit) / "sky_bench.py"))
    import networkx as nx  # noqa: PLC0415 - SkyPilot's, it is not among ours

    return names | {"nx": nx}


def told(metric: str, kit: Json, work: Callable[[], Any], runs: int, **more: object) -> None:
    """Measure CPU (of children too), medians after one warm-up, and print it."""
    taken, wall = [], []
    for run in range(runs + (runs > 1)):
        start, begun = kit["cpu"](), time.perf_counter()
        work()
        if run or runs == 1:
            taken.append((kit["cpu"]() - start) * 1000)
            wall.append((time.perf_counter() - begun) * 1000)
    figure = {"metric": metric, "cpu_ms": kit["st"].median(taken), "wall_ms": min(wall)}
    print(json.dumps(figure | {key: make() for key, make in more.items()}), flush=True)


def optimised(kit: Json, number: int, shape: str, **more: object) -> Callable[[], object]:
    work, make = kit["opt"](number, shape, **more)

    def again() -> object:
        make()
        return work()

    return again


def one(kit: Json, runs: int) -> None:
    sized = {"cpus": "32+", "memory": "256+"}
    told("one", kit, optimised(kit, 1, "one", **sized), runs)


def block(kit: Json, runs: int) -> None:
    with kit["hush"]():
        found = candidates(kit, kit["mk"](1, "one"))
    told("none blocked", kit, optimised(kit, 1, "one"), runs)
    told("block", kit, optimised(kit, 1, "one", blocked=found[:BLOCKED]), runs)


def candidates(kit: Json, dag: object) -> list[Any]:
    optimizer = kit["Optimizer"]
    optimizer._add_dummy_source_sink_nodes(dag)  # noqa: SLF001 - as the kit does it
    jobs = list(kit["nx"].topological_sort(dag.get_graph()))
    costs, _ = optimizer._estimate_nodes_cost_or_time(jobs)  # noqa: SLF001 - the same
    found = [(usd, str(one), one) for job in jobs[1:-1] for one, usd in costs[job].items()]
    return [one for _, _, one in sorted(found, key=lambda ranked: ranked[:2])]


def every(kit: Json, _: int) -> None:
    clouds = [str(cloud).lower() for cloud in kit["en"]]

    def listed() -> object:
        return kit["catalog"].list_accelerators(
            gpus_only=True, name_filter=None, clouds=clouds, all_regions=True
        )

    told("list", kit, listed, ONCE)


def chain(kit: Json, runs: int) -> None:
    graph(kit, "chain", "chain", runs)


def ilp(kit: Json, _: int) -> None:
    graph(kit, "ilp", "layers", ONCE)


def graph(kit: Json, metric: str, shape: str, runs: int) -> None:
    def placed() -> list[tuple[str, float]]:
        best = [(task.name, task.best_resources) for task in kit["box"]["d"].tasks]
        best.sort(key=lambda named: int(named[0][1:]))
        return [(str(got.cloud).lower(), got.get_cost(3600)) for _, got in best]

    told(metric, kit, optimised(kit, 20, shape), runs, placed=placed)


def resources_of(kit: Json, question: Json) -> Iterator[Any]:
    for name in question["names"]:
        yield kit["Resources"](
            accelerators={name: question["count"]},
            cpus=question["cpus"],
            memory=question["memory"],
            use_spot=question["spot"],
        )


def answer(kit: Json, question: Json) -> Json:
    """Return the cheapest machine that SkyPilot finds, and what it says that ours costs."""
    ours = question["ours"]
    return {"theirs": best(kit, question), "of_ours": ours and priced(kit, ours)}


def best(kit: Json, question: Json) -> Json | None:
    with kit["Dag"]() as dag:
        task = kit["Task"]("job", run="x")
        task.set_resources(set(resources_of(kit, question)))
        task.set_time_estimator(lambda _: 3600)
    banned = [cloud for cloud in kit["en"] if str(cloud).lower() in question["banned"]]
    is_spot = question["spot"]  # one that is blocked on demand is not blocked as spot
    blocked = [kit["Resources"](cloud=cloud, use_spot=is_spot) for cloud in banned]
    try:
        with kit["hush"]():
            kit["Optimizer"].optimize(dag, blocked_resources=blocked or None, quiet=True)
    except kit["sky"].exceptions.ResourcesUnavailableError:
        return None
    got = dag.tasks[0].best_resources
    return {
        "usd": got.get_cost(3600),
        "cloud": str(got.cloud).lower(),
        "machine": got.instance_type,
        "region": got.region,
        "gpus": got.accelerators,
    }


def priced(kit: Json, ours: Json) -> float | str:
    """Return what SkyPilot itself says that our answer costs an hour, or why it does not."""
    cloud = next(cloud for cloud in kit["en"] if str(cloud).lower() == ours["cloud"])
    of_gcp = {"accelerators": ours["gpus"]} if ours["cloud"] == "gcp" else {}
    try:
        with kit["hush"]():
            chosen = kit["Resources"](
                cloud=cloud,
                instance_type=ours["machine"],
                region=ours["region"],
                zone=ours["zone"],
                use_spot=ours["spot"],
                **of_gcp,
            )
            return float(chosen.get_cost(3600))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told and not hidden
        return f"{type(error).__name__}: {error}"


MEASURES = {"one": one, "block": block, "list": every, "chain": chain, "ilp": ilp}


def main() -> None:
    kit_folder, ready, what, *measures = sys.argv[1:]
    kit = kit_of(kit_folder, ready)
    logging.disable(logging.CRITICAL)
    if what == "answers":
        for question in json.load(sys.stdin):
            print(json.dumps(answer(kit, question)), flush=True)
        return
    for name in measures:
        MEASURES[name](kit, int(what))


if __name__ == "__main__":
    main()
