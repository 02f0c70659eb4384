"""One request as it is asked: its headers are made anew for every attempt."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from connectors.answers import address
from connectors.base import Denied, Headers, Request

ANYTHING = "*/*"


@dataclass(frozen=True, slots=True)
class Question:
    url: httpx.URL
    method: str = "GET"
    body: bytes = b""
    headers: Headers | None = None
    accept: str = "application/json"
    media_type: str = "application/json"

    def headers_now(self) -> dict[str, str]:
        """Return the headers of one attempt; raises Denied for one that cannot be sent."""
        found = {"Accept": self.accept}
        if self.body:
            found["Content-Type"] = self.media_type
        if self.headers:
            path, _, query = self.url.raw_path.decode("ascii").partition("?")
            found |= self.headers(Request(self.method, path, query, self.body))
        for name, value in found.items():
            # The HTTP library would quote the value, which may be a key, in its own message.
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise Denied(f"{name} cannot be sent: the key holds a blank or an odd character")
        return found


def with_params(url: str, params: Mapping[str, str] | None) -> httpx.URL:
    found = address(url)
    return found.copy_merge_params(dict(params)) if params else found
