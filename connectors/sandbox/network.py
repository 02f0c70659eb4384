"""The one network that a server serves: its book, its time, its faults, its account."""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel

from connectors.sandbox.book import Book, newest, next_name
from connectors.sandbox.clock import Rate, Seconds, iso
from connectors.sandbox.faults import Faults

PLAY_MONEY_UACT = 100_000_000_000
"""$100,000 of play money for a new book."""
KEY_PREFIX = "ac.sk.sandbox."
_CARRIED = ("rate", "last_dseq")


class Account(BaseModel):
    """Who buys here; made once and kept with the address."""

    key: str
    owner: str
    control_token: str
    user_id: str

    @classmethod
    def new(cls) -> "Account":
        user = secrets.token_hex(16)
        return cls(
            key=KEY_PREFIX + secrets.token_hex(32),
            owner="akash1sandbox" + secrets.token_hex(16)[:31],
            control_token=secrets.token_urlsafe(32),
            user_id=f"{user[:8]}-{user[8:12]}-4{user[13:16]}-8{user[17:20]}-{user[20:]}",
        )


class Network:
    """State that every request shares; use it within ``book.transaction()``."""

    def __init__(self, home: Path, account: Account, machine: Seconds = time.time) -> None:
        self.home = home
        self.account = account
        self.machine = machine
        self.url = ""
        self._lock = threading.RLock()
        self._open(Book(newest(home)))

    def _open(self, book: Book, carried: dict[str, str] | None = None) -> None:
        with book.transaction():
            for key, value in (carried or {}).items():
                book.set(key, value)
            if not book.get("rate"):
                self._keep(book, Rate.started(self.machine()))
            if not book.get("balance"):
                book.set("balance", PLAY_MONEY_UACT)
                book.set("granted", PLAY_MONEY_UACT)
            self.rate = Rate(**json.loads(book.get("rate")))
            self.faults = Faults(book)
        self.book = book

    @contextmanager
    def used(self) -> Iterator[None]:
        """Hold the network alone: all of the block is committed, or none of it."""
        with self._lock, self.book.transaction():
            self._touch()
            yield

    def now(self) -> float:
        """Return the network's time in seconds since 1970."""
        return self.rate.at(self.machine())

    def height(self) -> int:
        return self.rate.height(self.now())

    def date(self, height: int) -> str:
        return iso(self.rate.time_of(height))

    def pace(self, rate: Rate) -> None:
        self._keep(self.book, rate)
        self.rate = rate

    def balance(self) -> int:
        """Return the account's whole uact."""
        return self.book.number("balance")

    def pay(self, uact: int) -> None:
        """Take whole uact from the account; a negative amount goes back to it."""
        assert self.balance() >= uact, "the account never goes below zero"
        self.book.add("balance", -uact)

    def next_dseq(self) -> str:
        """Return milliseconds of network time, 13 digits, never one that was given out before."""
        dseq = max(int(self.now() * 1000), self.book.number("last_dseq") + 1)
        self.book.set("last_dseq", dseq)
        return str(dseq)

    def event(
        self,
        height: int,
        kind: str,
        dseq: str,
        *,
        gseq: int = 0,
        provider: str = "",
        note: str = "",
    ) -> str:
        """Keep what happened, and return the hash of its transaction."""
        number = self.book.add("events", 1)
        seed = f"{self.book.path.name}/{number}/{kind}/{dseq}"
        digest = hashlib.sha256(seed.encode()).hexdigest().upper()
        self.book.write(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            number, height, kind, dseq, gseq, provider, note, digest,
        )  # fmt: skip
        return digest

    def reset(self) -> str:
        """Start a new book with the same market and time; the old one stays as it is."""
        with self._lock:
            old = self.book
            carried = {key: value for key in _CARRIED if (value := old.get(key))}
            providers = old.all("SELECT * FROM providers ORDER BY place")
            self._open(Book(next_name(self.home)), carried)
            with self.book.transaction():
                self.book.write_many(
                    "INSERT INTO providers VALUES (?, ?, ?, ?)",
                    [tuple(one.values()) for one in providers],
                )
            old.close()
            return self.book.path.name

    def _touch(self) -> None:
        """Keep how far time has come, so that a machine clock set back never takes it back."""
        machine = self.machine()
        if machine < self.rate.since:
            self.pace(self.rate.paced(machine, self.rate.factor))

    @staticmethod
    def _keep(book: Book, rate: Rate) -> None:
        book.set("rate", json.dumps(asdict(rate)))
