"""Mail through a real server on loopback: what arrives, what is refused, and what may have."""

import email
import socket
import time
from datetime import UTC, datetime
from email.policy import default

import pytest
from pydantic import SecretStr

from connectors.notify.base import Attachment, Message, PersonNeeded, Receipt, TryLater
from connectors.notify.email import Email, mailbox
from connectors.notify.smtp import Patience, SmtpServer
from tests.connectors.certificates import Authority
from tests.connectors.mail_server import MailServer, dripping, flooding, serving_mail

NOTE = "necto/1/house\n5\nAAAA\n\n— necto/1/house BBBB\n".encode()
TEXT = "a = b\n.\n.dot – ü\n" + "long " * 300
MESSAGE = Message("Checkpoint 5 – ü", TEXT, (Attachment("5.note", "text/plain", NOTE),), "house/5")
LOGIN = ("u@example.com", "s3cret-pass")
QUICK = Patience(reply_seconds=0.6, total_seconds=0.7)
TO = ("a@example.com", "b@example.com")


@pytest.fixture(scope="module")
def authority():
    return Authority.new()


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory):
    return authority.server_context(tmp_path_factory.mktemp("tls"))


def sent(
    server, *, message=MESSAGE, security="none", login=("", ""), patience=None, trust=None
) -> Receipt:
    password = SecretStr(login[1]) if login[1] else None
    place = SmtpServer("127.0.0.1", server.port, security, login[0], password)
    now = datetime(2026, 11, 24, 19, tzinfo=UTC)
    mail = Email(place, "necto@example.com", TO, patience=patience, tls=trust, now=lambda: now)
    return mail.send(message)


def failed(error, **how):
    """The words of the refusal and whether the message may have arrived, with this server."""
    login, patience = how.pop("login", ("", "")), how.pop("patience", None)
    security, trust = how.pop("security", "none"), how.pop("trust", None)
    with serving_mail(MailServer(**how, login=login)) as server, pytest.raises(error) as caught:
        sent(server, login=login, patience=patience, security=security, trust=trust)
    assert LOGIN[1] not in str(caught.value)
    return str(caught.value).replace(str(server.port), "PORT")


def test_every_recipient_gets_text_and_files_exactly():
    with serving_mail(MailServer()) as server:
        receipt = sent(server)
    [got] = server.mails
    assert (got.sender, tuple(got.recipients)) == ("necto@example.com", TO)
    mail = email.message_from_bytes(got.content, policy=default)
    body, [file] = mail.get_body(), list(mail.iter_attachments())
    assert body.get_content().replace("\r\n", "\n") == TEXT + "\n"
    assert (file.get_filename(), file.get_payload(decode=True)) == ("5.note", NOTE)
    assert (mail["Subject"], mail["To"]) == (MESSAGE.subject, ", ".join(TO))
    assert (mail["From"], mail["Auto-Submitted"]) == ("necto@example.com", "auto-generated")
    assert mail["Date"] == "Tue, 24 Nov 2026 19:00:00 +0000"
    assert receipt == Receipt("email", "127.0.0.1", mail["Message-ID"])
    assert max(map(len, got.content.splitlines())) <= 998


def test_a_repeat_bears_the_same_message_id_and_another_message_another():
    other = Message("s", "t", (), "house/6")
    with serving_mail(MailServer()) as server:
        again = [sent(server, message=one).reference for one in (MESSAGE, MESSAGE, other)]
    assert again[0] == again[1] != again[2]
    assert again[0].endswith("@example.com>")


def test_does_not_tell_the_server_this_machines_name():
    with serving_mail(MailServer()) as server:
        sent(server)
    assert server.heard[0] == "ehlo [127.0.0.1]"
    assert server.heard[1].startswith("mail FROM:<necto@example.com> size=")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_logs_in_and_sends_encrypted(security, authority, tls):
    server = MailServer(tls=tls, starts_with_tls=security == "tls", login=LOGIN)
    with serving_mail(server):
        sent(server, security=security, login=LOGIN, trust=authority.client_context())
    [got] = server.mails
    assert (got.is_encrypted, got.user) == (True, LOGIN[0])


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_trusts_no_server_whose_certificate_nobody_vouches_for(security, tls):
    how = {"tls": tls, "starts_with_tls": security == "tls", "security": security}
    words = failed(PersonNeeded, login=LOGIN, **how)
    assert words.startswith("127.0.0.1:PORT has no certificate to trust: unable to get local")


def test_sends_nothing_when_encryption_is_not_offered_or_not_begun(authority, tls):
    words = failed(PersonNeeded, security="starttls")
    assert words.startswith("127.0.0.1:PORT does not offer STARTTLS: nothing was sent")
    broken = {"STARTTLS": b"454 not now"}
    trust = authority.client_context()
    words = failed(TryLater, security="starttls", tls=tls, trust=trust, faults=broken)
    assert words == "127.0.0.1:PORT refuses to go on: 454 not now"


def test_what_was_said_before_encryption_counts_for_nothing_after_it(authority, tls):
    """CVE-2011-0411: an answer put in before TLS starts must not be read as one within it."""
    early = {"STARTTLS": b"220 go ahead\r\n250-mail.example\r\n250 AUTH PLAIN"}
    how = {"security": "starttls", "tls": tls, "trust": authority.client_context()}
    assert "gave no answer" in failed(TryLater, faults=early, patience=QUICK, **how)


def test_a_wrong_login_needs_a_person_and_a_broken_one_does_not():
    wrong = (LOGIN[0], "0ther-pass")
    words = failed(PersonNeeded, login=LOGIN, faults={"AUTH": b"535 no: " + LOGIN[1].encode()})
    assert words == "127.0.0.1:PORT refuses the login (535): compare NECTO_SMTP_KEY"
    with serving_mail(MailServer(login=wrong)) as server, pytest.raises(PersonNeeded) as caught:
        sent(server, login=LOGIN)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    words = failed(TryLater, login=LOGIN, faults={"AUTH": b"454 busy"})
    assert words == "127.0.0.1:PORT refuses the login (454): compare NECTO_SMTP_KEY"


def test_says_when_no_login_is_taken_or_none_that_we_know():
    with serving_mail(MailServer()) as server, pytest.raises(PersonNeeded, match="unset the user"):
        sent(server, login=LOGIN)
    odd = MailServer(offers=("AUTH GSSAPI",))
    with serving_mail(odd), pytest.raises(PersonNeeded, match="No suitable authentication"):
        sent(odd, login=LOGIN)


@pytest.mark.parametrize(
    ("stage", "what"),
    [
        ("MAIL", "the sender"),
        ("RCPT b@example.com", "the recipient b@example.com"),
        ("content", "the message"),
        ("DATA", "to go on"),
        ("greeting", "the connection"),
    ],
)
def test_a_refusal_for_good_needs_a_person_and_one_for_now_a_repeat(stage, what):
    words = failed(PersonNeeded, faults={stage: b"552 n\xfc \x1b[31m " + b"x" * 900})
    assert words.startswith(f"127.0.0.1:PORT refuses {what}: 552 n� [31m xxx")
    assert len(words) < 300
    assert failed(TryLater, faults={stage: b"451 later"}).endswith(f"{what}: 451 later")


def test_a_server_that_repeats_the_password_is_quoted_without_it():
    said = {"MAIL": b"550 " + b"you, " * 30 + LOGIN[1].encode() + b"!"}
    assert failed(PersonNeeded, login=LOGIN, faults=said).endswith("you, hidden!")


def test_one_refused_recipient_keeps_the_message_from_all():
    server = MailServer(faults={"RCPT b@example.com": b"550 nobody"})
    with serving_mail(server), pytest.raises(PersonNeeded, match=r"b@example\.com: 550 nobody"):
        sent(server)
    assert server.mails == []


def test_a_recipient_whose_mail_is_passed_on_is_as_good_as_any():
    with serving_mail(MailServer(faults={"RCPT b@example.com": b"251 moved"})) as server:
        assert sent(server).place == "127.0.0.1"


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL", "RCPT a@example.com", "DATA"])
@pytest.mark.parametrize("fault", [None, dripping], ids=["hangs up", "drips"])
def test_a_line_that_goes_dead_before_the_message_is_tried_later(stage, fault):
    server = MailServer(faults={stage: fault and fault()})
    began = time.monotonic()
    with serving_mail(server), pytest.raises(TryLater) as caught:
        sent(server, patience=QUICK)
    assert not caught.value.may_have_arrived
    assert time.monotonic() - began < 4
    assert ("total time" in str(caught.value)) == bool(fault)


@pytest.mark.parametrize(
    "fault", [None, dripping, lambda: [b"250"]], ids=["hangs up", "drips", "breaks off"]
)
def test_a_line_that_goes_dead_after_the_message_leaves_it_open_and_says_so(fault):
    server = MailServer(faults={"content": fault and fault()})
    with serving_mail(server), pytest.raises(TryLater, match="may have arrived") as caught:
        sent(server, patience=QUICK)
    assert caught.value.may_have_arrived
    assert "the same Message-ID" in str(caught.value)
    assert len(server.mails) == 1


def test_a_silent_server_is_given_up_after_the_time_for_one_reply():
    def silent():
        yield b"2"
        time.sleep(1)

    server = MailServer(faults={"MAIL": silent()})
    patience = Patience(reply_seconds=0.2, total_seconds=60)
    with serving_mail(server), pytest.raises(TryLater, match="timed out"):
        sent(server, patience=patience)


def test_a_drip_inside_encryption_ends_at_the_deadline_too(authority, tls):
    server = MailServer(tls=tls, starts_with_tls=True, faults={"EHLO": dripping()})
    trust = authority.client_context()
    with serving_mail(server), pytest.raises(TryLater, match="total time"):
        sent(server, security="tls", trust=trust, patience=QUICK)


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "content"])
def test_a_flood_is_cut_off(stage):
    words = failed(PersonNeeded, faults={stage: flooding()})
    assert words == "127.0.0.1:PORT said more than 65,536 bytes"


@pytest.mark.parametrize("stage", ["greeting", "content"])
def test_what_is_not_smtp_is_said(stage):
    words = failed(PersonNeeded, faults={stage: b"HTTP/1.1 400 Bad Request"})
    assert words.startswith("127.0.0.1:PORT answered what is not SMTP")
    assert failed(PersonNeeded, faults={"MAIL": b"x" * 9_999}).endswith(
        "to go on: 500 Line too long."
    )


def test_says_when_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = MailServer(port=listener.getsockname()[1])
    with pytest.raises(TryLater, match="Connection refused"):
        sent(server)


@pytest.mark.parametrize("fault", [None, b"500 what?"])
def test_a_server_without_a_farewell_has_still_taken_the_message(fault):
    with serving_mail(MailServer(faults={"QUIT": fault})) as server:
        assert sent(server).channel == "email"


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b", "a b@c", "a@b\r\nBcc: x@y", "A <a@b>", "a@b,c@d", "ü@b", "a@ü", "a@b."],
)
def test_an_address_that_could_be_more_than_one_is_refused(address):
    with pytest.raises(ValueError, match="no plain mail address"):
        mailbox(address)


@pytest.mark.parametrize("recipients", [(), ("a@example.com",) * 21])
def test_mail_goes_to_somebody_but_not_to_everybody(recipients):
    with pytest.raises(ValueError, match="1 to 20 addresses"):
        Email(SmtpServer("localhost", 25, "none"), "a@example.com", recipients)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": "mail.example.com"}, "encrypted only"),
        ({"host": "127.0.0.1.example.com"}, "encrypted only"),
        ({"user": "u"}, "or neither"),
        ({"password": SecretStr("s3cret")}, "or neither"),
        ({"user": "ü", "password": SecretStr("s3cret")}, "a character"),
        ({"user": "u", "password": SecretStr("s3cret\n")}, "a character"),
    ],
)
def test_a_server_that_would_be_told_secrets_in_the_clear_is_refused(change, words):
    with pytest.raises(ValueError, match=words) as caught:
        SmtpServer(**({"host": "localhost", "port": 25, "security": "none"} | change))
    assert "s3cret" not in str(caught.value)


def test_no_secret_is_shown_where_a_server_is():
    server = SmtpServer("mail.example.com", 465, "tls", *[LOGIN[0], SecretStr(LOGIN[1])])
    assert LOGIN[1] not in f"{server!r} {server} {vars(Email(server, *[TO[0], TO]))}"
