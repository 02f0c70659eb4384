"""The peers: where they are, and what they measure of themselves in this run.

The kit is a folder with ``setup.sh`` and a script per peer; ``setup.sh DIR`` lays out DIR with the
shared catalog (``home``) and an interpreter per peer (``sky``, ``gh``).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

VARIABLE = "NECTO_PEERS"
READY = "NECTO_PEERS_READY"
SKYPILOT, GPUHUNT = "skypilot 0.14.1", "gpuhunt 0.1.34"
_SIDE = Path(__file__).with_name("skypilot_side.py")

Json = dict[str, Any]


@dataclass(frozen=True)
class Peers:
    """``kit``: the folder with the peers' scripts; ``ready``: where they are set up."""

    kit: Path
    ready: Path

    @property
    def catalog(self) -> Path:
        return self.ready / "home" / ".sky" / "catalogs" / "v8"

    @property
    def is_set_up(self) -> bool:
        return all((self.ready / name / "bin" / "python").exists() for name in ("sky", "gh"))

    def set_up(self) -> None:
        """Install the peers once, which takes minutes."""
        if not self.is_set_up:
            print(f"setting the peers up in {self.ready}", file=sys.stderr)
            subprocess.run(["bash", self.kit / "setup.sh", self.ready], check=True)

    @cached_property
    def gpuhunt(self) -> dict[str, Json]:
        """Every figure that gpuhunt's script prints, by its name."""
        return _figures(self._told("gh", self.kit / "gpuhunt_bench.py", self.ready))

    def skypilot(self, runs: int, *measures: str) -> dict[str, Json]:
        """Return these figures of ``skypilot_side.py``, by their names."""
        return _figures(self._told("sky", _SIDE, self.kit, self.ready, runs, *measures))

    def answers(self, questions: list[Json]) -> Iterator[Json]:
        """Return what SkyPilot answers to each question of ``agreement.py``."""
        told = self._told("sky", _SIDE, self.kit, self.ready, "answers", told=json.dumps(questions))
        return map(json.loads, told.splitlines())

    def _told(self, whose: str, script: Path, *arguments: object, told: str = "") -> str:
        done = subprocess.run(
            [self.ready / whose / "bin" / "python", script, *map(str, arguments)],
            input=told,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script.name} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout


def _figures(told: str) -> dict[str, Json]:
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    return {line["metric"]: line for line in lines if "metric" in line}


def peers_at(kit: str | None, ready: str | None = None) -> Peers | None:
    """Return the peers of a kit, or of the environment's; None where there is none."""
    kit = kit or os.environ.get(VARIABLE)
    if not kit:
        return None
    ready = ready or os.environ.get(READY)
    place = Path(ready) if ready else Path(tempfile.gettempdir()) / "necto-peers"
    if not (Path(kit) / "setup.sh").exists():
        raise FileNotFoundError(f"{kit} has no setup.sh: it is not the kit of the peers")
    return Peers(Path(kit), place)
