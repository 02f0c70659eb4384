"""Which address of a job may be called to see whether it answers: told by a provider, so hostile.

Only names below suffixes that this installation allows, by http or https on their own ports; and
only addresses that everybody can reach, so that no answer of a name server leads inside.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
URL_CHARACTERS_MAX = 2_000
_HOST_CHARACTERS_MAX = 253
_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # no spaces or backslashes, on which parsers differ
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_SUFFIX = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # a last label so makes a host an IPv4 address
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's machine agent, at a public address
        "64:ff9b::/96", "64:ff9b:1::/48",  # IPv4 behind NAT64
        "2001::/32", "2002::/16",  # Teredo, 6to4: IPv4 addresses inside
    )
)  # fmt: skip


class NotProbed(ValueError):
    """The address is not called: the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is called: nothing of it is taken from elsewhere."""

    scheme: Literal["http", "https"]
    host: str
    path: str

    @property
    def port(self) -> int:
        return PORTS[self.scheme]


def suffixes_of(text: str) -> tuple[str, ...]:
    """Return the allowed endings of host names, from a list with commas; empty: none is called.

    ``example.com`` allows itself and what is below, ``.example.com`` only what is below. Raises
    ValueError for what is no such ending, a whole top-level domain too.
    """
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for one in found:
        if not _SUFFIX.fullmatch(one) or _NUMBER.fullmatch(one.rpartition(".")[2]):
            raise ValueError(
                f"{one[:80]!r} is no ending of host names: write some such as .example.com, "
                "with commas between them"
            )
    return found


def target_of(address: str, suffixes: Iterable[str]) -> Target:
    """Return what to call for an address as a provider told it; raises NotProbed.

    A name alone is called by http: providers mostly sign the certificates of jobs themselves.
    """
    if len(address) > URL_CHARACTERS_MAX or not _PRINTABLE.fullmatch(address):
        raise NotProbed("it is no plain address")
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        port = parts.port
    except ValueError:
        raise NotProbed("it is no address that can be read") from None
    if parts.scheme not in PORTS:
        raise NotProbed("only http and https are called")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    if "@" in parts.netloc:
        raise NotProbed("it holds a name or a password")
    if port not in {None, PORTS[scheme]}:
        raise NotProbed("only the ports 80 (http) and 443 (https) are called")
    host = _host(parts.hostname or "", suffixes)
    return Target(scheme, host, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def is_public(address: str) -> bool:
    """Whether everybody can reach an IP address: never this machine, its network or its cloud's."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(str(mapped))
    if any(found in network for network in _INSIDE if network.version == found.version):
        return False
    is_odd = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_link_local
    return found.is_global and not is_odd and not getattr(found, "is_site_local", False)


def _host(host: str, suffixes: Iterable[str]) -> str:
    name = host.lower().removesuffix(".")
    if len(name) > _HOST_CHARACTERS_MAX or not _HOST.fullmatch(name):
        raise NotProbed("its host is no name of the plain form")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise NotProbed("its host is an IP address, not a name")
    if not any(_is_below(name, suffix) for suffix in suffixes):
        raise NotProbed("its host is not below a name that NECTO_PROBE_HOSTS allows")
    return name


def _is_below(name: str, suffix: str) -> bool:
    if suffix.startswith("."):
        return name.endswith(suffix)
    return name == suffix or name.endswith(f".{suffix}")
