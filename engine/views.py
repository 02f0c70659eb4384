"""Saved views: a page's filters under a name, as the query string of its address.

What was saved is kept exactly; what is opened is only what the page knows: a foreign or broken part
of a query string is left out, so a shared view can do nothing but set filters.
"""

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.canonical import Json, plain

NAME_MAX = 60
QUERY_MAX = 4000
"""Characters of a query string: browsers and proxies carry no longer address safely."""
VIEWS_MAX = 50
"""So many views one person may keep for one page."""
_PARTS_MAX = 200
_VALUE_MAX = 300


class BadView(ValueError):
    """The view cannot be kept as it is: the message says what to write."""


def _plain_name(text: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if not name.isprintable() or not name:
        raise ValueError("write a name of printable characters")
    return name


class SavedView(BaseModel):
    """A page's filters under a name. Its owner may change it; ``is_shared`` shows it to all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str = Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX), AfterValidator(_plain_name)]
    query: str = Field(max_length=QUERY_MAX)
    owner: str
    is_shared: bool = False

    @property
    def called(self) -> str:
        """What is the same for two names that a person cannot tell apart by case."""
        return self.name.casefold()

    @property
    def body(self) -> Json:
        """What the records keep of it."""
        return plain(self.model_dump())


@dataclass(frozen=True, slots=True)
class KeptView:
    """A view as it is kept; ``version`` counts its changes."""

    id: str
    version: int
    view: SavedView


def saved_view(page: str, name: str, query: str, owner: str, *, is_shared: bool) -> SavedView:
    """Return a view that can be kept; raises BadView with what is wrong."""
    try:
        return SavedView(page=page, name=name, query=query, owner=owner, is_shared=is_shared)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        said = (f"{e['loc'][0]}: {e['msg'].removeprefix('Value error, ')}" for e in faults)
        raise BadView("; ".join(said)) from None


def query_of(parameters: Iterable[tuple[str, str]], keys: Collection[str]) -> str:
    """Return the query string of those parameters that a page keeps."""
    return urlencode([(key, value) for key, value in parameters if key in keys])


def parameters_of(query: str, keys: Collection[str]) -> dict[str, list[str]]:
    """Return what of a query string a page takes: known keys with plain values, each once.

    Never raises: of a string that is none, nothing is left.
    """
    try:
        pairs = parse_qsl(query, max_num_fields=_PARTS_MAX)
    except ValueError:
        return {}
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        is_plain = value.isprintable() and len(value) <= _VALUE_MAX
        if key in keys and is_plain and value not in found.setdefault(key, []):
            found[key].append(value)
    return {key: values for key, values in found.items() if values}
