"""A mail server on loopback that takes mail, and fails where a test says."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Fault = bytes | None | Iterable[bytes]
"""Another answer; None hangs up; pieces are sent as they come, until the client leaves."""


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    content: bytes
    is_encrypted: bool
    user: str


@dataclass
class MailServer:
    """``offers`` is what EHLO lists; ``login`` the one user and password that it lets in."""

    tls: ssl.SSLContext | None = None
    starts_with_tls: bool = False
    offers: tuple[str, ...] = ("8BITMIME", "SIZE 9000000")
    login: tuple[str, str] = ("", "")
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """By command; ``greeting`` and ``content`` stand for what follows connecting and DATA."""
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Every line but the content."""


@contextmanager
def serving_mail(server: MailServer) -> Iterator[MailServer]:
    """Answer one connection after the other until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listener, server))
        thread.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _accept(listener: socket.socket, server: MailServer) -> None:
    with suppress(OSError):
        while True:
            connection = listener.accept()[0]
            connection.settimeout(5)
            talk = _Talk(server, connection)
            with suppress(OSError, ConnectionError):
                talk.run()
            talk.close()


class _Talk:
    def __init__(self, server: MailServer, connection: socket.socket) -> None:
        self.server, self.socket = server, connection
        self.is_encrypted, self.user = False, ""
        self.sender, self.recipients = "", []

    def close(self) -> None:
        self.socket.close()

    def run(self) -> None:
        if self.server.starts_with_tls:
            self._encrypt()
        self._say("greeting", b"220 mail.example ESMTP")
        while True:
            line = self._line().decode()
            self.server.heard.append(line)
            verb = line.split(" ")[0].upper()
            getattr(self, f"_{verb.lower()}", self._unknown)(line)

    def _encrypt(self) -> None:
        self.socket = self.server.tls.wrap_socket(self.socket, server_side=True)
        self.is_encrypted = True

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            if not (byte := self.socket.recv(1)):
                raise ConnectionError
            line += byte
        return line[:-2]

    def _say(self, stage: str, usual: bytes) -> bool:
        """Whether the answer is the usual one."""
        fault = self.server.faults.get(stage, usual)
        if fault is None:
            raise ConnectionError
        if not isinstance(fault, bytes):
            for piece in fault:
                self.socket.sendall(piece)
            raise ConnectionError
        self.socket.sendall(fault + b"\r\n")
        return fault is usual

    def _ehlo(self, _: str) -> None:
        offers = [*self.server.offers]
        if self.server.tls and not self.is_encrypted:
            offers.append("STARTTLS")
        if self.server.login[0]:
            offers.append("AUTH PLAIN LOGIN")
        lines = ["mail.example", *offers]
        said = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        self._say("EHLO", "\r\n".join(said).encode())

    def _starttls(self, _: str) -> None:
        if self._say("STARTTLS", b"220 go ahead"):
            self._encrypt()

    def _auth(self, line: str) -> None:
        _, mechanism, *first = line.split(" ")
        given = base64.b64decode(first[0])
        if mechanism == "PLAIN":
            _, user, password = given.decode().split("\0")
        else:
            self.socket.sendall(b"334 UGFzc3dvcmQ6\r\n")
            user, password = given.decode(), base64.b64decode(self._line()).decode()
        right = (user, password) == self.server.login
        self.user = user if right else ""
        self._say("AUTH", b"235 welcome" if right else b"535 wrong: " + password.encode())

    def _mail(self, line: str) -> None:
        self.sender, self.recipients = _address(line), []
        self._say("MAIL", b"250 fine")

    def _rcpt(self, line: str) -> None:
        address = _address(line)
        if self._say(f"RCPT {address}", b"250 fine"):
            self.recipients.append(address)

    def _data(self, _: str) -> None:
        if not self._say("DATA", b"354 go ahead"):
            return
        lines = []
        while (line := self._line()) != b".":
            lines.append(line.removeprefix(b"."))
        content = b"".join(one + b"\r\n" for one in lines)
        mail = Mail(self.sender, self.recipients, content, self.is_encrypted, self.user)
        self.server.mails.append(mail)  # kept before it is answered, as real servers do
        self._say("content", b"250 taken")

    def _quit(self, _: str) -> None:
        self._say("QUIT", b"221 bye")
        raise ConnectionError

    def _unknown(self, _: str) -> None:
        self._say("unknown", b"502 what?")


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def dripping(pieces: bytes = b"2") -> Iterator[bytes]:
    """Never an end of the line."""
    while True:
        yield pieces
        time.sleep(0.02)


def flooding() -> Iterator[bytes]:
    """Never an end of the answer."""
    while True:
        yield b"250-and so on\r\n" * 1_000
