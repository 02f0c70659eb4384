"""What an answer's status and address mean for people; nothing here holds or shows a secret."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime as http_date
from urllib.parse import quote

import httpx

from connectors.base import Denied, Missing, Reply, SourceError, Unreachable, Unreadable
from connectors.bodies import Deadline, read

_SHOWN_CHARACTERS_MAX = 200
_RETRY_AFTER_SHOWN_MAX_SECONDS = 86_400.0  # callers add it to a date, which must not overflow
_SECRET_WORD_CHARACTERS_MIN = 6  # "Bearer" and what follows it; shorter words are everywhere
_SECRET = re.compile("key|token|signature|secret|password|authorization", re.IGNORECASE)


def excerpt(response: httpx.Response, deadline: Deadline) -> str:
    return _shown(_beginning(response, deadline), response.request)


def reply(
    response: httpx.Response,
    deadline: Deadline,
    body_bytes_max: int,
    now: Callable[[], datetime],
) -> Reply:
    """Read what a server answered; with ``body_bytes_max`` 0 a success is left unread."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.is_success:
        body = read(response, deadline, body_bytes_max) if body_bytes_max else b""
        if len(body) > body_bytes_max:
            most = f"{body_bytes_max:,}"
            raise Unreadable(f"{deadline.place} sent more than the {most} bytes allowed")
        return Reply(response.status_code, media_type, body)
    start = _beginning(response, deadline)
    after_seconds = _retry_after_seconds(response, now)
    said = _shown(start, response.request)
    return Reply(response.status_code, media_type, start, said, after_seconds)


def _beginning(response: httpx.Response, deadline: Deadline) -> bytes:
    # The status is the news; a body that fails to explain it changes nothing.
    with suppress(httpx.TransportError, SourceError):
        return read(response, deadline, 10 * _SHOWN_CHARACTERS_MAX)
    return b""


def _shown(start: bytes, request: httpx.Request) -> str:
    """Show a little of a body as plain text; servers repeat what they were asked."""
    return printable(_without_secrets(start.decode(errors="replace"), request))


def _without_secrets(text: str, request: httpx.Request) -> str:
    """Hide what was sent under a secret's name: whole, by word, and as JSON or a URL has it."""
    sent = [*request.url.params.multi_items(), *request.headers.items()]
    secrets = [value for name, value in sent if _SECRET.search(name)] + [request.url.password]
    words = {word for value in secrets for word in re.split(r'[\s,;="]+', value)}
    parts = {*secrets, *(word for word in words if len(word) >= _SECRET_WORD_CHARACTERS_MIN)}
    forms = {form for part in parts for form in (part, quote(part, ""), json.dumps(part)[1:-1])}
    forms |= {part.replace("/", "\\/") for part in parts}
    for form in sorted(filter(None, forms), key=len, reverse=True):
        text = text.replace(form, "hidden")
    return text


def refusal(response: httpx.Response, text: str, now: Callable[[], datetime]) -> SourceError:
    code = response.status_code
    status = f"{code} {httpx.codes.get_reason_phrase(code)}".strip()
    message = f"{place(response.url)} answered {status}" + (f": {text}" if text else "")
    if "cf-mitigated" in response.headers:
        message = f"{place(response.url)} is blocked by the network's protection ({status})"
    elif code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return Denied(f"{message} (the key is missing, wrong or expired, or we are blocked)")
    elif code == httpx.codes.NOT_FOUND:
        return Missing(message)
    elif code != httpx.codes.TOO_MANY_REQUESTS and not response.is_server_error:
        return Unreadable(message)
    return Unreachable(message, retry_after_seconds=_retry_after_seconds(response, now))


def redirected(response: httpx.Response) -> httpx.URL:
    here = response.url
    there = address(response.headers["Location"], here)
    old, new = (here.scheme, here.host, here.port), (there.scheme, there.host, there.port)
    if new in (old, ("https", here.host, None)) and (old == new or here.port is None):
        return there
    raise Unreadable(f"{place(here)} redirects to {place(there)}, which is not followed")


def address(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        address = base.join(url) if base else httpx.URL(url)
        host = address.host and address.raw_host.decode("ascii").encode("idna")  # as sockets do
    except (httpx.InvalidURL, ValueError):
        raise Unreadable("an address to ask is no URL") from None  # it may hold a password
    if address.scheme not in {"http", "https"} or not host:
        raise Unreadable(f"{place(address)} is not an http or https address")
    return address


def place(url: httpx.URL) -> str:
    """Name an address in a message, without its password, query and fragment."""
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    return printable(f"{url.scheme}://{url.netloc.decode('ascii')}{path}")


def origin(url: httpx.URL) -> str:
    """Name only the server of an address whose path may be a secret."""
    return printable(f"{url.scheme}://{url.netloc.decode('ascii')}")


def storable(url: httpx.URL) -> str:
    stored = url.copy_with(userinfo=b"") if url.userinfo else url
    for name in filter(_SECRET.search, url.params):
        stored = stored.copy_set_param(name, "hidden")
    return str(stored)


def printable(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:_SHOWN_CHARACTERS_MAX]


def _retry_after_seconds(response: httpx.Response, now: Callable[[], datetime]) -> float | None:
    """Read either form of RFC 9110, section 10.2.3; anything else counts as absent."""
    value = response.headers.get("Retry-After", "")
    try:
        seconds = float(value) if value.isdecimal() else (http_date(value) - now()).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _RETRY_AFTER_SHOWN_MAX_SECONDS)
