"""Names in a requirement or a policy that nobody knows: countries, GPUs, generations, networks.

What only looks like a known name is a fault with that name; a network that nobody knows is allowed,
because a file of offers may bring its own, and is warned of.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from typing import TypeVar

from engine.countries import COUNTRIES
from engine.country_names import CODES_BY_NAME
from engine.generations import UnknownGeneration
from engine.names import NETWORK_NAMES
from engine.policy import Policy, Rules
from engine.requirement import Requirement
from engine.resources import Catalogue, UnknownGpu, name_key
from engine.told_faults import BadFile, Fault, Place, in_order, path_text, shown
from engine.told_files import NOWHERE, Told
from engine.told_models import Reading
from engine.told_shape import closest

GROUPS = ("EU", "EEA", "EEA+adequate")
M = TypeVar("M", bound=Requirement | Policy)


def checked(
    reading: Reading[M], catalogue: Catalogue, networks: Collection[str], gpus: Collection[str] = ()
) -> tuple[M, tuple[Fault, ...]]:
    """Return what a file states, and what a person should look at all the same (warnings).

    Raises BadFile with everything that is wrong with it, unknown names and all.
    """
    names: tuple[Fault, ...] = ()
    if reading.value is not None:
        names = check_names(reading.value, catalogue, networks, reading.told, gpus)
    wrong = [fault for fault in names if not fault.is_warning]
    if wrong:
        raise BadFile(reading.name, [*reading.faults, *wrong])
    return reading.whole(), names


def check_names(
    value: Requirement | Policy,
    catalogue: Catalogue,
    networks: Collection[str],
    told: Told = NOWHERE,
    gpus: Collection[str] = (),
) -> tuple[Fault, ...]:
    """Return a fault for every name that nobody knows, with the closest known ones.

    ``networks``: those known, by their short names; ``gpus``: names that only sellers use;
    ``told``: the file that the value was read from, for the lines. Faults that are warnings
    (``is_warning``) leave the value usable.
    """
    names = _Names(catalogue, networks, told)
    if isinstance(value, Requirement):
        names.of_requirement(value, {name_key(name) for name in gpus})
    else:
        names.of_rules(value.rules, ("rules",))
        for data_class, rules in value.data_classes.items():
            names.of_rules(rules, ("data_classes", data_class))
    return in_order(names.faults)


class _Names:
    """Gathers the faults of one file's names."""

    def __init__(self, catalogue: Catalogue, networks: Collection[str], told: Told) -> None:
        self._catalogue = catalogue
        self._told = told
        self._known = sorted(networks)
        self._meant = {_key(name): name for name in self._known} | {
            _key(title): name for name, title in NETWORK_NAMES.items() if name in networks
        }
        self.faults: list[Fault] = []

    def of_requirement(self, value: Requirement, sellers: Collection[str]) -> None:
        for place, name in self._each(("gpus", "models"), value.gpus.models):
            try:
                if name_key(name) not in sellers:
                    self._catalogue.select(name)
            except UnknownGpu as error:
                self._add(place, str(error))
        if value.gpus.generation_min is not None:
            try:
                self._catalogue.generations.since(value.gpus.generation_min)
            except UnknownGeneration as error:
                self._add(("gpus", "generation_min"), str(error))
        self._countries((), value.countries)
        self._all_networks((), value.networks, value.networks_banned)

    def of_rules(self, rules: Rules, place: Place) -> None:
        self._countries(place, rules.countries)
        self._all_networks(place, rules.networks, rules.networks_banned)

    def _countries(self, place: Place, names: Collection[str]) -> None:
        for at, name in self._each((*place, "countries"), names):
            if name not in COUNTRIES and name not in GROUPS:
                self._add(at, f"{shown(name)} is no country code{_country_hint(name)}")

    def _all_networks(
        self, place: Place, allowed: Collection[str], banned: Collection[str]
    ) -> None:
        for field, names in (("networks", allowed), ("networks_banned", banned)):
            for at, name in self._each((*place, field), names):
                self._network(at, name)

    def _network(self, place: Place, name: str) -> None:
        if name in self._known:
            return
        if meant := self._meant.get(_key(name)):
            self._add(place, f"{shown(name)} is no network's short name: write {meant}")
            return
        hint = closest(name, self._known) or f". Known: {', '.join(self._known)}"
        said = f"no network called {shown(name)} is known{hint}"
        self._add(place, said, is_warning=True)

    def _add(self, place: Place, message: str, *, is_warning: bool = False) -> None:
        fault = Fault(self._told.line(place), path_text(place), message, is_warning)
        self.faults.append(fault)

    def _each(self, place: Place, names: Collection[str]) -> Iterator[tuple[Place, str]]:
        """Yield each name with its place in the file, which knows the order of the list."""
        written = self._told.at(place)
        order = written if isinstance(written, list) else []
        for name in sorted(names):
            yield ((*place, order.index(name)) if name in order else place), name


def _country_hint(name: str) -> str:
    if name.upper() in COUNTRIES or name.upper() in GROUPS:
        return f": write {name.upper()}"
    if near := difflib.get_close_matches(name.lower(), CODES_BY_NAME, n=1, cutoff=0.75):
        return f": write {CODES_BY_NAME[near[0]]}"
    return f": write a code of ISO 3166 (DE, NO) or one of {', '.join(GROUPS)}"


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
