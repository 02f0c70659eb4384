"""What the form of an SDL does not tell: whether its parts fit together, and our own rules.

The chain's and the providers' checks are theirs (akash-network/chain-sdk 55f1c683 go/sdl and
manifest validation): what they would refuse after the money is in escrow is told before. Ours: no
secret in clear, nothing read from other files, an image that is the same tomorrow.
"""

from collections.abc import Iterable, Iterator

from connectors.networks.akash.sdl_compute import Compute
from connectors.networks.akash.sdl_model import Deployed, Sdl, Service
from connectors.networks.akash.sdl_secrets import secret_faults
from engine.told_faults import Fault, Place, in_order, path_text, shown
from engine.told_files import NOWHERE, Told
from engine.told_shape import closest

GROUPS_MAX, UNITS_MAX = 20, 20
"""Placements of a deployment, profiles of a placement: by the chain."""

_HINTS_MAX = 50  # names: comparing more of them takes long


def faults_of(sdl: Sdl, told: Told = NOWHERE, known: Iterable[Fault] = ()) -> tuple[Fault, ...]:
    """Return everything that does not fit together; warnings among it leave the SDL usable.

    ``told``: the file it was read from, for lines and for names that stand in parts that could not
    be read. ``known``: faults that were found before; what they bring about is not told again.
    """
    checks = _Checks(sdl, told, known)
    checks.deployment()
    checks.groups()
    checks.profiles()
    for name, service in sdl.services.items():
        checks.service(name, service)
    checks.endpoints()
    checks.wholes()
    return in_order(checks.faults)


class _Checks:
    """Gathers the faults of one SDL."""

    def __init__(self, sdl: Sdl, told: Told, known: Iterable[Fault]) -> None:
        self._sdl = sdl
        self._told = told
        self._written = sdl.model_dump(by_alias=True) if told is NOWHERE else told.value
        self._known = [fault.path for fault in known]
        self.faults: list[Fault] = []

    def deployment(self) -> None:
        compute, placements = (
            self._names("profiles", "compute"),
            self._names("profiles", "placement"),
        )
        services = self._names("services")
        for service, placed in self._sdl.deployment.items():
            at: Place = ("deployment", service)
            self._one_of(at, service, services, "service")
            for placement, deployed in placed.items():
                here = (*at, placement)
                self._one_of(here, placement, placements, "placement of profiles")
                self._one_of((*here, "profile"), deployed.profile, compute, "compute profile")
                if placement in placements and deployed.profile in compute:
                    self._priced(here, placement, deployed.profile)
        for service in services - self._names("deployment"):
            said = "is in no deployment: it will not run"
            self._warn(("services", service), said, ("deployment",))

    def _priced(self, place: Place, placement: str, profile: str) -> None:
        at = ("profiles", "placement", placement, "pricing")
        if profile not in self._names(*at):
            said = f"{placement} has no price for {profile}: add profiles.placement pricing for it"
            self._add((*place, "profile"), said, at)

    def groups(self) -> None:
        groups: dict[str, set[str]] = {}
        for placed in self._sdl.deployment.values():
            for placement, deployed in placed.items():
                groups.setdefault(placement, set()).add(deployed.profile)
        if len(groups) > GROUPS_MAX:
            self._add(("deployment",), f"more than {GROUPS_MAX} placements: use fewer")
        for placement, profiles in groups.items():
            if len(profiles) > UNITS_MAX:
                said = f"{placement} has more than {UNITS_MAX} profiles: use fewer"
                self._add(("deployment",), said)

    def profiles(self) -> None:
        for name, compute in self._sdl.profiles.compute.items():
            if not compute.resources.storage:
                at = ("profiles", "compute", name, "resources", "storage")
                self._add(at, "names no disk: add size: 1Gi")
        for placement, found in self._sdl.profiles.placement.items():
            for profile, price in found.pricing.items():
                if price.denom != "uact":
                    denom = ("profiles", "placement", placement, "pricing", profile, "denom")
                    self._warn(denom, "is taken as uact (micro-USD), amount and all: write uact")

    def service(self, name: str, service: Service) -> None:
        at: Place = ("services", name)
        others = self._names("services")
        for i, dependency in enumerate(service.dependencies):
            here = (*at, "dependencies", i, "service")
            self._one_of(here, dependency.service, others, "service")
        self._ports(at, service, others)
        for place, message in secret_faults(service, at):
            self._add(place, message)
        if not _is_pinned(service.image):
            said = "may be another image tomorrow: name a version, or a digest (@sha256:…)"
            self._warn((*at, "image"), said)
        for placement, deployed in self._sdl.deployment.get(name, {}).items():
            compute = self._sdl.profiles.compute.get(deployed.profile)
            if compute is not None:
                self._fits(at, service, compute, deployed)
                self._same_tee(name, service, placement)

    def _ports(self, at: Place, service: Service, services: set[str]) -> None:
        seen: set[tuple[int, str, str]] = set()
        exposes = (*at, "expose")
        for i, expose in enumerate(service.expose):
            for k, to in enumerate(expose.to):
                here = (*exposes, i, "to", k)
                if to.service is not None:
                    self._one_of((*here, "service"), to.service, services, "service")
                if not to.is_global:
                    continue
                key = (expose.outside, expose.proto.upper(), to.ip or "")
                if key in seen:
                    said = f"port {expose.outside} is open to the internet twice: remove one"
                    self._add((*exposes, i), said, exposes)
                seen.add(key)

    def _fits(self, at: Place, service: Service, compute: Compute, deployed: Deployed) -> None:
        params, resources = service.params, compute.resources
        volumes = {volume.name: volume for volume in resources.storage}
        mounts = params.storage if params else {}
        profile: Place = ("profiles", "compute", deployed.profile, "resources")
        for name in mounts:
            here = (*at, "params", "storage", name)
            self._one_of(here, name, set(volumes), f"volume of {deployed.profile}", profile)
        for name, volume in volumes.items():
            mounted = mounts.get(name)
            if volume.is_persistent and (mounted is None or mounted.mount is None):
                said = f"{name} is persistent and has no mount: add params.storage.{name}.mount"
                self._add(at, said, (*at, "params"), profile)
        if params and params.tee == "cpu-gpu" and resources.gpu_count == 0:
            said = f"{deployed.profile} has no gpu: add one, or write tee: cpu"
            self._add((*at, "params", "tee"), said, profile)
        if params and params.tee and service.credentials:
            said = "a trusted environment takes public images only: remove credentials, or tee"
            self._add((*at, "credentials"), said)

    def _same_tee(self, name: str, service: Service, placement: str) -> None:
        kinds = {
            other: one.params.tee if one.params else None
            for other, one in self._sdl.services.items()
            if placement in self._sdl.deployment.get(other, {})
        }
        if service.params and service.params.tee and len(set(kinds.values())) > 1:
            others = ", ".join(sorted(kinds.keys() - {name}))
            said = f"all services of {placement} need the same tee: {others} has another or none"
            self._add(("services", name, "params", "tee"), said, ("services",))

    def endpoints(self) -> None:
        declared = self._names("endpoints")
        used = set()
        for service, i, k, ip in _addresses(self._sdl):
            used.add(ip)
            at = ("services", service, "expose", i, "to", k, "ip")
            self._one_of(at, ip, declared, "endpoint", ("endpoints",))
        for name in declared - used:
            said = "is used by no port: remove it, or name it in expose.to.ip"
            self._add(("endpoints", name), said, ("services",))

    def wholes(self) -> None:
        sdl = self._sdl
        if sdl.include:
            self._add(("include",), "other files are not read: write their parts here")
        is_open = any(
            to.is_global for one in sdl.services.values() for each in one.expose for to in each.to
        )
        if not is_open:
            said = "providers refuse what the internet cannot reach: open one port (to: global)"
            self._add(("services",), said)
        if not sdl.deployment:
            self._add(("deployment",), "deploys nothing: name a service")

    def _names(self, *place: str) -> set[str]:
        """Return the names that are written at a place, also of parts that could not be read."""
        found = self._written
        for step in place:
            found = found.get(step) if isinstance(found, dict) else None
        return set(found) if isinstance(found, dict) else set()

    def _one_of(self, place: Place, name: str, known: set[str], noun: str, *about: Place) -> None:
        if name not in known:
            hint = closest(name, sorted(known)) if len(known) <= _HINTS_MAX else ""
            hint = hint or f". There are: {', '.join(sorted(known)[:10])}"
            self._add(place, f"no {noun} is called {shown(name)}{hint if known else ''}", *about)

    def _warn(self, place: Place, message: str, *about: Place) -> None:
        self._add(place, message, *about, is_warning=True)

    def _add(self, place: Place, message: str, *about: Place, is_warning: bool = False) -> None:
        paths = [path_text(one) for one in (place, *about)]
        if not any(_touch(one, other) for one in paths for other in self._known):
            fault = Fault(self._told.line(place), paths[0], message, is_warning)
            self.faults.append(fault)


def _addresses(sdl: Sdl) -> Iterator[tuple[str, int, int, str]]:
    for name, service in sdl.services.items():
        for i, expose in enumerate(service.expose):
            for k, to in enumerate(expose.to):
                if to.ip is not None:
                    yield name, i, k, to.ip


def _is_pinned(image: str) -> bool:
    """Whether the image names a version other than latest, or a digest."""
    if "@sha256:" in image:
        return True
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return bool(colon) and tag not in ("", "latest")


def _touch(one: str, other: str) -> bool:
    return one == other or _is_under(one, other) or _is_under(other, one)


def _is_under(inner: str, outer: str) -> bool:
    return inner.startswith((f"{outer}.", f"{outer}[")) or not outer
