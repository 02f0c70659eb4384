"""Where rate cards lie in the lake: one folder per seller, card and version.

    cards/originals/<sha256>                        the file as it was imported, byte for byte
    cards/seller=<s>/card=<name>/version=000001/    offers.parquet, then record.json
    cards/seller=<s>/card=<name>/withdrawn-000001.json

A version without a record was never finished: the next import takes its number.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from data.market import BrokenLake
from engine.rate_cards import CardRecord, Withdrawal

_T = TypeVar("_T", bound=BaseModel)
_SELLER = re.compile(r"seller=([a-z0-9][a-z0-9-]{0,39})")
_CARD = re.compile(r"card=([a-z0-9][a-z0-9-]{0,59})")
_VERSION = re.compile(r"version=(\d{6})")
_WITHDRAWN = re.compile(r"withdrawn-(\d{6})\.json")


@dataclass(frozen=True, slots=True)
class CardFolder:
    """One card of one seller: its versions with a record, oldest first, and its withdrawals."""

    path: Path
    versions: tuple[int, ...]
    withdrawn: tuple[int, ...]

    @property
    def newest(self) -> int:
        return self.versions[-1]

    @property
    def is_withdrawn(self) -> bool:
        return max(self.withdrawn, default=0) >= self.newest


def on_market(root: Path) -> list[CardFolder]:
    return [folder for folder in folders(root) if not folder.is_withdrawn]


def folders(root: Path) -> list[CardFolder]:
    """Every card with a version, by seller and name."""
    sellers = [path for path in _inside(root / "cards") if _SELLER.fullmatch(path.name)]
    cards = [path for seller in sellers for path in _inside(seller) if _CARD.fullmatch(path.name)]
    return [folder for folder in map(_read, cards) if folder.versions]


def _inside(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else []


def folder_of(root: Path, seller: str, name: str) -> CardFolder:
    if not (_SELLER.fullmatch(f"seller={seller}") and _CARD.fullmatch(f"card={name}")):
        raise LookupError(f"there is no rate card {name!r} of {seller!r}")
    return _read(root / "cards" / f"seller={seller}" / f"card={name}")


def known_folder(root: Path, seller: str, name: str) -> CardFolder:
    folder = folder_of(root, seller, name)
    if not folder.versions:
        raise LookupError(f"there is no rate card {name!r} of {seller!r}")
    return folder


def _read(path: Path) -> CardFolder:
    versions: list[int] = []
    withdrawn: list[int] = []
    for entry in _inside(path):
        if (found := _VERSION.fullmatch(entry.name)) and (entry / "record.json").exists():
            versions.append(int(found[1]))
        elif found := _WITHDRAWN.fullmatch(entry.name):
            withdrawn.append(int(found[1]))
    return CardFolder(path, tuple(sorted(versions)), tuple(sorted(withdrawn)))


def record_of(folder: CardFolder, version: int) -> CardRecord:
    return _fact(CardRecord, record_path(folder.path, version))


def withdrawal_of(folder: CardFolder, version: int) -> Withdrawal:
    return _fact(Withdrawal, withdrawal_path(folder, version))


def _fact(kind: type[_T], path: Path) -> _T:
    """Read a fact; a broken one stops everything, because an older price must not return unseen."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError:
        raise BrokenLake(f"{path} is damaged: restore it from a backup") from None


def withdrawal_path(folder: CardFolder, version: int) -> Path:
    return folder.path / f"withdrawn-{version:06d}.json"


def record_path(card: Path, version: int) -> Path:
    return card / f"version={version:06d}" / "record.json"


def drop_path(card: Path, version: int) -> Path:
    return card / f"version={version:06d}" / "offers.parquet"
