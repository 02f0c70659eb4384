"""What text every engine of the records keeps."""

from collections.abc import Mapping


def check_text(table: str, row: Mapping[str, object]) -> None:
    """Raise ValueError for text that not every engine keeps: PostgreSQL's has no NUL character."""
    for name, value in row.items():
        if not isinstance(value, str):
            continue
        if "\0" in value:
            raise ValueError(f"{table}.{name}: text with a NUL character cannot be kept")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{table}.{name}: half a surrogate pair is no text") from None
