"""``necto audit …``: what an auditor asks a book of records, and signs away."""

import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from connectors.jobs.terminal import Json, fail, opened_lake, settings, this_person
from engine.names import counted
from engine.terminal import json_text, line_text

if TYPE_CHECKING:
    from data.records import Records
    from data.verify import Report

app = typer.Typer(help="The audit trail: verify, sign, export.", no_args_is_help=True)

T = TypeVar("T")
InBook = Annotated[str, typer.Option("--book", help="house, sandbox, live; closed: sandbox_1.")]


@app.command()
def verify(
    since: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint that you received earlier; may be repeated."),
    ] = None,
    book: InBook = "house",
    files: Annotated[bool, typer.Option(help="Also read every file of the market.")] = True,
    rebuild_heads: Annotated[
        bool, typer.Option("--rebuild-heads", help="Then make what lists show of orders again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a book: every entry, fact, posting, checkpoint, and the files that it vouches for.

    Ends with 1 on any difference.
    """
    from data.books import examined_book, open_book
    from data.faults import RecordsFault
    from data.verification import keep, verify_files
    from data.verification import verify as verified

    for path in since or ():
        if not path.is_file():
            fail(f"{path} is no file: give a checkpoint that was sent or kept")
    name = _book(book)
    try:
        with examined_book(settings(), name) as records:
            found = verified(records, settings().home, since or ())
            if name == "house" and files:
                verify_files(records, opened_lake(), found.report)
    except (RecordsFault, OSError) as fault:
        fail(str(fault))
    report = found.report
    told = json_text(_told(report, found.seconds)) if as_json else _text(report, found.seconds)
    sys.stdout.write(told)
    try:
        keep(open_book(settings(), name), found, f"verify-{uuid.uuid4()}", this_person())
    except RecordsFault as fault:
        typer.echo(f"the result could not be kept in the trail: {fault}", err=True)
        raise typer.Exit(2 if report.is_clean else 1) from None
    if rebuild_heads:
        _rebuild_heads(name)
    if not report.is_clean:
        raise typer.Exit(1)


def _rebuild_heads(book: str) -> None:
    """Make what lists show of orders again of their facts, where it differs; kept in the trail."""
    from data.order_heads import rebuild_heads

    records = opened_book(book)
    made = _done(lambda: rebuild_heads(records, this_person(), f"rebuild-{uuid.uuid4()}"))
    names = ": " + ", ".join(made) if made else ""
    typer.echo(f"{counted(len(made), 'order')} made again{names}", err=True)


@app.command()
def checkpoint(book: InBook = "house", as_json: Json = False) -> None:
    """Sign the book as it stands and print the signed note; keep it outside this machine."""
    from data import checkpoints
    from data.trail_keys import signer

    records = opened_book(book)
    home = settings().home
    signed = _done(lambda: checkpoints.make(records, signer(records, home), home))
    sys.stdout.write(json_text({"note": signed.note, "at": signed.at}) if as_json else signed.note)


@app.command("keys")
def keys(book: InBook = "house", as_json: Json = False) -> None:
    """Print every public key that has signed for the book, the present one last."""
    from data.trail_keys import verifiers_of

    found = [one.text for one in verifiers_of(opened_book(book))]
    sys.stdout.write(json_text(found) if as_json else "".join(f"{text}\n" for text in found))


@app.command("rotate-key")
def rotate_key(book: InBook = "house") -> None:
    """Make a new signing key, handed over to by the present one; prints its public key."""
    from data.trail_keys import rotate

    records = opened_book(book)
    new = _done(lambda: rotate(records, settings().home, this_person()))
    sys.stdout.write(f"{new.text}\n")


@app.command("export")
def export_pack(
    out: Annotated[Path, typer.Option(help="The zip file to write.")],
    start: Annotated[datetime | None, typer.Option("--from", help="UTC.")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="UTC, not included.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only about this or what begins with it and a slash.")
    ] = None,
    checkpoint: Annotated[int | None, typer.Option(help="The size of the one to bind to.")] = None,
    book: InBook = "house",
    as_json: Json = False,
) -> None:
    """Write an evidence pack that an auditor checks offline; without options the whole book.

    Signs a checkpoint where none covers what is asked for; exporting is an entry of its own.
    """
    from data import packs
    from data.audit import Span
    from data.files import sha256_of
    from data.pack_choice import Wanted as Choice

    wanted = Choice(Span(utc(start), utc(end)), subject, checkpoint)
    records = opened_book(book)
    temporary = out.with_name(f"{out.name}.part")
    try:
        with temporary.open("wb") as file:
            made = packs.write(records, settings(), wanted, file)
        packed = f"sha256:{sha256_of(temporary)}"
        packs.keep(records, made.manifest, packed, f"pack-{uuid.uuid4()}", this_person())
        temporary.replace(out)
    except (ValueError, RuntimeError, OSError) as fault:
        temporary.unlink(missing_ok=True)
        fail(f"no pack was written: {fault}")
    told = {
        "file": str(out), "digest": packed, "entries": made.entries, "size": made.manifest["size"],
        "root": made.manifest["root"], "key": made.key,
    }  # fmt: skip
    lines = [*told.items(), ("check", f"python3 verify.py {out.name} --key {made.key}")]
    sys.stdout.write(json_text(told) if as_json else "".join(f"{k}: {v}\n" for k, v in lines))


def _told(report: "Report", seconds: dict[str, float]) -> dict[str, object]:
    return {
        "size": report.size,
        "root": report.root.hex(),
        "facts": report.facts,
        "checkpoints": report.checkpoints,
        "checkpoint_files": report.checkpoint_files,
        "problems": [{"place": one.place, "what": one.what} for one in report.problems],
        "not_described": report.more,
        "notes": report.notes,
        "seconds": seconds,
    }


def _text(report: "Report", seconds: dict[str, float]) -> str:
    problems = (f"  {line_text(f'{one.place}: {one.what}')}\n" for one in report.problems)
    notes = (f"note: {line_text(note)}\n" for note in report.notes)
    return "".join([_sentences(report, seconds), *problems, *notes])


def _sentences(report: "Report", seconds: dict[str, float]) -> str:
    from engine.verdicts import base64_of, checkpoints_told

    entries, facts = counted(report.size, "entry", "entries"), counted(report.facts, "fact")
    checkpoints = checkpoints_told(report.checkpoints, report.filed, report.checkpoint_files)
    parts = (
        ("pages", "the database's own pages, indexes and references"),
        ("tree", f"{entries} hashed, root {base64_of(report.root.hex())}"),
        ("entries", f"{facts} compared with the entries that vouch for them"),
        ("ledger", "every posting and hold recomputed"),
        ("checkpoints", f"{checkpoints}, compared with the tree"),
        ("guards", "the triggers that refuse changes compared with their text"),
    )
    lines = [f"{name:12} {what} ({seconds.get(name, 0):.1f} s)\n" for name, what in parts]
    found = len(report.problems) + report.more
    verdict = "nothing differs\n" if report.is_clean else f"{counted(found, 'difference')}:\n"
    return "".join([*lines, verdict])


def _book(name: str) -> str:
    from data.books import BOOKS
    from data.faults import RecordsFault
    from data.sandbox_books import closed_names

    try:
        known = (*BOOKS, *closed_names(settings()))
    except RecordsFault as fault:
        fail(str(fault))
    return name if name in known else fail(f"{name[:40]!r} is no book: {', '.join(known)}")


def opened_book(book: str) -> "Records":
    from data.books import book_exists, open_book
    from data.faults import RecordsFault

    name = _book(book)
    try:
        if not book_exists(settings(), name):
            fail(f"the {book} book was not begun yet: nothing has happened in it")
        return open_book(settings(), name)
    except RecordsFault as fault:
        fail(str(fault))


def utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _done(act: Callable[[], T]) -> T:
    from data.faults import RecordsFault

    try:
        return act()
    except (RecordsFault, OSError) as fault:
        fail(str(fault))
