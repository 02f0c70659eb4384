"""Secrets of an SDL by reference: ``${secret:NAME}`` in env and in a registry's password.

The text that is stored, shown and hashed holds the reference; the secret takes its place only in
what is sent, value by value, so that no secret can write YAML.
"""

import re
from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from connectors.networks.akash.sdl_model import Sdl, Service
from engine.secret_names import (
    ENV_NAME,
    PLACEHOLDER,
    REFERENCE_RULE,
    is_secret_like,
    is_secret_name,
)
from engine.told_faults import Place

_OPENING = "${secret:"
_REMEDY = "write ${secret:NAME} and set NECTO_SECRET_NAME where the worker runs"


def secret_faults(service: Service, at: Place) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with a service's secrets, by place, without showing any."""
    for i, entry in enumerate(service.env):
        yield from _entry_faults(entry, (*at, "env", i))
    credentials = service.credentials
    if credentials is not None:
        here = (*at, "credentials", "password")
        if not PLACEHOLDER.fullmatch(credentials.password):
            yield here, f"a password in clear would be stored and sent to be seen: {_REMEDY}"
        else:
            yield from _reference_faults(credentials.password, here)
    for field in ("command", "args"):
        for i, text in enumerate(getattr(service, field)):
            if is_secret_like("", text) or _OPENING in text:
                said = "secrets stand in env only: refer to one there, and read the variable"
                yield (*at, field, i), said


def _entry_faults(entry: str, here: Place) -> Iterator[tuple[Place, str]]:
    name, equals, value = entry.partition("=")
    if not re.fullmatch(ENV_NAME, name) or not equals:
        yield here, "is no variable: write NAME=value, the name without spaces"
        return
    wrong = list(_reference_faults(value, here))
    if not wrong and is_secret_like(name, value):
        yield here, f"{name} is or holds a secret: {_REMEDY}"
    yield from wrong


def _reference_faults(value: str, here: Place) -> Iterator[tuple[Place, str]]:
    unread = _OPENING in PLACEHOLDER.sub("", value)
    if unread or not all(map(is_secret_name, PLACEHOLDER.findall(value))):
        yield here, REFERENCE_RULE


def secret_names(sdl: Sdl) -> tuple[str, ...]:
    """Return the names of the secrets that an SDL refers to."""
    found: set[str] = set()
    for service in sdl.services.values():
        for text in (*service.env, service.credentials.password if service.credentials else ""):
            found.update(PLACEHOLDER.findall(text))
    return tuple(sorted(found))


def with_secrets(sdl: Sdl, secrets: Mapping[str, SecretStr]) -> Sdl:
    """Return the SDL with the secrets' texts in place; raises ValueError naming those not given.

    Only for what is sent: what is returned must be neither stored, logged nor shown.
    """
    missing = [name for name in secret_names(sdl) if name not in secrets]
    if missing:
        raise ValueError(f"these secrets are not given: {', '.join(missing)}")
    services = {name: _filled(service, secrets) for name, service in sdl.services.items()}
    return sdl.model_copy(update={"services": services})


def _filled(service: Service, secrets: Mapping[str, SecretStr]) -> Service:
    def fill(text: str) -> str:
        return PLACEHOLDER.sub(lambda found: secrets[found[1]].get_secret_value(), text)

    update: dict[str, object] = {"env": tuple(map(fill, service.env))}
    if service.credentials is not None:
        password = fill(service.credentials.password)
        update["credentials"] = service.credentials.model_copy(update={"password": password})
    return service.model_copy(update=update)
