"""The runs whose drops must stay as they are, whatever their age: ``keep/network=<name>/``.

A decision that is committed names the drops it was made from; they are kept for ever, each in its
own file with its own digest. Whoever commits a decision calls ``keep`` first.
"""

from data import folders
from data.files import sync_folder, write_text
from data.market import Lake
from engine.runs import Kind, is_run_id

_SUFFIX = ".why"


def keep(lake: Lake, network: str, run_id: str, why: str, kind: Kind = "offers") -> None:
    """Exempt a run's drops from compaction and retention, durably; keeping twice is keeping once.

    ``kind``: what of the run was looked at. Raises ValueError for a name that is no run's,
    LookupError for a run without a file of its own of that kind (any more): a merged day stands in
    for it, but with another digest.
    """
    if not is_run_id(run_id):
        raise ValueError(f"{run_id!r} is not the name of a run")
    drop = folders.of_run(lake.root, kind, network, run_id, ".parquet")
    if not drop.exists():
        raise LookupError(f"the {kind} of run {run_id} of {network} have no file of their own")
    path = folders.of(lake.root, "keep", network) / f"{run_id}{_SUFFIX}"
    write_text(path, why)
    sync_folder(path.parent.parent)
    if not drop.exists():  # it was merged or removed while we marked it
        raise LookupError(f"the {kind} of run {run_id} of {network} have just gone")


def kept(lake: Lake, network: str) -> frozenset[str]:
    """Return the runs whose drops are exempt."""
    names = folders.names(folders.of(lake.root, "keep", network))
    stems = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return frozenset(stem for stem in stems if is_run_id(stem))
