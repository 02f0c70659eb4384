"""A small book of every kind of entry, its packs, and the verifier that leaves with them."""

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from hypothesis import strategies as st

from engine.canonical import INT_MAX, Json, Secret, canonical, digest
from engine.commands import Command
from engine.merkle import Node, appended, leaf_hash, root_of
from engine.notes import Checkpoint, Signer, body, origin_of, sign
from engine.pack import Chosen, Pack, Run, pack_bytes
from engine.people import local_actor
from engine.trail import Effect, Entry, FileRef, entry_bytes, row_digest

VERIFY_PY = Path(__file__).parents[1] / "data" / "reference" / "evidence" / "verify.py"
INSTALLATION, BOOK_NAME = "0a1b2c", "sandbox"
ORIGIN = origin_of(INSTALLATION, BOOK_NAME)
SIGNER = Signer(ORIGIN, Secret(b"\x07" * 32))
DOCUMENT = b"%PDF an offer"
START = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)

Fact = tuple[str, dict[str, object]]


def verifier() -> ModuleType:
    """verify.py as a module, for the many checks that need no process of their own."""
    if "evidence_verify" not in sys.modules:
        spec = importlib.util.spec_from_file_location("evidence_verify", VERIFY_PY)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["evidence_verify"] = module
        spec.loader.exec_module(module)
    return sys.modules["evidence_verify"]


@dataclass
class TestBook:
    """Entries, facts and nodes as the records would keep them."""

    __test__ = False
    leaves: list[bytes] = field(default_factory=list)
    nodes: dict[Node, bytes] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def add(self, subject: str, result: Json = None, facts: tuple[Fact, ...] = (),
            files: tuple[FileRef, ...] = (), at: datetime | None = None) -> None:  # fmt: skip
        index = len(self.leaves)
        whole = [(table, row | {"entry_index": index}) for table, row in facts]
        effects = [Effect(t, f"{index}/{n}", row_digest(t, r)) for n, (t, r) in enumerate(whole)]
        command = Command(f"k{index}", "thing.done", local_actor("ada"), subject, {"n": index},
                          at=at)  # fmt: skip
        time = START + timedelta(seconds=index)
        entry = Entry(index, command, time, result, "done", effects=effects, files=files)
        leaf = entry_bytes(entry, INSTALLATION, BOOK_NAME)
        self.nodes |= dict(appended(index, leaf_hash(leaf), self.nodes.__getitem__))
        self.leaves.append(leaf)
        self.facts += whole

    def note(self, size: int | None = None, signer: Signer = SIGNER) -> str:
        size = len(self.leaves) if size is None else size
        root = root_of(size, self.nodes.__getitem__)
        return sign(body(Checkpoint(ORIGIN, size, root)), signer)

    def pack(self, selection: Run | Chosen | None = None, **changes: object) -> Pack:
        """The pack of a selection, the whole book by default, with its ledger and document."""
        selection = selection or Run(0, len(self.leaves))
        run = isinstance(selection, Run)
        places = range(selection.start, selection.end) if run else selection.leaf_indexes
        ledger = [fact for fact in self.facts if fact[1]["entry_index"] in places]
        named = any(DOCUMENT_DIGEST.encode() in self.leaves[place] for place in places)
        pack = Pack(
            INSTALLATION, BOOK_NAME, self.note(), SIGNER.verifier, selection,
            [self.leaves[place] for place in places], self.nodes.__getitem__,
            VERIFY_PY.read_bytes(), {DOCUMENT_DIGEST: DOCUMENT} if named else {}, ledger,
        )  # fmt: skip
        return replace(pack, **changes)


DOCUMENT_DIGEST = digest(DOCUMENT)


def posting(name: str, *amounts: int) -> tuple[Fact, ...]:
    """A posting and its legs, one for each amount, in cents."""
    legs = [
        ("legs", {"posting_id": name, "position": n, "account": f"a{n}", "asset": "USD",
                  "amount": amount})
        for n, amount in enumerate(amounts)
    ]  # fmt: skip
    return (("postings", {"posting_id": name, "leg_count": len(amounts)}), *legs)


def book(entries: int = 11) -> TestBook:
    """A book with a posting, a document, a sealed field, simulated time and hostile text."""
    made = TestBook()
    for index in range(entries):
        kind = index % 5
        made.add(
            f"order/{index % 3}" if index else "book/sandbox",
            {
                0: {"note": "plain"},
                1: {"who": {"sealed": {"person": "p1", "commitment": digest(b"x"), "box": "AA=="}}},
                2: "\u202e<script>\x1b[31m\ue000\U0001f600",
            }.get(kind),
            posting(f"p{index}", 500, -300, -200) if kind == 3 else (),
            (FileRef("offer.pdf", DOCUMENT_DIGEST, len(DOCUMENT)),) if kind == 4 else (),
            START if kind == 2 else None,
        )
    return made


def contents(pack: bytes) -> dict[str, bytes]:
    """The files of a pack by name."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


BOOK = book()
SUBJECT = Chosen("order/0", [3, 6, 9])
WHOLE = contents(pack_bytes(BOOK.pack(earlier=[0, 4, 7, 11])))
PART = contents(pack_bytes(BOOK.pack(Run(2, 9))))
ABOUT = contents(pack_bytes(BOOK.pack(SUBJECT, earlier=[6])))
PACKS = {"whole": WHOLE, "part": PART, "subject": ABOUT}
UNSIGNED = {"README.txt", "verify.py"}
ZIP = pack_bytes(BOOK.pack(SUBJECT))
KEY = SIGNER.verifier.text


def checked(pack: bytes | dict[str, bytes], *options: str) -> tuple[int, str]:
    """Run the verifier on a pack (zip bytes or files) and return its exit code and its words."""
    raw = pack if isinstance(pack, bytes) else zipped(pack)
    with (
        tempfile.NamedTemporaryFile(suffix=".zip") as file,
        contextlib.redirect_stdout(io.StringIO()) as out,
    ):
        file.write(raw)
        file.flush()
        code = verifier().main([file.name, *options])
    return code, out.getvalue()


def resealed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files under a manifest that was made anew, as somebody who tampers would."""
    manifest = json.loads(WHOLE["manifest.json"])
    digests = {name: digest(c)[7:] for name, c in files.items() if name != "manifest.json"}
    return files | {"manifest.json": canonical(manifest | {"files": digests}) + b"\n"}


def picked(names: list[str], number: int) -> str:
    return names[number % len(names)]


def flipped(content: bytes, number: int) -> bytes:
    changed = bytearray(content)
    changed[number // 8 % len(content)] ^= 1 << number % 8
    return bytes(changed)


def lines(files: dict[str, bytes], name: str = "entries.jsonl") -> list[bytes]:
    return files[name].splitlines(keepends=True)


def found(files: dict[str, bytes], *words: str) -> None:
    """Assert that the verifier refuses the files, told as given and with the manifest made anew."""
    for pack in (files, resealed(files)):
        code, said = checked(pack)
        assert code == 1, said
        assert "DIFFERS" in said
        assert all(word in said for word in words), said


text = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
