"""A log and a witness as C2SP tlog-witness has them, written here apart from Necto's own code."""

import base64
import hashlib
from dataclasses import dataclass, field

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "necto/1/house"
TIME = 1_795_546_800


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = _split(len(leaves))
    return _node(root(leaves[:split]), root(leaves[split:]))


def proof(old: int, leaves: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2: SUBPROOF."""
    if old == len(leaves):
        return [] if is_whole else [root(leaves)]
    split = _split(len(leaves))
    if old <= split:
        return [*proof(old, leaves[:split], is_whole=is_whole), root(leaves[split:])]
    return [*proof(old - split, leaves[split:], is_whole=False), root(leaves[:split])]


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, hashes: list[bytes]
) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if old in {0, new}:
        return not hashes and (old == 0 or old_root == new_root)
    hashes = [old_root, *hashes] if old & (old - 1) == 0 else hashes
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    if not hashes:
        return False
    ours = theirs = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            ours, theirs = _node(one, ours), _node(one, theirs)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            theirs = _node(theirs, one)
        first, last = first >> 1, last >> 1
    return (ours, theirs, last) == (old_root, new_root, 0)


@dataclass
class Log:
    """A log of so many entries, and its checkpoints as signed notes."""

    leaves: list[bytes]
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"l" * 32)
    )

    def note(self) -> str:
        root_text = base64.b64encode(root(self.leaves)).decode()
        body = f"{ORIGIN}\n{len(self.leaves)}\n{root_text}\n"
        line = _line(ORIGIN, b"\x01", self.key, self.key.sign(body.encode()))
        return f"{body}\n{line}"

    def proof(self, old: int) -> list[bytes]:
        return proof(old, self.leaves)


def _line(name: str, kind: bytes, key: Ed25519PrivateKey, signature: bytes) -> str:
    public = key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
    return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


@dataclass
class Witness:
    """Signs what is consistent with the last checkpoint that it signed of the one log it knows."""

    size: int = 0
    root: bytes = b""
    log_key: Ed25519PrivateKey = field(default_factory=lambda: Log([]).key)
    key: Ed25519PrivateKey = field(
        default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    )
    asked: list[int] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/w/add-checkpoint")
        head, _, note = request.content.decode().partition("\n\n")
        old_line, *hash_lines = head.split("\n")
        text, _, signatures = note.partition("\n\n")
        origin, size, root_text = text.split("\n")
        old, new = int(old_line.removeprefix("old ")), int(size)
        hashes, new_root = (
            [base64.b64decode(one) for one in hash_lines],
            base64.b64decode(root_text),
        )
        self.asked.append(old)
        if origin != ORIGIN:
            return httpx.Response(404)
        if not self._is_signed(f"{text}\n".encode(), signatures):
            return httpx.Response(403)
        if old > new or len(hashes) > 63:
            return httpx.Response(400)
        if old != self.size or (old == new and new_root != self.root):
            content = f"{self.size}\n".encode()
            return httpx.Response(
                409, headers={"content-type": "text/x.tlog.size"}, content=content
            )
        if not is_consistent(old, self.root, new, new_root, hashes):
            return httpx.Response(422)
        self.size, self.root = new, new_root
        return httpx.Response(200, text=self.cosignature(f"{text}\n"))

    def cosignature(self, body: str) -> str:
        """C2SP tlog-cosignature, with the time fixed."""
        signed = self.key.sign(f"cosignature/v1\ntime {TIME}\n{body}".encode())
        return _line("witness.example/w1", b"\x04", self.key, TIME.to_bytes(8) + signed)

    def _is_signed(self, body: bytes, lines: str) -> bool:
        for line in lines.splitlines():
            signature = base64.b64decode(line.split(" ")[2])[4:]
            try:
                self.log_key.public_key().verify(signature, body)
            except InvalidSignature:
                continue
            return True
        return False
