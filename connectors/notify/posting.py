"""Handing something over by HTTP: secure addresses, and refusals as what to do next."""

import ipaddress
from collections.abc import Mapping

import httpx

from connectors.answers import address, origin
from connectors.base import Delivers, Headers, Reply, SourceError, Unreachable, Unreadable
from connectors.notify.base import PersonNeeded, TryLater, Undelivered

_LATER = {408, 425, 429}


def is_loopback(host: str) -> bool:
    """Whether a name or address stays on this machine, where nobody else can listen."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def http_address(url: str, *, secure: bool) -> str:
    """Return an address that something may be sent to; ``secure`` asks for https off the machine.

    Raises ValueError, whose words do not repeat the address.
    """
    try:
        found = address(url.strip())
    except Unreadable:
        raise ValueError("this is not an address such as https://example.com/path") from None
    if found.userinfo:
        raise ValueError("an address must not hold a name or a password")
    if secure and found.scheme != "https" and not is_loopback(found.host):
        raise ValueError("an address starts with https://, or others read along")
    return str(found)


def server_of(url: str) -> str:
    """Name the server of an address without its path, which may be a secret."""
    return origin(httpx.URL(url))


def posted(
    http: Delivers,
    url: str,
    *,
    body: bytes,
    media_type: str,
    body_bytes_max: int,
    headers: Headers | None = None,
) -> Reply:
    """POST once and give the answer, whatever its status; raises TryLater or PersonNeeded."""
    try:
        return http.deliver(
            url,
            body=body,
            media_type=media_type,
            body_bytes_max=body_bytes_max,
            headers=headers,
        )
    except Unreachable as error:
        raise TryLater(str(error), retry_after_seconds=error.retry_after_seconds) from error
    except SourceError as error:
        raise PersonNeeded(str(error)) from error


def refused(url: str, reply: Reply, said: str, words: Mapping[int, str]) -> Undelivered:
    """Say what an answer other than a success means: busy and broken servers are tried again."""
    status = f"{reply.status} {httpx.codes.get_reason_phrase(reply.status)}".strip()
    message = f"{server_of(url)} answered {status}" + (f": {said}" if said else "")
    if reply.status in _LATER or httpx.codes.is_server_error(reply.status):
        return TryLater(message, retry_after_seconds=reply.retry_after_seconds)
    if httpx.codes.is_redirect(reply.status):
        return PersonNeeded(f"{message} (a redirect is not followed: set the address it leads to)")
    why = words.get(reply.status)
    return PersonNeeded(f"{message} ({why})" if why else message)
