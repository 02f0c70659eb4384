"""Cosignatures by a witness (C2SP tlog-witness): that nobody is shown another history.

https://c2sp.org/tlog-witness, read 2026-11-24.
"""

import base64
import re
from collections.abc import Callable, Sequence

import httpx

from connectors.base import Delivers, Reply
from connectors.notify.base import PersonNeeded, TryLater
from connectors.notify.posting import posted, refused, server_of

Proof = Callable[[int], Sequence[bytes]]
"""Gives the hashes that prove that our log of an older size is the beginning of this one."""

ANSWER_BYTES_MAX = 64 * 1024
_PROOF_LINES_MAX = 63
_HASH_BYTES = 32
_ASKS_MAX = 2
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17})")
_COSIGNATURES = re.compile(r"(— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+")
_WORDS = {
    400: "it finds the request malformed: Necto and the witness disagree on the protocol",
    403: "it knows this log by another key: give it the log's verifier key",
    404: "it does not know this log: register the log's origin and verifier key with it",
    422: "the proof does not show that its checkpoint is the beginning of ours: the records may "
    "have been changed; run necto audit verify",
}


def cosigned(http: Delivers, url: str, note: str, proof: Proof, *, old: int = 0) -> str:
    """Ask a witness to sign a checkpoint; returns its signature lines, to be verified and added.

    ``note`` is the signed checkpoint, ``url`` the witness's submission prefix, ``old`` the size
    that it signed last, as far as we know: where it says another, it is asked once more from
    that. Raises TryLater or PersonNeeded: the latter also when the witness has seen more of this
    log, or another history of it, than we have.
    """
    size = _size_of(note)
    for _ in range(_ASKS_MAX):
        reply = _asked(http, url, note, old, proof(old) if 0 < old < size else ())
        if reply.status != httpx.codes.CONFLICT:
            return _lines(url, reply)
        old = _their_size(url, reply, old, size)
    raise TryLater(f"{server_of(url)} was asked by somebody else at the same time")


def _size_of(note: str) -> int:
    """Read the second line of a checkpoint; raises ValueError for anything else."""
    found = _SIZE.fullmatch(note.split("\n", 2)[1]) if note.count("\n") > 1 else None
    if not found:
        raise ValueError("a checkpoint has its size in the second line")
    return int(found[0])


def _asked(http: Delivers, url: str, note: str, old: int, proof: Sequence[bytes]) -> Reply:
    if len(proof) > _PROOF_LINES_MAX or any(len(one) != _HASH_BYTES for one in proof):
        raise ValueError(f"a proof has at most {_PROOF_LINES_MAX} hashes of {_HASH_BYTES} bytes")
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof), "", note]
    return posted(
        http,
        f"{url.rstrip('/')}/add-checkpoint",
        body="\n".join(lines).encode(),
        media_type="text/plain; charset=utf-8",
        body_bytes_max=ANSWER_BYTES_MAX,
        headers=lambda _: {"Accept": "text/plain"},
    )


def _their_size(url: str, reply: Reply, old: int, size: int) -> int:
    """Read the size that a witness says it signed last, in its refusal of another."""
    text = reply.body.decode("ascii", "replace").removesuffix("\n")
    is_size = reply.media_type == "text/x.tlog.size" and _SIZE.fullmatch(text)
    theirs = int(text) if is_size else old  # nothing said is nothing new
    if theirs > size:
        raise PersonNeeded(
            f"{server_of(url)} has signed {theirs:,} entries of this log, which has {size:,} here: "
            "entries were lost, as by restoring a backup, or somebody else writes under its name"
        )
    if theirs == old == size:
        raise PersonNeeded(
            f"{server_of(url)} has signed another history of the same {size:,} entries: the "
            "records may have been changed; run necto audit verify"
        )
    if theirs == old:
        raise PersonNeeded(f"{server_of(url)} refused without saying which size it signed last")
    return theirs


def _lines(url: str, reply: Reply) -> str:
    if reply.status != httpx.codes.OK:
        raise refused(url, reply, reply.said, _WORDS)
    text = reply.body.decode("utf-8", "replace")
    if not _COSIGNATURES.fullmatch(text):
        raise PersonNeeded(f"{server_of(url)} sent no signature lines: is it a witness?")
    return text
