"""What is told of an export: its digest and size, never its content."""

import pytest

from engine.canonical import canonical, digest
from engine.exports import Export, told


@pytest.mark.parametrize(
    ("file", "ending"), [("offers.csv", "csv"), ("Rates 2027.XLSX", "xlsx"), ("card", "none")]
)
def test_the_format_is_the_file_s_ending(file, ending):
    assert Export(file, 1, b"").format == ending


def test_the_trail_can_check_the_bytes_and_does_not_hold_them():
    made = told(Export("offers.csv", 2, b"secret rows"), "market", "network=Akash")

    assert made["digest"] == digest(b"secret rows")
    assert (made["rows"], made["size"], made["asked"]) == (2, 11, "network=Akash")
    assert b"secret rows" not in canonical(made)
