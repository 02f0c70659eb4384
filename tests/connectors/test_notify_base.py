"""What may be sent at all, and where to."""

import pytest

from connectors.notify.base import Attachment, BadMessage, Message, TryLater
from connectors.notify.posting import http_address, is_loopback, server_of


def message(**changes):
    fields = {"subject": "s", "text": "t", "attachments": (), "idempotency_key": "house/5"}
    return Message(**(fields | changes))


def file(name="a.txt", content=b"a"):
    return Attachment(name, "text/plain", content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subject": ""}, "1 to 200 characters"),
        ({"subject": "x" * 201}, "1 to 200 characters"),
        ({"subject": "a\r\nBcc: b@example.com"}, "one line"),
        ({"subject": "a\u2028b"}, "one line"),
        ({"subject": "a\udc00"}, "one line"),
        ({"subject": "a\0b"}, "one line"),
        ({"idempotency_key": ""}, "idempotency key"),
        ({"idempotency_key": "a b"}, "idempotency key"),
        ({"idempotency_key": "é"}, "idempotency key"),
        ({"kind": "Not.One"}, "kind"),
        ({"text": "a\ud800"}, "half a character"),
        ({"text": "x" * 1_048_577}, "1,048,576 bytes"),
        ({"text": "", "attachments": (file(content=bytes(1_048_577)),)}, "1,048,576 bytes"),
        ({"attachments": (file(), file())}, "no two of one name"),
        ({"attachments": tuple(file(f"{n}.txt") for n in range(11))}, "at most 10"),
    ],
)
def test_a_message_that_no_channel_could_carry_is_refused(change, words):
    with pytest.raises(BadMessage, match=words):
        message(**change)


def test_a_message_at_the_limits_is_taken():
    files = tuple(file(f"{n}.txt", bytes(100_000)) for n in range(10))
    largest = message(subject="ü" * 200, text="x" * 48_576, attachments=files)
    assert largest.digest == message().digest != message(idempotency_key="house/6").digest


@pytest.mark.parametrize(
    "name", ["", ".hidden", "../up", "a/b", "a\\b", "a\nb", "a b", "ü", "x" * 129, "-rf"]
)
def test_a_file_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(BadMessage, match="no plain file name"):
        file(name)


@pytest.mark.parametrize("media_type", ["", "text", "text/plain; x=1", "a/b\r\nX: y", "message/x"])
def test_a_media_type_that_could_be_more_is_refused(media_type):
    with pytest.raises(BadMessage, match="no media type"):
        Attachment("a", media_type, b"")


def test_content_is_not_shown_where_a_message_is():
    assert "b'a'" not in repr(message(attachments=(file(),)))


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("2130706433", False),
    ],
)
def test_only_this_machine_counts_as_this_machine(host, stays):
    assert is_loopback(host) is stays


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not an address"),
        ("hooks.example/s3cret", "not an address"),
        ("ftp://hooks.example/s3cret", "not an address"),
        ("https://a..b/s3cret", "not an address"),
        ("https://me:s3cret@hooks.example/", "name or a password"),
        ("http://hooks.example/s3cret", "starts with https"),
    ],
)
def test_an_address_where_others_read_along_is_refused_without_being_shown(url, words):
    with pytest.raises(ValueError, match=words) as caught:
        http_address(url, secure=True)
    assert "s3cret" not in str(caught.value)


def test_an_address_is_https_or_here_unless_what_is_sent_there_is_public():
    for url in (
        "https://hooks.example/a",
        "http://127.0.0.1:80/a",
        "http://[::1]/",
        "http://localhost/",
    ):
        assert http_address(f" {url} ", secure=True).rstrip("/") == url.rstrip("/").replace(
            ":80", ""
        )
    assert http_address("http://tsa.example/x", secure=False) == "http://tsa.example/x"
    assert server_of("https://hooks.example:8443/s3cret?a=s3cret") == "https://hooks.example:8443"


def test_an_error_says_when_to_try_again():
    error = TryLater("busy", retry_after_seconds=7.0)
    assert (str(error), error.retry_after_seconds, error.may_have_arrived) == ("busy", 7.0, False)
