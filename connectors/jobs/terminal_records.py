"""``necto backup`` and ``necto restore``: the books, kept elsewhere and brought back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import Json, fail, settings, this_person
from engine.names import counted
from engine.terminal import json_text, line_text

if TYPE_CHECKING:
    from data.backups import Checked

app = typer.Typer(add_completion=False)


@app.command()
def backup(
    to: Annotated[Path, typer.Option("--to", help="The folder for the backups.")],
    book: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Copy every book into a folder, while Necto works; each copy with its description beside it.

    The market's files, the keys and the checkpoints' folder are not in it.
    Ends with 2 when one could not be made.
    """
    from data.backups import backup as made
    from data.books import open_book
    from data.faults import RecordsFault

    try:
        taken = [made(open_book(settings(), name), to, this_person()) for name in _chosen(book)]
    except RecordsFault as fault:
        fail(f"no backup was made: {fault}")
    rows = [{"file": str(one.file), **one.told.model_dump()} for one in taken]
    if as_json:
        sys.stdout.write(json_text(rows))
    else:
        for one in taken:
            told = one.told
            entries = counted(told.size, "entry", "entries")
            sys.stdout.write(f"{told.book}: {entries} in {told.bytes} bytes, {one.file}\n")
        sys.stdout.write(f"not in a backup: {_besides()}: copy these too\n")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that necto backup made.")],
    check: Annotated[bool, typer.Option("--check", help="Only check it; changes nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when the book has entries that the backup lacks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a book back from a backup; what stands in its place is kept under another name.

    Ends with 1 when the backup is not as it was made, with 2 when it was not restored.
    """
    from data.backups import check as checked
    from data.faults import RecordsFault
    from data.restoring import restore as restored

    try:
        if check:
            _tell(checked(file), "is whole", as_json=as_json)
            return
        done = restored(file, settings(), this_person(), is_forced=force)
    except RecordsFault as fault:
        fail(f"{file} was not {'checked' if check else 'restored'}: {fault}")
    words = "is restored" + (f"; what stood there is kept: {done.kept}" if done.kept else "")
    words += f"\nnot in a backup, bring them back yourself: {_besides()}"
    _tell(done.checked, words, as_json=as_json, kept=done.kept, lost=done.found.lost)


def _tell(found: "Checked", words: str, *, as_json: bool, **more: object) -> None:
    head = found.head
    if as_json:
        told = {
            "file": str(found.file), "book": head.book, "installation": head.installation,
            "form": head.form, "size": head.size, "root": head.root, "facts": found.facts,
            "described": found.told is not None,
            "problems": [{"place": one.place, "what": one.what} for one in found.problems], **more,
        }  # fmt: skip
        sys.stdout.write(json_text(told))
    else:
        sys.stdout.write(
            f"{found.file}: the {head.book} book of installation {head.installation}, "
            f"{counted(head.size, 'entry', 'entries')}, {counted(found.facts, 'fact')}, "
            f"root {head.root}\n"
        )
        if found.told is None:
            sys.stdout.write(
                "its description is not beside it: nothing says how far it should go\n"
            )
        for one in found.problems:
            sys.stdout.write(f"  {line_text(f'{one.place}: {one.what}')}\n")
        verdict = words if found.is_clean else "is not as it was made: do not restore it"
        sys.stdout.write(f"{verdict}\n")
    if not found.is_clean:
        raise typer.Exit(1)


def _besides() -> str:
    """What belongs to an installation and lies outside its books."""
    home = settings().home
    return (
        f"the market's files and rate cards ({settings().lake}), the signing keys "
        f"({home / 'keys'}) and the published checkpoints ({home / 'checkpoints'})"
    )


def _chosen(names: list[str] | None) -> list[str]:
    from data.backups import existing
    from data.books import BOOKS

    there = existing(settings())
    known = dict.fromkeys([*BOOKS, *there])
    if unknown := set(names or ()) - set(known):
        fail(f"{', '.join(sorted(unknown))} is no book: {', '.join(known)}")
    if absent := set(names or ()) - set(there):
        fail(f"the {', '.join(sorted(absent))} book was not begun yet: there is nothing to keep")
    if not there:
        fail("no book was begun yet: there is nothing to keep")
    return [book for book in there if not names or book in names]
