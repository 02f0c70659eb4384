"""Run records: one small file per ingest, merged into ``day.jsonl`` when the day is over."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from data import aside, folders
from data.files import write_text
from engine.runs import RunRecord


def write(root: Path, run: RunRecord) -> None:
    path = folders.of_run(root, "runs", run.network, run.run_id, ".json")
    write_text(path, run.model_dump_json(indent=1))


def read(root: Path, network: str, run_id: str) -> RunRecord | None:
    """Return a run's record; one that cannot be read is set aside and counts as none."""
    path = folders.of_run(root, "runs", network, run_id, ".json")
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        pass  # its day has been merged, or there is none
    except ValidationError:
        aside.move(root, path, "not a run record")
    text = lines(path.parent)[0].get(run_id)
    try:
        return RunRecord.model_validate_json(text) if text else None
    except ValidationError:
        return None  # the next upkeep sets the line aside


def ids(root: Path, network: str) -> Iterator[str]:
    """Run ids, newest first; reads one day's folder at a time."""
    home = folders.of(root, "runs", network)
    for day in folders.days(home):
        folder = home / f"day={day}"
        yield from sorted({*folders.run_ids(folder, ".json"), *lines(folder)[0]}, reverse=True)


def lines(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Return the merged records of a day by run id, and the lines that are none."""
    try:
        content = (folder / folders.DAY_RECORDS).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return {}, []
    found: dict[str, str] = {}
    spoilt: list[str] = []
    for line in filter(None, content.split("\n")):
        try:
            found[str(json.loads(line)["run_id"])] = line
        except (ValueError, KeyError, TypeError):
            spoilt.append(line)
    return found, spoilt
