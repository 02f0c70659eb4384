"""One conversation with a mail server: encrypted, bounded in time and size, and what went wrong."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import SecretStr

from connectors.answers import printable
from connectors.bodies import cut
from connectors.notify.base import PersonNeeded, TryLater, Undelivered
from connectors.notify.posting import is_loopback

_SAID_BYTES_MAX = 64 * 1024
"""Of all replies of one conversation; an honest one has a few hundred bytes."""
_FOR_NOW = 4
_READY, _TAKEN, _PASSED_ON, _GO_AHEAD = 220, 250, 251, 354  # RFC 5321, section 4.2.3


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and how: ``tls`` from the start, ``starttls``, or ``none``.

    ``none`` is for this machine only. Raises ValueError.
    """

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    user: str = ""
    password: SecretStr | None = None

    def __post_init__(self) -> None:
        """Refuse to send in the clear, and half a login."""
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("mail leaves this machine encrypted only: use TLS or STARTTLS")
        if bool(self.user) != bool(self.password):
            raise ValueError("a login has a user and a password, or neither")
        password = self.password.get_secret_value() if self.password else ""
        if not all(text.isascii() and text.isprintable() for text in (self.user, password)):
            raise ValueError("the login has a character that mail servers do not take")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a mail server may take; it may examine a message for minutes before it answers."""

    connect_seconds: float = 10.0
    reply_seconds: float = 60.0
    total_seconds: float = 180.0


def hand_over(
    server: SmtpServer,
    sender: str,
    recipients: Sequence[str],
    content: bytes,
    *,
    patience: Patience | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Give a finished message to a mail server for all recipients or for none.

    One refused recipient refuses the message, so that a repeat never reaches the others twice.
    Raises TryLater (``may_have_arrived`` once the message was sent and no answer came) or
    PersonNeeded. Neither names the password.
    """
    with _conversation(server, patience or Patience(), tls) as session:
        session.open()
        if server.user and server.password:
            _log_in(session, server.user, server.password)
        size = [f"size={len(content)}"] if session.has_extn("size") else []
        session.expect(session.mail(sender, size), "the sender", _TAKEN)
        for recipient in recipients:
            who = f"the recipient {recipient}"
            session.expect(session.rcpt(recipient), who, _TAKEN, _PASSED_ON)
        session.expect(session.data(content), "the message", _TAKEN)
        with suppress(OSError, Undelivered):  # it is taken: a farewell
            session.quit()


class _Session(smtplib.SMTP):
    """``smtplib`` with one time limit and one size limit for everything that the server says."""

    def __init__(self, server: SmtpServer, patience: Patience, tls: ssl.SSLContext | None) -> None:
        # A name is given, or the library looks this machine's up, which may take long.
        super().__init__(local_hostname="[127.0.0.1]", timeout=patience.reply_seconds)
        self._host = server.host  # what the certificate must name
        self._server, self._patience = server, patience
        self._tls = tls or ssl.create_default_context()
        self._left_bytes = _SAID_BYTES_MAX
        self.last_code = 0
        self.is_late = threading.Event()
        self.guards = ExitStack()

    def open(self) -> None:
        """Connect, greet, and encrypt as the server's security asks."""
        self.expect(self.connect(self._server.host, self._server.port), "the connection", _READY)
        self.ehlo_or_helo_if_needed()
        if self._server.security == "starttls":
            if not self.has_extn("starttls"):
                raise PersonNeeded(
                    f"{self.place} does not offer STARTTLS: nothing was sent; use another server"
                )
            self.starttls(context=self._tls)
            self.ehlo_or_helo_if_needed()

    @property
    def place(self) -> str:
        return f"{self._server.host}:{self._server.port}"

    def expect(self, reply: tuple[int, bytes], what: str, *codes: int) -> None:
        """Raise what any other answer means."""
        if reply[0] not in codes:
            raise self.refusal(what, *reply)

    def refusal(self, what: str, code: int, said: bytes) -> Undelivered:
        """Say what an answer means, quoting it without the password."""
        password = self._server.password.get_secret_value() if self._server.password else ""
        text = said.decode(errors="replace")
        quoted = printable(text.replace(password, "hidden") if password else text)
        if code < 0:
            return PersonNeeded(f"{self.place} answered what is not SMTP: {quoted}")
        return _passing(code)(f"{self.place} refuses {what}: {code} {quoted}")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connect_seconds = min(self._patience.connect_seconds, self._patience.total_seconds)
        plain = socket.create_connection((host, port), connect_seconds)
        self._guard(plain)
        plain.settimeout(timeout)
        self.local_hostname = f"[{plain.getsockname()[0]}]"
        if self._server.security == "tls":
            return self._tls.wrap_socket(plain, server_hostname=host)
        return plain

    def _guard(self, plain: socket.socket) -> None:
        """Cut the connection at the time limit: a time-out bounds one read, not many drips."""
        handle = self.guards.enter_context(plain.dup())  # stays ours when TLS takes the socket

        def end() -> None:
            self.is_late.set()
            cut(handle)

        timer = threading.Timer(self._patience.total_seconds, end)
        timer.daemon = True
        timer.start()
        self.guards.callback(timer.cancel)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock:
            self.file = _Counted(self.sock.makefile("rb"), self)
        self.last_code, said = super().getreply()
        return self.last_code, said

    def count(self, line: bytes) -> bytes:
        """Give a line on, within what one conversation may say."""
        self._left_bytes -= len(line)
        if self._left_bytes < 0:
            raise PersonNeeded(f"{self.place} said more than {_SAID_BYTES_MAX:,} bytes")
        return line


class _Counted:
    """What the server says, line by line, as far as the session allows."""

    def __init__(self, lines: Any, session: _Session) -> None:  # noqa: ANN401 - as the library has it
        self._lines, self._session = lines, session

    def readline(self, size: int) -> bytes:
        line = self._session.count(self._lines.readline(size))
        # A line that broke off is the end: its beginning, "250", would count as an answer.
        return line if line.endswith(b"\n") or len(line) == size else b""

    def close(self) -> None:
        self._lines.close()


@contextmanager
def _conversation(
    server: SmtpServer, patience: Patience, tls: ssl.SSLContext | None
) -> Iterator[_Session]:
    session = _Session(server, patience, tls)
    with session.guards, closing(session):
        try:
            yield session
        except Undelivered:
            raise
        except OSError as error:  # the library's own errors are OSErrors too
            raise _words(session, error) from None  # a server's words may repeat the login


def _log_in(session: _Session, user: str, password: SecretStr) -> None:
    try:
        session.login(user, password.get_secret_value())
    except smtplib.SMTPResponseException as error:
        words = f"{session.place} refuses the login ({error.smtp_code}): compare NECTO_SMTP_KEY"
        raise _passing(error.smtp_code)(words) from None
    except smtplib.SMTPNotSupportedError:
        raise PersonNeeded(f"{session.place} takes no login: unset the user") from None


def _passing(code: int) -> type[TryLater | PersonNeeded]:
    """A 4xx is for now, anything else for good: RFC 5321, section 4.2.1."""
    return TryLater if code // 100 == _FOR_NOW else PersonNeeded


def _words(session: _Session, error: OSError) -> Undelivered:
    if isinstance(error, ssl.SSLCertVerificationError):
        return PersonNeeded(f"{session.place} has no certificate to trust: {error.verify_message}")
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error  # the library's own words are no bytes
        words = said if isinstance(said, bytes) else str(said).encode()
        return session.refusal("to go on", error.smtp_code, words)
    is_refusal = isinstance(error, smtplib.SMTPException)
    if is_refusal and not isinstance(error, smtplib.SMTPServerDisconnected):
        return PersonNeeded(f"{session.place} cannot be used: {printable(str(error))}")
    return _lost(session, error)


def _lost(session: _Session, error: Exception) -> TryLater:
    late = f"{session.place} took longer than the total time allowed"
    lost = f"{session.place} gave no answer: {printable(str(error)) or type(error).__name__}"
    message = late if session.is_late.is_set() else lost
    if session.last_code != _GO_AHEAD:
        return TryLater(message)
    unknown = "the message was sent and may have arrived; a repeat bears the same Message-ID"
    return TryLater(f"{message} ({unknown})", may_have_arrived=True)
