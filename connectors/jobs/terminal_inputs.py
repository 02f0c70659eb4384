"""What ``necto route`` and ``necto plan`` are given: files and names read, every fault at once.

What takes long to import (the lake, the records) is imported where it is needed.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from connectors.jobs.terminal import fail, opened_lake
from data.routable_files import market_of_file, shipped_market
from data.shipped import HYPERSCALERS, catalogue
from engine.decision_json import faults_told
from engine.names import NETWORK_NAMES
from engine.policy import Policy
from engine.policy_file import policy_reading
from engine.requirement import Requirement
from engine.requirement_file import requirement_reading
from engine.routing import Prepared
from engine.told_faults import BadFile, Fault
from engine.told_files import BYTES_MAX, decoded
from engine.told_models import Reading
from engine.told_names import checked

if TYPE_CHECKING:
    from data.offers_file import OffersFile
    from data.settings import Settings

T = TypeVar("T")
_POLICY_FILES = (".yaml", ".yml", ".json")


@dataclass(slots=True)
class Faults:
    """Gathers what is wrong with all that was given, and what to look at all the same."""

    bad: list[tuple[str, Fault]] = field(default_factory=list)
    warnings: list[tuple[str, Fault]] = field(default_factory=list)

    def tried(self, read: Callable[[], T]) -> T | None:
        """Return what was read; None when its faults were gathered."""
        try:
            return read()
        except BadFile as error:
            self.bad += [(error.name, fault) for fault in error.faults]
            return None

    def add(self, name: str, message: str) -> None:
        self.bad.append((name, Fault(None, "", message)))

    def warn(self, name: str, warnings: Sequence[Fault]) -> None:
        self.warnings += [(name, fault) for fault in warnings]

    def told(self) -> list[str]:
        """Return the warnings as sentences."""
        return [f"{name}: {str(fault).removeprefix('warning: ')}" for name, fault in self.warnings]

    def fail_if_any(self, *, as_json: bool) -> None:
        """End with 2 and every fault when anything is wrong."""
        if self.bad:
            self.fail(as_json=as_json)

    def fail(self, *, as_json: bool) -> NoReturn:
        if as_json:
            rows = [(name, one.line, one.path, one.message) for name, one in self.bad]
            sys.stdout.write(faults_told(rows))
        for name, fault in self.bad:
            typer.echo(f"{name}: {fault}", err=True)
        raise typer.Exit(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPolicy:
    """A policy and what names this very version of it: "eu@2", or a file's digest."""

    policy: Policy
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMarket:
    """The market to route in; ``file``: the offers that a person brought, if any."""

    market: Prepared
    file: "OffersFile | None" = None


def moment_of(text: str | None, faults: Faults) -> datetime:
    """Return a moment as typed, or this one; without an offset it is UTC."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        faults.add("--now", f"{text!r} is no moment: write 2026-11-24T09:00:00Z")
        return datetime.now(UTC)


def text_of(file: Path) -> str:
    """Return a file's text; raises BadFile."""
    try:
        with file.open("rb") as source:
            return decoded(source.read(BYTES_MAX + 1), file.name)
    except OSError as error:
        raise BadFile(str(file), [Fault(None, "", f"cannot be read: {error.strerror}")]) from None


def requirement_from(file: Path) -> Reading[Requirement]:
    """Return what came of a requirement file; raises BadFile when nothing did."""
    return requirement_reading(text_of(file), file.name)


def whole_requirement(
    reading: Reading[Requirement], market: Prepared | None, faults: Faults
) -> Requirement:
    """Return the requirement with every name in it checked; raises BadFile."""
    gpus = [kind.name for kind in market.kinds if kind.name] if market else []
    requirement, warnings = checked(reading, catalogue(), _networks(market), gpus)
    faults.warn(reading.name, warnings)
    return requirement


def policy_from(
    ref: str, settings: "Settings", market: Prepared | None, faults: Faults
) -> GivenPolicy | None:
    """Return a policy by its file, its name or name@version."""
    if ref.lower().endswith(_POLICY_FILES) or Path(ref).is_file():
        return faults.tried(lambda: _policy_file(Path(ref), market, faults))
    return _kept_policy(ref, settings, faults)


def given_market(
    offers: Path | None, settings: "Settings", now: datetime, faults: Faults, *, is_kept: bool
) -> GivenMarket | None:
    """Return the market to route in: a file's, the lake's, or on a fresh machine the shipped one.

    ``is_kept``: what is decided will be kept, so that the shipped figures are put into the lake.
    """
    if offers is not None:
        return faults.tried(lambda: _market_of(offers, settings, now, faults))
    if not (is_kept or _has_market(settings.lake)):
        return GivenMarket(market=shipped_market(now))
    return GivenMarket(market=_lake_market(now))


def _market_of(file: Path, settings: "Settings", now: datetime, faults: Faults) -> GivenMarket:
    from data.offers_file import read_offers

    try:
        read = read_offers(file, now)
    except OSError as error:
        raise BadFile(str(file), [Fault(None, "", f"cannot be read: {error.strerror}")]) from None
    faults.warn(read.name, read.warnings)
    if not _has_market(settings.lake):
        return GivenMarket(market=market_of_file(read, now), file=read)
    from data.routable import known_of

    known, drops = known_of(opened_lake(), read.offers["network"].unique().sort().to_list(), now)
    return GivenMarket(market=market_of_file(read, now, known, drops), file=read)


def _lake_market(now: datetime) -> Prepared:
    from data.routable import market_of

    lake = opened_lake()
    if not lake.networks():
        _load_shipped()
    return market_of(lake, now)


def _load_shipped() -> None:
    from functools import partial

    from connectors.jobs.ingest import load_recorded
    from connectors.jobs.terminal import settings
    from data.books import open_book

    load_recorded(opened_lake(), house=partial(open_book, settings(), "house"))


def _has_market(lake: Path) -> bool:
    """Whether a lake holds offers or rate cards; makes nothing."""
    found = (*(lake / "offers").glob("network=*"), *(lake / "cards").glob("seller=*"))
    return bool(found)


def _policy_file(file: Path, market: Prepared | None, faults: Faults) -> GivenPolicy:
    text = text_of(file)
    reading = policy_reading(text, file.name)
    policy, warnings = checked(reading, catalogue(), _networks(market))
    faults.warn(file.name, warnings)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return GivenPolicy(policy=policy, version=f"{policy.name} of sha256:{digest}")


def _kept_policy(ref: str, settings: "Settings", faults: Faults) -> GivenPolicy | None:
    from data.books import open_book
    from data.faults import RecordsFault
    from data.policies import UnknownPolicy, policy

    try:
        with open_book(settings, "house").reading() as view:
            kept = policy(view, ref)
    except UnknownPolicy as unknown:
        faults.add("--policy", str(unknown))
        return None
    except RecordsFault as fault:
        fail(f"the house book of the records cannot be used: {fault}")
    return GivenPolicy(policy=kept.policy, version=kept.ref)


def _networks(market: Prepared | None) -> set[str]:
    """The short names of networks that may be named: ours, and those with offers here."""
    return {*NETWORK_NAMES, *HYPERSCALERS, *(market.known[0] if market else ())}
