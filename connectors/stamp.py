"""Time stamps by an authority (RFC 3161): that a checkpoint was there at a time we cannot set."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from cryptography.x509 import Certificate, ObjectIdentifier
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    TimeStampTokenInfo,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from connectors.answers import printable
from connectors.base import Delivers, Headers
from connectors.notify.base import PersonNeeded, TryLater
from connectors.notify.posting import posted, refused, server_of

ANSWER_BYTES_MAX = 256 * 1024
"""A token with its chain of certificates has 3,000 to 8,000 bytes."""
_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_ACCEPT: Headers = lambda _: {"Accept": "application/timestamp-reply"}  # noqa: E731 - one header


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp: the token to keep beside the checkpoint (DER, as ``openssl ts`` reads it).

    ``at`` is the authority's time; ``is_verified`` tells whether its signature was checked
    against a root certificate that we were given.
    """

    token: bytes
    at: datetime
    is_verified: bool


def stamped(http: Delivers, url: str, note: bytes, roots: Sequence[Certificate] = ()) -> Stamp:
    """Have an authority state that ``note`` existed: it learns the SHA-256 only.

    The answer must be for this hash and this request (nonce); with ``roots`` its signature must
    lead to one of them. Raises TryLater or PersonNeeded.
    """
    request = (
        TimestampRequestBuilder()
        .data(note)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    reply = posted(
        http,
        url,
        body=request.as_bytes(),
        media_type="application/timestamp-query",
        body_bytes_max=ANSWER_BYTES_MAX,
        headers=_ACCEPT,
    )
    if not httpx.codes.is_success(reply.status):
        raise refused(url, reply, reply.said, {})
    try:
        answer = decode_timestamp_response(reply.body)
        _granted(server_of(url), answer)
        _check(server_of(url), request, answer.tst_info, note)
        if roots:
            _verify(server_of(url), request, answer, note, roots)
        at = answer.tst_info.gen_time.astimezone(UTC)
    except ValueError as error:
        raise PersonNeeded(f"{server_of(url)} sent no time stamp that can be read") from error
    return Stamp(answer.time_stamp_token(), at, bool(roots))


def _granted(place: str, answer: TimeStampResponse) -> None:
    status = PKIStatus(answer.status)
    if status == PKIStatus.GRANTED:
        return
    said = printable(" ".join(answer.status_string))
    words = f"{place} gave no time stamp: {status.name.lower().replace('_', ' ')}"
    message = f"{words}: {said}" if said else words
    raise TryLater(message) if status == PKIStatus.WAITING else PersonNeeded(message)


def _check(place: str, request: TimeStampRequest, info: TimeStampTokenInfo, note: bytes) -> None:
    imprint = info.message_imprint
    if (imprint.hash_algorithm, imprint.message) != (_SHA256, hashlib.sha256(note).digest()):
        raise PersonNeeded(f"{place} stamped something else than the checkpoint: do not use it")
    if info.nonce != request.nonce:
        raise PersonNeeded(f"{place} answered another request than ours: it may be an old stamp")


def _verify(
    place: str,
    request: TimeStampRequest,
    answer: TimeStampResponse,
    note: bytes,
    roots: Sequence[Certificate],
) -> None:
    builder = VerifierBuilder(roots=list(roots), nonce=request.nonce)
    try:
        builder.build().verify_message(answer, note)
    except VerificationError as error:
        why = printable(str(error))
        raise PersonNeeded(f"{place} gave a time stamp that is not to be trusted: {why}") from error
