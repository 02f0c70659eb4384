"""What Akash cannot promise: refused before buying, or said, so that every bid is checked."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal

from pydantic_core import PydanticCustomError

from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.sdl_compute import ATTRIBUTE_KEY, ATTRIBUTE_RULE, GPUS_MAX
from connectors.networks.akash.sdl_units import MEMORY, MILLICORES, STORAGE, window_text
from engine.countries import COUNTRIES
from engine.requirement import Port, Requirement
from engine.secret_names import is_secret_like
from engine.told_faults import shown

TEE_KEY = "tee/type"
"""The attribute that asks for a trusted execution environment: cpu or cpu-gpu (AEP-83)."""
RECLAMATION_KEY = "reclamation/min-window"
"""Our own name for the notice that a provider must give (AEP-82); its value is as ``24h``."""
_TEES = ("cpu", "cpu-gpu")
_HTTP = 80
_GIB = 1024**3
_TEXT_MAX = 50_000  # characters of command and environment: the network's door takes 64 KiB


def refusals(
    requirement: Requirement, secrets_set: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return why Akash cannot run the job, each in words with what to do; nothing when it can.

    ``secrets_set``: the names of the secrets that can be read; None leaves that to the sending.
    """
    return (
        *_form(requirement),
        *_sizes(requirement),
        *_ports(requirement.ports),
        *_conditions(requirement),
        *_secrets(requirement, secrets_set),
    )


def one_country(requirement: Requirement) -> str | None:
    """Return the country that is asked for, where it is exactly one: an SDL states no choice."""
    found = next(iter(requirement.countries), None)
    return found if len(requirement.countries) == 1 and found in COUNTRIES else None


def stated(requirement: Requirement, key: str) -> str | None:
    """Return the value that is asked of an attribute, None where it is not asked for."""
    return next((one.value for one in requirement.attributes if one.key == key), None)


def auditor_addresses(requirement: Requirement) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return auditors any of whom must have signed, and those all of whom must, by address."""
    named = {name: address for address, name in FACTS.auditors.items()}
    asked = {one.signed_by for one in requirement.attributes if one.signed_by}
    all_of = sorted(named.get(one, one) for one in asked if one != "*")
    return tuple(FACTS.auditors) if "*" in asked else (), tuple(all_of)


def _form(asked: Requirement) -> Iterator[str]:
    if asked.image is None:
        yield "Akash runs container images: name one (image)"
    elif len(asked.image.split()) != 1:
        yield f"{shown(asked.image)} is no image: write it without spaces"
    if asked.nodes > 1:
        yield f"Akash promises no {asked.nodes} machines at once: order them one by one"
    if asked.terms is not None and "on_demand" not in asked.terms:
        yield "Akash sells on demand only: add on_demand to terms"
    length = sum(map(len, asked.command)) + sum(
        len(one.name) + len(one.value or "") for one in asked.env
    )
    if length > _TEXT_MAX:
        yield f"command and env have more than {_TEXT_MAX} characters: put them into the image"


def _sizes(asked: Requirement) -> Iterator[str]:
    limits = (
        ("GPUs", asked.gpus.count, GPUS_MAX),
        ("vCPUs", asked.vcpu_min, MILLICORES[1] // 1000),
        ("GiB of RAM", asked.memory_gib_min, MEMORY[1] // _GIB),
        ("GiB of disk", asked.storage_gib_min, STORAGE[1] // _GIB),
    )
    for noun, wanted, most in limits:
        if wanted is not None and wanted > most:
            yield f"one machine has at most {most} {noun} on Akash, not {Decimal(str(wanted)):f}"


def _ports(ports: tuple[Port, ...]) -> Iterator[str]:
    public = [one for one in ports if one.is_public]
    if not public:
        yield (
            "Akash's providers refuse what the internet cannot reach: name one public port, even "
            "where nothing listens (ports: [{port: 8080}])"
        )
    if sum(one.protocol == "http" for one in public) > 1:
        yield "a job has one web address on Akash: write protocol: tcp for all http ports but one"
    if any(one.protocol == "tcp" and one.port == _HTTP for one in public):
        yield "port 80 over tcp is served as a web address on Akash: write protocol: http"
    twice = Counter((one.port, "udp" if one.protocol == "udp" else "tcp") for one in public)
    for (port, protocol), times in twice.items():
        if times > 1:
            yield f"port {port} ({protocol}) is given {times} times: keep one"


def _conditions(asked: Requirement) -> Iterator[str]:
    known = {"*", *FACTS.auditors, *FACTS.auditors.values()}
    signers = {one.signed_by for one in asked.attributes if one.signed_by}
    for stranger in sorted(signers - known):
        yield f"nobody called {shown(stranger)} audits on Akash: {', '.join(sorted(known))}"
    keys = Counter(one.key for one in asked.attributes)
    for key in (key for key, times in keys.items() if times > 1):
        yield f"the attribute {shown(key)} is asked for twice: an SDL states one value"
    for key in keys:
        if not re.fullmatch(ATTRIBUTE_KEY, key):
            yield f"{shown(key)} is no attribute of Akash: write {ATTRIBUTE_RULE}"
    tee = stated(asked, TEE_KEY)
    if tee is not None and tee not in _TEES:
        yield f"{shown(tee)} is no trusted environment: write one of {', '.join(_TEES)}"
    window = stated(asked, RECLAMATION_KEY)
    if window is not None:
        try:
            window_text(window)
        except PydanticCustomError as fault:
            yield f"{RECLAMATION_KEY}: {fault.message()}"


def _secrets(asked: Requirement, secrets_set: Collection[str] | None) -> Iterator[str]:
    if any(is_secret_like("", text) or "${secret:" in text for text in asked.command):
        yield "the command holds a secret: put it into env as secret: NAME, and read the variable"
    if secrets_set is not None:
        for name in sorted({one.secret for one in asked.env if one.secret} - set(secrets_set)):
            yield f"the secret {name} is not set: set NECTO_SECRET_{name} where the worker runs"
