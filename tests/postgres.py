"""A PostgreSQL of the tests' own: nobody's root runs it, no network reaches it, a run leaves none.

The first test that asks starts it; all workers of the run share it; who started the run ends it.
Linux only: what still runs is read from /proc, because a pid file outlives its process.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from filelock import FileLock, Timeout

ROLE = "necto"  # owns each test's database and is no superuser, as a customer's would be
SUPERUSER = "postgres"
PORT = 5432  # names the socket; with no address to listen on it is nobody else's port
PREFIX = "necto-postgres-"
SECONDS_MAX = 30

# fsync stays on: tests kill the server and count what was acknowledged.
# A zone far from UTC, and a language's order of letters (see _make): nothing may lean on either.
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
unix_socket_directories = '{folder}'
fsync = on
synchronous_commit = on
max_connections = 200
shared_buffers = 32MB
max_wal_size = 256MB
dynamic_shared_memory_type = mmap
timezone = 'Asia/Kathmandu'
"""


def programs() -> Path:
    """The folder with `initdb` and `pg_ctl`: the one on the path, else Debian's newest."""
    debian = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb"), key=_version)
    found = [Path(on_path)] if (on_path := shutil.which("initdb")) else debian
    assert found, "no PostgreSQL: run `make postgres`, which installs it, or install it yourself"
    return found[-1].resolve().parent


def _version(initdb: Path) -> int:
    return int(initdb.parts[-3])


def _account() -> dict[str, Any]:
    """Whom the server runs as: the tests' own user, or, because it refuses root, a lesser one."""
    if os.getuid():
        return {}
    known = {account.pw_name: account for account in pwd.getpwall()}
    account = known.get("postgres") or known["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


class Server:
    """One PostgreSQL in a folder of its own, reached through a socket in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"

    @property
    def pid(self) -> int | None:
        """The server's process; none when it is gone, whatever its pid file still says."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return pid if os.fsencode(self.data) in arguments else None
        return None

    def url(self, database: str, role: str = ROLE) -> str:
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.folder))}&port={PORT}"

    def start(self) -> None:
        """Take connections; what a killed server left is recovered first."""
        if not self.data.exists():
            self._make()
        self._run("pg_ctl", "start", "-w", f"-t{SECONDS_MAX}", f"-D{self.data}", f"-l{self.log}")

    def stop(self, mode: str = "fast") -> None:
        """End in an orderly way; `immediate` leaves recovery to the next start."""
        if self.pid:
            self._run("pg_ctl", "stop", "-w", f"-t{SECONDS_MAX}", f"-m{mode}", f"-D{self.data}")

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """`kill -9` of the server and all its processes at once, as when the power goes."""
        pid = self.pid
        assert pid, "the server to kill does not run"
        os.kill(pid, signal.SIGSTOP)  # or it starts another one meanwhile
        doomed = [*_children(pid), pid]
        for each in doomed:
            os.kill(each, signal.SIGKILL)
        _until(lambda: not any(map(_is_alive, doomed)), "the killed server to end")
        # An orphan that nobody has reaped yet passes for a running server at the next start.
        (self.data / "postmaster.pid").unlink()
        (self.folder / f".s.PGSQL.{PORT}.lock").unlink()

    def kill_backend(self, pid: int) -> None:
        """`kill -9` of one connection's process: the server cuts off all others and recovers."""
        assert self.pid, "the server whose process to kill does not run"
        before = _children(self.pid)
        assert pid in before, f"{pid} is no process of this server"
        os.kill(pid, signal.SIGKILL)
        _until(lambda: not any(map(_is_alive, before)), "the server to end its processes")
        _until(self.is_ready, "the server to recover")

    def is_ready(self) -> bool:
        with suppress(psycopg.OperationalError), self._connected():
            return True
        return False

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t_{secrets.token_hex(6)}"
        with self._connected() as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {ROLE}".encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = urlsplit(url).path.removeprefix("/")
        with self._connected() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database that is there for the block."""
        url = self.create_database()
        try:
            yield url
        finally:
            self.drop_database(url)

    def remove(self) -> None:
        """Leave no process and no file."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connected(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=str(self.folder), port=PORT, user=SUPERUSER, dbname="postgres",
            autocommit=True, connect_timeout=SECONDS_MAX,
        )  # fmt: skip

    def _make(self) -> None:
        """Under another name until it is whole: a set-up that was cut off is made anew."""
        account = _account()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            os.chown(self.folder, account["user"], account["group"])
        half = self.folder / "half"
        shutil.rmtree(half, ignore_errors=True)
        collation = ("--locale-provider=icu", "--icu-locale=en") if self._knows_icu() else ()
        self._run("initdb", f"-D{half}", f"-U{SUPERUSER}", "--auth=trust", "--no-sync",
                  "--encoding=UTF8", "--locale=C", *collation)  # fmt: skip
        with (half / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(SETTINGS.format(folder=self.folder))
        self._run("postgres", "--single", f"-D{half}", "postgres", said=f"CREATE ROLE {ROLE} LOGIN")
        half.rename(self.data)

    def _knows_icu(self) -> bool:
        return "--locale-provider" in self._run("initdb", "--help")

    def _run(self, program: str, *arguments: str, said: str = "") -> str:
        ran = subprocess.run(
            [programs() / program, *arguments], cwd=self.folder, input=said, text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **_account(),
        )  # fmt: skip
        log = self.log.read_text()[-4000:] if self.log.exists() else ""
        assert ran.returncode == 0, f"{program} {arguments} failed:\n{ran.stdout}\n{log}"
        return ran.stdout


class Run:
    """The folder of one run's servers, with a lock that goes when the run does, even killed."""

    def __init__(self) -> None:
        place = Path(tempfile.gettempdir()).resolve()
        self.folder = place / f"{PREFIX}{secrets.token_hex(4)}"
        self._lock = FileLock(f"{self.folder}.lock")
        self._lock.acquire()
        self.folder.mkdir()
        self.folder.chmod(0o711)  # the server's user passes through to its own folder

    def end(self) -> None:
        _end(self.folder, self._lock)


def shared(run: Path) -> Server:
    """The one server of a run, started by whichever worker comes first."""
    with FileLock(run / "start.lock"):
        server = Server(run / "shared")
        if not server.pid:
            sweep()
            server.start()
    return server


def own(run: Path) -> Server:
    """A server that a test may kill, because nobody else is connected."""
    server = Server(run / f"own-{secrets.token_hex(4)}")
    server.start()
    return server


def sweep() -> None:
    """End the servers and remove the folders of this user's runs that were killed."""
    for path in Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*.lock"):
        with suppress(Timeout, FileNotFoundError):
            if path.stat().st_uid == os.getuid():
                lock = FileLock(path, timeout=0)
                lock.acquire()
                _end(path.with_suffix(""), lock)


def _end(folder: Path, lock: FileLock) -> None:
    for data in folder.glob("*/data"):
        Server(data.parent).remove()
    shutil.rmtree(folder, ignore_errors=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _status(pid: int) -> list[str]:
    """State, parent and what follows them in the kernel's line about a process; empty when gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _is_alive(pid: int) -> bool:
    return _status(pid)[:1] not in ([], ["Z"], ["X"])


def _children(pid: int) -> list[int]:
    running = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
    return [each for each in running if _status(each)[1:2] == [str(pid)] and _is_alive(each)]


def _until(is_true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS_MAX
    while not is_true():
        assert time.monotonic() < end, f"waited {SECONDS_MAX} s in vain for {what}"
        time.sleep(0.01)
