"""Processor time, which a busy machine stretches less than the clock: user and system."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

MB = 1e6


def spent() -> float:
    """Return the seconds of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cpu_ms(work: Callable[[], object], runs: int = 15) -> float:
    """Return the median CPU milliseconds of so many runs after one warm-up."""
    return statistics.median(times(work, runs))


def times(work: Callable[[], object], runs: int) -> list[float]:
    work()
    taken = []
    for _ in range(runs):
        start = spent()
        work()
        taken.append((spent() - start) * 1000)
    return taken


def alternating(first: Callable[[], object], second: Callable[[], object], runs: int) -> float:
    """Return second / first, medians, each measured in turn: what drifts hits both."""
    pairs = [(times(first, 1)[0], times(second, 1)[0]) for _ in range(runs)]
    return statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)


def command(arguments: Sequence[str], place: Path, home: str, runs: int = 5) -> tuple[float, float]:
    """Return the least wall and the median CPU milliseconds of a command, started anew each time.

    ``home``: its NECTO_HOME. Raises CalledProcessError, with what it printed, for one that fails.
    """
    walls, told = [], os.environ | {"NECTO_HOME": home}

    def run() -> None:
        begun = time.perf_counter()
        subprocess.run(arguments, cwd=place, env=told, check=True, capture_output=True)
        walls.append((time.perf_counter() - begun) * 1000)

    cpu = cpu_ms(run, runs)
    return min(walls), cpu


def peak_mb() -> float:
    """Return the most memory that this process has held, in 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
