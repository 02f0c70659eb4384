"""What is sent outside, what says that it arrived, and the errors that say what to do next."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

SUBJECT_CHARACTERS_MAX = 200
ATTACHMENTS_MAX = 10
MESSAGE_BYTES_MAX = 1024 * 1024
"""Text and attachments together: a checkpoint has a few hundred bytes, a time stamp some 6,000."""

_KEY = re.compile(r"[!-~]{1,200}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_MEDIA_TYPE = re.compile(r"(application|text|image)/[a-z0-9][a-z0-9.+-]{0,63}")
_HALVES = re.compile("[\ud800-\udfff]")
_LINE_BREAKERS = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's controls, broken halves and separators: what could start a line of its own."""


class Undelivered(Exception):
    """Nothing is known to have arrived; the subclass says what to do. People read the message."""


class TryLater(Undelivered):
    """Send the same message again, after ``retry_after_seconds`` where the other side said it.

    ``may_have_arrived``: the other side had it all when the line went dead. Repeating it is right,
    since its identifier stays the same, but it may be seen twice.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.may_have_arrived = may_have_arrived


class PersonNeeded(Undelivered):
    """A person must look: the same message would be refused again."""


class Gone(PersonNeeded):
    """The receiver wants nothing more from us: send nothing there until its address is changed."""


class BadMessage(ValueError):
    """A message that no channel may send: it is too large, or would break out of its place."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a message: a plain name, a media type without parameters, exact bytes."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what could leave a folder or a header; raises BadMessage."""
        if not _NAME.fullmatch(self.name):
            raise BadMessage(f"{self.name!r} is no plain file name: use letters, digits and ._+-")
        if not _MEDIA_TYPE.fullmatch(self.media_type):
            raise BadMessage(f"{self.media_type!r} is no media type such as text/plain")


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel carries; the same ``idempotency_key`` means the same message, sent again.

    ``kind`` tells receivers what it is about: ``checkpoint``, ``alert``. Raises BadMessage.
    """

    subject: str
    text: str
    attachments: tuple[Attachment, ...]
    idempotency_key: str
    kind: str = "message"

    def __post_init__(self) -> None:
        """Refuse what a channel could not carry, before anything is sent."""
        if fault := next(_faults(self), None):
            raise BadMessage(fault)

    @property
    def digest(self) -> str:
        """Name the message by its key, in hex digits that every channel can carry."""
        return hashlib.sha256(self.idempotency_key.encode()).hexdigest()


def _faults(message: Message) -> Iterator[str]:
    if not 0 < len(message.subject) <= SUBJECT_CHARACTERS_MAX:
        yield f"a subject has 1 to {SUBJECT_CHARACTERS_MAX} characters"
    if _LINE_BREAKERS & set(map(unicodedata.category, message.subject)):
        yield "a subject is one line: it holds a control character"
    if not _KEY.fullmatch(message.idempotency_key):
        yield "an idempotency key has 1 to 200 plain characters and no blank"
    if not _KIND.fullmatch(message.kind):
        yield "the kind of a message is one word in small letters"
    names = [attachment.name for attachment in message.attachments]
    if len(names) > ATTACHMENTS_MAX or len(set(names)) < len(names):
        yield f"a message has at most {ATTACHMENTS_MAX} attachments, no two of one name"
    if _HALVES.search(message.text):
        yield "the text holds half a character, which nothing can carry"
    size = len(message.text.encode(errors="replace"))
    if size + sum(len(one.content) for one in message.attachments) > MESSAGE_BYTES_MAX:
        yield f"a message has at most {MESSAGE_BYTES_MAX:,} bytes, attachments included"


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the other side took the message: which channel, where, and its name there.

    Nothing in it is secret or names a person, so it may be recorded.
    """

    channel: str
    place: str
    reference: str


class Channel(Protocol):
    """One way outside; sending the same message twice is harmless."""

    name: str

    def send(self, message: Message) -> Receipt:
        """Hand the message over whole, or raise TryLater or PersonNeeded."""
        ...
