"""``necto decisions …``: what was decided and kept, listed and opened again."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import Json, fail, opened_lake, settings
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.decisions import KeptDecision
    from data.records import Records
    from engine.decision_record import DecisionRecord

app = typer.Typer(help="Routing decisions that were kept.", no_args_is_help=True)

_DIGEST_SHOWN = 23
"""Enough of a digest to be told from the others; ``show`` takes it."""


@app.command("list")
def list_(
    most: Annotated[int, typer.Option(min=1, max=10_000, help="So many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List the decisions that were kept, newest first."""
    from data.decisions import decisions
    from data.faults import RecordsFault

    try:
        with _book().reading() as view:
            rows = [_row(kept) for kept in decisions(view, most)]
    except RecordsFault as fault:
        fail(str(fault))
    columns = ("digest", "job", "kept_at", "kept_by", "policy", "quoted", "best", "total_usd")
    short = [row | {"digest": str(row["digest"])[:_DIGEST_SHOWN]} for row in rows]
    sys.stdout.write(json_text(rows) if as_json else table_text(short, columns))


@app.command()
def show(
    digest: Annotated[str, typer.Argument(help="Its digest, or how that begins.")],
    pdf: Annotated[
        Path | None, typer.Option(help="Write it as PDF into this file as well.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Open a kept decision: the same text, JSON and PDF as on the day it was made."""
    from engine.decision_record import told
    from engine.decision_text import decision_text

    record = opened(digest)
    if pdf is not None:
        from engine.decision_pdf import decision_pdf

        try:
            pdf.write_bytes(decision_pdf(record))
        except OSError as error:
            fail(f"{pdf} cannot be written: {error.strerror}")
    sys.stdout.write(json_text(told(record)) if as_json else decision_text(record))


def opened(beginning: str) -> "DecisionRecord":
    """Return the kept decision whose digest begins so, or end with 2 and why there is none."""
    from data.decisions import NoDecision, digests_like, reopened
    from data.faults import RecordsFault

    try:
        book = _book()
        with book.reading() as view:
            found = digests_like(view, beginning)
        if len(found) > 1:
            fail(f"{len(found)} decisions begin with {beginning!r}: give more of the digest")
        return reopened(opened_lake(), book, found[0] if found else beginning)
    except (NoDecision, RecordsFault) as fault:
        fail(str(fault))


def _book() -> "Records":
    """The book of the mode, where decisions are committed."""
    from data.books import open_book

    return open_book(settings(), settings().mode)


def _row(kept: "KeptDecision") -> dict[str, object]:
    return {
        "digest": kept.digest,
        "job": kept.job,
        "kept_at": kept.at.isoformat(),
        "kept_by": kept.by,
        "policy": kept.policy,
        "quoted": kept.quoted,
        "refused": kept.refused,
        "best": kept.best,
        "total_usd": kept.total_usd,
        "landed_usd_per_hour": kept.landed_usd_per_hour,
        "entry": kept.entry_index,
    }
