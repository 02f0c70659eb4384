"""``necto cards …``: your negotiated rate cards, imported, listed, exported and withdrawn."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.jobs.terminal import (
    As,
    Json,
    actor_of,
    fail,
    opened_house,
    opened_lake,
    this_person,
)
from data.files import temporary_of
from engine.exports import Export
from engine.terminal import json_text, table_text

if TYPE_CHECKING:
    from data.records import Records

app = typer.Typer(help="Your negotiated rate cards.", no_args_is_help=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV or Excel file; see: necto cards template.")],
    name: Annotated[str | None, typer.Option(help="The card's name; default: the file's.")] = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Import a card whole, or refuse it with every fault. The same name makes a new version."""
    from connectors.registry import SOURCES
    from data.card_files import read_card
    from data.card_register import LateEntry, import_card
    from data.faults import RecordsFault
    from data.market import Busy
    from data.shipped import catalogue
    from engine.rate_cards import CardRefused

    now = datetime.now(UTC)
    sellers = [kind.name for kind in SOURCES]
    try:
        content = file.read_bytes()
        card = read_card(file.name, content, catalogue(), now, name=name, sellers=sellers)
        done = import_card(opened_house(), opened_lake(), card, actor_of(as_), now)
    except CardRefused as refused:
        faults = refused.faults.to_dicts()
        sys.stdout.write(json_text(faults) if as_json else table_text(faults, list(faults[0])))
        fail(f"nothing was imported: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except LateEntry as late:
        fail(str(late))
    except (Busy, RecordsFault, ValueError) as error:
        fail(f"nothing was imported: {error}")
    rows = [
        {"card": r.name, "seller": r.seller, "version": r.version, "rows": r.rows, "said": said}
        for said, records in (("imported", done.new), ("known already", done.known))
        for r in records
    ]
    for sentence in done.gaps:
        typer.echo(sentence, err=True)
    for warning in card.warnings.to_dicts():
        typer.echo(f"line {warning['line']}: {warning['fault']} {warning['remedy']}", err=True)
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, list(rows[0])))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List every card and version with its state today."""
    from data.rate_cards import cards

    rows = [
        {
            "card": kept.record.name,
            "seller": kept.record.seller,
            "version": kept.record.version,
            "state": kept.state,
            "valid_from": str(kept.record.valid_from),
            "valid_until": str(kept.record.valid_until),
            "rows": kept.record.rows,
            "imported_by": kept.record.imported_by,
        }
        for kept in cards(opened_lake(), datetime.now(UTC))
    ]
    columns = ("card", "seller", "version", "state", "valid_from", "valid_until", "rows")
    sys.stdout.write(json_text(rows) if as_json else table_text(rows, columns))


@app.command()
def template(
    file: Annotated[Path, typer.Argument(help="Where to write it: a name in .csv or .xlsx.")],
) -> None:
    """Write an empty card with examples that are easy to replace."""
    from data.card_files import template_csv, template_xlsx

    _write(file, lambda: template_csv().encode(), template_xlsx)


@app.command()
def export(
    seller: str,
    name: str,
    file: Annotated[Path, typer.Argument(help="Where to write it: a name in .csv or .xlsx.")],
    version: Annotated[int | None, typer.Option(help="Default: the newest.")] = None,
) -> None:
    """Write a kept card to a file that can be imported again; every price is exact."""
    from data.card_files import card_csv, card_xlsx
    from data.rate_cards import version_of, whole_rows

    lake, house = opened_lake(), opened_house()
    try:
        record = version_of(lake, seller, name, version)
        rows = whole_rows(lake, record)
    except LookupError as error:
        fail(str(error))
    asked = f"{seller} {name} --version {record.version}"
    _write(
        file, lambda: card_csv(rows).encode(), lambda: card_xlsx(rows),
        lambda content: _enter(house, Export(file.name, rows.height, content), asked),
    )  # fmt: skip


def _enter(house: "Records", export: Export, asked: str) -> None:
    from data.exports import enter_export
    from data.faults import RecordsFault

    try:
        enter_export(house, this_person(), export, "necto cards export", asked)
    except RecordsFault as fault:
        fail(f"{export.file} was not exported: {fault}")


def _write(
    file: Path,
    as_csv: Callable[[], bytes],
    as_xlsx: Callable[[], bytes],
    enter: Callable[[bytes], None] = lambda _: None,
) -> None:
    """Write a card in the form that the file's name asks for, never over a file that is there.

    ``enter`` is told the content once it is on the disk, under another name: what it raises keeps
    it from getting its own.
    """
    forms = {".csv": as_csv, ".xlsx": as_xlsx}
    form = forms.get(file.suffix.lower())
    if form is None:
        fail(f"{file} must end in .csv or .xlsx")
    content = form()
    try:
        file.open("xb").close()
        _publish(file, content, enter)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}")


def _publish(file: Path, content: bytes, enter: Callable[[bytes], None]) -> None:
    """Give the content the name that is reserved for it, or leave nothing."""
    temporary = temporary_of(file)
    try:
        temporary.write_bytes(content)
        enter(content)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        file.unlink()
        raise


@app.command()
def withdraw(
    seller: str,
    name: str,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    as_: As = None,
) -> None:
    """Take a card off the market; it stays readable."""
    from data.card_register import withdraw as take_off
    from data.faults import RecordsFault
    from data.market import Busy

    house, lake, now = opened_house(), opened_lake(), datetime.now(UTC)
    try:
        fact = take_off(house, lake, seller, name, reason, actor_of(as_), now)
    except (Busy, LookupError, RecordsFault, ValueError) as error:
        fail(str(error))
    typer.echo(f"{name} of {seller} is withdrawn: version {fact.version} has left the market")
