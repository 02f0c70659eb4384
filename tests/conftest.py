import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from data import chosen
from data.books import close_books
from data.market import Lake
from data.shipped import catalogue as shipped_catalogue
from engine.resources import Catalogue

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return shipped_catalogue()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "market")


@pytest.fixture(autouse=True)
def _main_stays_the_test_runner() -> Iterator[None]:
    """AppTest leaves its script as ``__main__``, which a process that a later test spawns runs."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def _books_are_closed() -> Iterator[None]:
    """Every test opens its own books, as a process of its own would."""
    yield
    close_books()
    chosen.forget()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def shared() -> Path:
    """Recorded payloads and published schemas that are not part of this repository."""
    if not SHARED.is_dir():
        pytest.skip("the folder of recordings beside the checkout is absent")
    return SHARED


@pytest.fixture
def necto(tmp_path, monkeypatch):
    """The command as a person types it, with a home of its own."""
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run
