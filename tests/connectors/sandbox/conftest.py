from collections.abc import Iterator

import pytest

from tests.connectors.sandbox.worlds import World


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    """A sandbox with its own book and a clock that stands."""
    made = World(tmp_path)
    yield made
    made.net.book.close()
