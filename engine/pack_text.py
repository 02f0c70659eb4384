"""What an evidence pack's README.txt tells an auditor who sees one for the first time."""

import base64

from engine.notes import Checkpoint, Verifier

_TEXT = """\
NECTO EVIDENCE PACK

Book          {book}
Installation  {installation}
Entries       {entries}
Checkpoint    {size} entries, root {root}
Log key       {key}

Necto records every act in a book: who did what, when, by which rule, with what result. The
entries are the leaves of a hash tree (RFC 6962); a checkpoint is the tree's size and root under
the log's signature (Ed25519). This pack holds entries, the proofs that they stand under the
checkpoint, and what they vouch for.

HOW TO CHECK IT

You need Python 3.11 or newer and no network. Take verify.py from a source that you trust, such as
a published release of Necto: the copy in this pack is for convenience, and nobody signed it.

    python3 -I -S verify.py PACK.zip --key KEY --checkpoint EARLIER

PACK.zip    this pack, or the folder that it was unpacked into
KEY         the log's key (above), as you got it by other means than this pack
EARLIER     an earlier checkpoint of this book, as you got it by other means

Every line of the answer says what was proved, what differs and where, or what was not proved. Where
something differs, "read" stands before what was looked at and is not proved by that. The exit
code is 0 when nothing differs, 1 when something does, 2 when the command was wrong.

WHAT IS IN IT

entries.jsonl    the entries, one a line, in the order in which they were recorded
index.json       which entries these are, and whether they are the whole book
checkpoint       the signed checkpoint
public_key       the key that signed it
rotations/       how the key followed older ones, where it did
proofs/          range.json: that a run of entries is whole and in its place; <n>.json: that
                 entry n is; consistency-<n>.json: that the first n entries were left as they were
documents/       files that entries name, each under its SHA-256
ledger.jsonl     rows of the ledger that entries vouch for, where they were asked for
manifest.json    the SHA-256 of every other file
verify.py        checks all of this

docs/evidence-pack.md in Necto's source describes the format to the byte, well enough to write
another verifier.

WHAT IT CANNOT PROVE

- That the key is the operator's: compare it with a copy got elsewhere.
- That history was never rewritten: who holds the key can sign another history. A checkpoint that
  you received earlier, a witness's signature or a time stamp shows it. Keep this pack's
  checkpoint: it lets you check every later pack.
- That entries outside this pack do not exist{completeness}
- What sealed personal fields say: their place and commitment stay when their key is destroyed.
- That what was recorded is what happened.
"""


def readme(
    installation: str, book: str, point: Checkpoint, key: Verifier, what: str, *, is_subject: bool
) -> str:
    """Return the text; ``what`` says in words which entries the pack holds."""
    subject = (
        ". Above all: a pack about a\n  subject does not show that these are all entries about it."
    )
    return _TEXT.format(
        book=book,
        installation=installation,
        entries=what,
        size=point.size,
        root=base64.b64encode(point.root).decode(),
        key=key.text,
        completeness=subject if is_subject else ", unless this is the whole book.",
    )
