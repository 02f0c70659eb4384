"""Rate cards on the screen: import with every fault named, and every version with its state."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from components.export import HandOut, handed_out
from components.text import literal, network_name
from engine.export import csv_text, inert_text
from engine.rate_cards import CardRecord, KeptCard

FAULTS_SHOWN_MAX = 200
UPLOAD_MB_MAX = 20


def import_form(
    templates: Sequence[tuple[str, Callable[[], str | bytes], str]],
    on_import: Callable[[str, bytes, str | None], None],
) -> None:
    """A file, a name, one button; ``templates``: file name, content, media type."""
    left, right = st.columns([3, 1.2], vertical_alignment="top")
    with right:
        st.caption("Start from the template; its second sheet explains every column.")
        for name, content, media in templates:
            st.download_button(
                name.rsplit(".", 1)[1].upper(),
                content,
                name,
                media,
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
                help=f"The template, as {name}",
            )
    with left.form("import_card", border=False, clear_on_submit=True):
        file = st.file_uploader(
            "A card, CSV or Excel", type=["csv", "xlsx"], max_upload_size=UPLOAD_MB_MAX
        )
        name = st.text_input(
            "Its name",
            placeholder="the file's name",
            max_chars=60,
            help="The same name for the same seller makes a new version, which takes its place.",
        )
        is_sent = st.form_submit_button("Import", type="primary", icon=":material/upload:")
    if is_sent and file is None:
        st.warning("Choose a file first.")
    elif is_sent and file is not None:  # below the form: what is told may hold a download
        on_import(file.name, file.getvalue(), name.strip() or None)


def refused(faults: pl.DataFrame, hand_out: HandOut) -> None:
    """Why a card was not imported: line, column, value and remedy of every fault."""
    count = "1 fault" if faults.height == 1 else f"{faults.height:,} faults"
    st.error(
        f"Nothing was imported: {count}. Mend the file and import it again.",
        icon=":material/error:",
    )
    _faults_table(faults)
    name = "necto-card-faults.csv"
    st.download_button(
        "All faults as CSV",
        handed_out(
            lambda: csv_text(faults.to_dicts(), faults.columns), name, faults.height, hand_out
        ),
        name,
        "text/csv",
        on_click="ignore",
    )


def imported(
    new: Sequence[CardRecord],
    known: Sequence[CardRecord],
    gaps: Sequence[str],
    warnings: pl.DataFrame,
) -> None:
    """What an import did, and what a person may want to look at."""
    for record in new:
        st.success(
            f"{literal(record.name)}, version {record.version}, {network_name(record.seller)}: "
            f"{record.rows:,} prices, valid {record.valid_from} to {record.valid_until}."
        )
    for record in known:
        st.info(
            f"Known already: {literal(record.name)}, version {record.version}, "
            f"{network_name(record.seller)}. Nothing was changed."
        )
    for sentence in gaps:
        st.warning(literal(sentence[:1].upper() + sentence[1:] + "."))
    if warnings.height:
        st.warning(f"{warnings.height:,} things to look at; they were imported all the same.")
        _faults_table(warnings)


def cards_table(lines: Sequence[KeptCard]) -> None:
    """Every version of every card, the newest import first."""
    if not lines:
        st.info(
            "No rate card yet. Aethir publishes no prices: import what you negotiated with it, or "
            "your own rates at AWS, Azure or Google, and they are compared like any other price.",
            icon=":material/contract:",
        )
        return
    st.dataframe(
        pl.DataFrame([_line(line) for line in _newest_first(lines)], infer_schema_length=None),
        hide_index=True,
        placeholder="–",
        alt="Rate cards and their versions",
    )


def card_tools(
    lines: Sequence[KeptCard],
    original: Callable[[CardRecord], bytes],
    as_card: Callable[[CardRecord], str],
    on_withdraw: Callable[[str, str, str], None],
    hand_out: HandOut,
) -> None:
    """A version as it was imported or as a card to import again; taking a card off the market."""
    names = {f"{line.record.name} · {line.record.seller} · {line.record.version}": line.record
             for line in _newest_first(lines)}  # fmt: skip
    left, first, second, right = st.columns([2.4, 1.2, 1.2, 1.8], vertical_alignment="bottom")
    record = names[left.selectbox("Card, seller, version", list(names))]
    first.download_button(
        "Original file",
        handed_out(lambda: original(record), record.filename, record.rows, hand_out),
        record.filename,
        on_click="ignore",
        width="stretch",
        help="Byte for byte as it was imported.",
    )
    name = f"{record.name}-{record.seller}-{record.version}.csv"
    second.download_button(
        "As a card",
        handed_out(lambda: as_card(record), name, record.rows, hand_out),
        name,
        "text/csv",
        on_click="ignore",
        width="stretch",
        help="This seller's prices as CSV, to change and import again.",
    )
    live = [line.record for line in lines if line.state in ("current", "not yet valid")]
    with right.popover("Withdraw …", disabled=not live):
        if live:
            _withdraw_form(live, on_withdraw)


def _withdraw_form(
    live: Sequence[CardRecord], on_withdraw: Callable[[str, str, str], None]
) -> None:
    """Only a version that is or will be on the market can leave it.

    Each version has its own reason, so that a second click never takes another card.
    """
    names = {f"{record.name} · {record.seller}": record for record in live}
    record = names[st.selectbox("Card, seller", list(names))]
    reason = st.text_input(
        "Why", max_chars=300, key=f"withdraw_{record.seller}_{record.name}_{record.version}"
    )
    st.caption(
        f"Version {record.version} leaves the market now; all versions of this card stay readable, "
        "and none takes its place."
    )
    if st.button("Withdraw", type="primary", disabled=not reason.strip()):
        on_withdraw(record.seller, record.name, reason.strip())


def _newest_first(lines: Sequence[KeptCard]) -> list[KeptCard]:
    return sorted(lines, key=lambda line: line.record.imported_at, reverse=True)


def _line(line: KeptCard) -> dict[str, Any]:
    record = line.record
    return {
        "Card": record.name,
        "Seller": network_name(record.seller),
        "Version": record.version,
        "State": line.state,
        "Valid from": record.valid_from,
        "Valid until": record.valid_until,
        "Prices": record.rows,
        "Imported": f"{record.imported_at:%Y-%m-%d %H:%M} UTC",
        "By": record.imported_by,
        "SHA-256": record.original_sha256[:16],
        "Why withdrawn": line.withdrawal.reason if line.withdrawal else None,
    }


def _faults_table(faults: pl.DataFrame) -> None:
    if faults.height > FAULTS_SHOWN_MAX:
        st.caption(f"The first {FAULTS_SHOWN_MAX} of {faults.height:,}:")
    shown = faults.head(FAULTS_SHOWN_MAX).select(
        pl.col("line").alias("Line"),
        pl.col("column").alias("Column"),
        inert_text(pl.col("value")).alias("Value"),
        pl.col("fault").alias("What is wrong"),
        pl.col("remedy").alias("What to do"),
    )
    st.dataframe(shown, hide_index=True, placeholder="–", alt="Faults, by line")
