"""Messages by e-mail, with the files attached."""

import re
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from connectors.notify.base import Attachment, Message, Receipt
from connectors.notify.smtp import Patience, SmtpServer, hand_over

RECIPIENTS_MAX = 20
_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MAILBOX_CHARACTERS_MAX = 254  # RFC 5321, section 4.5.3.1.3


class Email:
    """Sends a message to every recipient or to none, over TLS except on this machine.

    The Message-ID follows from the idempotency key: mail systems recognise a repeat by it.
    """

    name = "email"

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        recipients: Sequence[str],
        *,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take plain addresses (``treasury@example.com``); raises ValueError for any other."""
        if not 0 < len(recipients) <= RECIPIENTS_MAX:
            raise ValueError(f"mail goes to 1 to {RECIPIENTS_MAX} addresses")
        self._server, self._patience, self._tls, self._now = server, patience, tls, now
        self._sender, self._recipients = mailbox(sender), [mailbox(one) for one in recipients]

    def send(self, message: Message) -> Receipt:
        mail = self._composed(message)
        hand_over(
            self._server,
            self._sender,
            self._recipients,
            mail.as_bytes(),
            patience=self._patience,
            tls=self._tls,
        )
        return Receipt(self.name, self._server.host, str(mail["Message-ID"]))

    def _composed(self, message: Message) -> EmailMessage:
        mail = EmailMessage(SMTP)
        mail["From"], mail["To"] = self._sender, ", ".join(self._recipients)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{message.digest[:32]}@{self._sender.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence note comes back
        mail.set_content(message.text, cte="quoted-printable")
        for attachment in message.attachments:
            _attach(mail, attachment)
        return mail


def mailbox(address: str) -> str:
    """Return an address that fits into a header and a command as it is; raises ValueError."""
    if len(address) > _MAILBOX_CHARACTERS_MAX or not _MAILBOX.fullmatch(address):
        raise ValueError(f"{address!r} is no plain mail address such as treasury@example.com")
    return address


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    kind, _, detail = attachment.media_type.partition("/")
    # As bytes, also when it is text: a line end that mail changes would break a signature.
    mail.add_attachment(attachment.content, kind, detail, filename=attachment.name, cte="base64")
