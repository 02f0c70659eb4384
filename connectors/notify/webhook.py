"""Messages by signed webhook: Standard Webhooks 1.0.0, as ``engine.webhooks`` has it."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
from pydantic import SecretStr

from connectors.base import Delivers, Reply
from connectors.notify.base import Attachment, Gone, Message, Receipt
from connectors.notify.posting import http_address, posted, refused, server_of
from engine.webhooks import key_bytes, signed_headers

_SECRET_PART_CHARACTERS_MIN = 6
_WORDS = {
    401: "the receiver wants another key: compare it with NECTO_CHECKPOINT_WEBHOOK_KEY",
    403: "the receiver wants another key: compare it with NECTO_CHECKPOINT_WEBHOOK_KEY",
    404: "nothing listens at that path: compare the address",
    413: "the receiver takes no message of this size",
}


class Webhook:
    """POSTs a message as JSON, signed over the bytes sent; a 2xx means that it arrived.

    The address counts as a secret, since some receivers know us by it alone: messages, receipts
    and ``repr`` name the server only. Several keys sign side by side while one replaces another.
    """

    name = "webhook"

    def __init__(
        self,
        http: Delivers,
        url: str,
        keys: Sequence[SecretStr],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises ValueError for an address that is not https (or loopback) and for a bad key."""
        self._http, self._url, self._keys, self._now = http, "", tuple(keys), now
        self._url = http_address(url, secure=True)
        if not self._keys:
            raise ValueError("needs a key to sign with")
        for key in self._keys:
            key_bytes(key)

    def send(self, message: Message) -> Receipt:
        message_id = f"msg_{message.digest[:32]}"
        reply = posted(
            self._http,
            self._url,
            body=_body(message),
            media_type="application/json",
            body_bytes_max=0,  # what a receiver says beside "taken" is of no use to us
            headers=lambda asked: signed_headers(self._keys, message_id, self._now(), asked.body),
        )
        if httpx.codes.is_success(reply.status):
            return Receipt(self.name, server_of(self._url), message_id)
        if reply.status == httpx.codes.GONE:
            raise Gone(
                f"{server_of(self._url)} answered 410 Gone: it wants no more messages; "
                "unset NECTO_CHECKPOINT_WEBHOOK or set its new address"
            )
        raise refused(self._url, reply, self._quotable(reply), _WORDS)

    def _quotable(self, reply: Reply) -> str:
        """Quote a refusal unless it repeats a part of the address."""
        url = httpx.URL(self._url)
        parts = {*url.path.split("/"), *(value for _, value in url.params.multi_items())}
        body = reply.body.decode(errors="replace")
        secrets = {part for part in parts if len(part) >= _SECRET_PART_CHARACTERS_MIN}
        return "" if any(part in body or part in unquote(body) for part in secrets) else reply.said


def _body(message: Message) -> bytes:
    data = {
        "key": message.idempotency_key,
        "subject": message.subject,
        "text": message.text,
        "attachments": [_file(one) for one in message.attachments],
    }
    body = {"type": f"necto.{message.kind}", "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _file(attachment: Attachment) -> dict[str, str]:
    return {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "sha256": hashlib.sha256(attachment.content).hexdigest(),
        "base64": base64.b64encode(attachment.content).decode(),
    }
