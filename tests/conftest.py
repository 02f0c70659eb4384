import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st
from hypothesis import settings
from typer.testing import CliRunner, Result

from cli import app
from data import chosen, migrate
from data.books import close_books
from data.market import Lake
from data.shipped import catalogue as shipped_catalogue
from engine.resources import Catalogue
from tests import postgres
from tests.new_books import remembering

# A deadline would measure what else the machine does; 60 tries of a law in every run find more than
# a hundred that nobody waits for.
settings.register_profile("necto", deadline=None, max_examples=60)
settings.load_profile("necto")

TOLD = pytest.StashKey[tuple[pytest.TerminalReporter, list[str]]]()
POSTGRES = pytest.StashKey[postgres.Run]()
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser):
    parser.addoption("--chaos", action="store_true", help="kill in earnest: make chaos")
    parser.addoption("--chaos-seed", type=int, help="repeat a run; it is printed at the end")
    parser.addoption("--chaos-lives", type=int, help="so many lives of orders: 500 in earnest")


@dataclass(frozen=True)
class Chaos:
    """How much is killed, and by which dice."""

    is_on: bool
    seed: int
    lives: int = 12
    """Of orders: how many are placed."""

    def of(self, many: int, few: int) -> int:
        """``many`` in ``make chaos``, ``few`` in ``make test``."""
        return many if self.is_on else few


@pytest.fixture(scope="session")
def chaos(request) -> Chaos:
    is_on, seed = request.config.option.chaos, request.config.option.chaos_seed
    lives = request.config.option.chaos_lives or (500 if is_on else 12)
    return Chaos(
        is_on, seed if seed is not None else secrets.randbelow(10**6) if is_on else 4, lives
    )


def pytest_terminal_summary(terminalreporter):
    """What was killed and what came of it, with the seed that repeats it."""
    told = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", [])
        if name == "chaos" and report.when == "call"
    ]
    if told and terminalreporter.config.option.chaos:
        terminalreporter.config.stash[TOLD] = terminalreporter, told


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # who starts the run also ends its servers
        config.stash[POSTGRES] = postgres.Run()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["postgres"] = str(node.config.stash[POSTGRES].folder)


def pytest_unconfigure(config):
    if run := config.stash.get(POSTGRES, None):
        run.end()
    reporter, told = config.stash.get(TOLD, (None, ()))
    for line in told:  # after pytest's own last line: what was killed is what is read
        reporter.write_line(line)


@pytest.fixture(scope="session")
def postgres_run(request) -> Path:
    """The folder of this run's PostgreSQL servers, the same one in every worker."""
    if shared := getattr(request.config, "workerinput", None):
        return Path(shared["postgres"])
    return request.config.stash[POSTGRES].folder


@pytest.fixture(scope="session")
def postgres_server(postgres_run) -> postgres.Server:
    """The server that all tests share: never stop it."""
    return postgres.shared(postgres_run)


@pytest.fixture(scope="module")
def own_postgres(postgres_run) -> Iterator[postgres.Server]:
    """A server that the tests of a file may stop and kill."""
    server = postgres.own(postgres_run)
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server) -> Iterator[str]:
    """A database of the test's own, owned by a role that is no superuser."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request, tmp_path) -> str:
    """Where fresh records may go, once on each engine."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'records.sqlite'}"


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


@pytest.fixture(scope="session", autouse=True)
def _new_books_are_made_fast() -> Iterator[None]:
    """Alembic says the same for every new SQLite book: it is asked once a process (75 ms each)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "upgrade", remembering(migrate.upgrade))
        yield


@pytest.fixture(autouse=True)
def _books_are_closed() -> Iterator[None]:
    """Every test opens its own books, as a process of its own would."""
    yield
    close_books()
    chosen.forget()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Necto's home for one test; what Streamlit remembers of another's is forgotten."""
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    st.cache_resource.clear()
    yield tmp_path
    st.cache_resource.clear()


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
