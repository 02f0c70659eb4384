"""What AppTest changes in a process is put back after each test."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """AppTest leaves the frame as ``__main__``, which a process started later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
