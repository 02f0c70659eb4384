"""Where checkpoints go, from the environment: read whole, or the variable that is wrong."""

import base64

import pytest
from pydantic import SecretStr

from connectors.notify.places import BadPlace, Places
from connectors.notify.smtp import SmtpServer
from tests.connectors.asked import Asked, said
from tests.connectors.certificates import Authority

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
WITNESS_KEY = "witness.example/w1+0123abcd+BAAA"
MAIL = {
    "NECTO_CHECKPOINT_EMAIL_TO": "a@example.com, b@example.com",
    "NECTO_CHECKPOINT_EMAIL_FROM": "necto@example.com",
    "NECTO_SMTP_URL": "smtps://u%40example.com@mail.example.com",
    "NECTO_SMTP_KEY": "s3cret",
}
HOOK = {
    "NECTO_CHECKPOINT_WEBHOOK": "https://hooks.example/s3cret",
    "NECTO_CHECKPOINT_WEBHOOK_KEY": KEY,
}
WITNESS = {"NECTO_WITNESS_URL": "https://witness.example/", "NECTO_WITNESS_KEY": WITNESS_KEY}


def test_nothing_set_is_nowhere():
    nowhere = Places.from_env({"NECTO_HOME": "x", "NECTO_CHECKPOINT_FOLDER": " "})
    assert nowhere == Places()
    assert nowhere.channels(Asked(said(200)).http) == ()


def test_every_place_is_read(tmp_path):
    root = Authority.new()
    (tmp_path / "roots.pem").write_bytes(root.pem + Authority.new("another").pem)
    tsa = {"NECTO_TSA_URL": "http://tsa.example/", "NECTO_TSA_ROOTS": str(tmp_path / "roots.pem")}
    folder = {"NECTO_CHECKPOINT_FOLDER": str(tmp_path)}
    places = Places.from_env(folder | MAIL | HOOK | WITNESS | tsa)
    assert places.folder == tmp_path
    login = ("u@example.com", SecretStr("s3cret"))
    assert places.email.server == SmtpServer("mail.example.com", 465, "tls", *login)
    assert places.email.recipients == ("a@example.com", "b@example.com")
    assert places.webhook_url == HOOK["NECTO_CHECKPOINT_WEBHOOK"]
    assert places.webhook_keys == (SecretStr(KEY),)
    assert (places.witness_url, places.witness_key) == tuple(WITNESS.values())
    assert places.tsa_url == "http://tsa.example/"
    assert (places.tsa_roots[0], len(places.tsa_roots)) == (root.root, 2)
    channels = places.channels(Asked(said(200)).http)
    assert [channel.name for channel in channels] == ["folder", "email", "webhook"]
    assert "s3cret" not in f"{places!r}{places}"
    assert KEY not in repr(places)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, "starttls")),
        ("smtp://mail.example.com:25/", ("mail.example.com", 25, "starttls")),
        ("smtp://localhost:2525", ("localhost", 2525, "none")),
        ("smtp://[::1]", ("::1", 587, "none")),
        ("smtps://127.0.0.1", ("127.0.0.1", 465, "tls")),
    ],
)
def test_mail_is_encrypted_unless_it_stays_here(url, server):
    env = MAIL | {"NECTO_SMTP_URL": url, "NECTO_SMTP_KEY": ""}
    assert Places.from_env(env).email.server == SmtpServer(*server)


def test_secrets_may_be_in_files_of_their_owner(tmp_path):
    secret = tmp_path / "key"
    secret.write_text(f"{KEY},{KEY}\n", encoding="utf-8")
    secret.chmod(0o600)
    env = HOOK | {
        "NECTO_CHECKPOINT_WEBHOOK_KEY": "",
        "NECTO_CHECKPOINT_WEBHOOK_KEY_FILE": str(secret),
    }
    assert Places.from_env(env).webhook_keys == (SecretStr(KEY), SecretStr(KEY))
    secret.chmod(0o644)
    with pytest.raises(BadPlace, match="NECTO_CHECKPOINT_WEBHOOK_KEY_FILE can be read by others"):
        Places.from_env(env)


@pytest.mark.parametrize(
    ("env", "words"),
    [
        (MAIL | {"NECTO_SMTP_URL": ""}, "EMAIL_TO is set and NECTO_SMTP_URL is not"),
        (MAIL | {"NECTO_CHECKPOINT_EMAIL_FROM": ""}, "NECTO_CHECKPOINT_EMAIL_FROM is not"),
        (MAIL | {"NECTO_CHECKPOINT_EMAIL_TO": "a@b,"}, "EMAIL_TO: '' is no plain mail address"),
        (MAIL | {"NECTO_CHECKPOINT_EMAIL_TO": "a@b\nBcc: c@d"}, "no plain mail address"),
        (MAIL | {"NECTO_CHECKPOINT_EMAIL_TO": "a@b," * 20 + "a@b"}, "1 to 20 addresses"),
        (MAIL | {"NECTO_SMTP_KEY": ""}, "NECTO_SMTP_URL: a login needs a user"),
        (MAIL | {"NECTO_SMTP_KEY": "two words s3cret"}, "NECTO_SMTP_KEY is no key"),
        (MAIL | {"NECTO_SMTP_URL": "smtps://u:s3cret@mail.example"}, "NECTO_SMTP_URL: a password"),
        (
            MAIL | {"NECTO_SMTP_URL": "smtps://u:s3cret℀@mail.example"},
            "NECTO_SMTP_URL: this is not",
        ),
        (MAIL | {"NECTO_SMTP_URL": "smtps://u@mail.example:s3cret"}, "NECTO_SMTP_URL: this is not"),
        (MAIL | {"NECTO_SMTP_URL": "smtps://u@mail.example/s3cret"}, "NECTO_SMTP_URL: this is not"),
        (MAIL | {"NECTO_SMTP_URL": "smtps://u@mail.example?s3cret"}, "NECTO_SMTP_URL: this is not"),
        (MAIL | {"NECTO_SMTP_URL": "smtps://u@"}, "NECTO_SMTP_URL: this is not"),
        (MAIL | {"NECTO_SMTP_URL": "https://u@mail.example"}, "NECTO_SMTP_URL: this is not"),
        (MAIL | {"NECTO_SMTP_URL": "smtps://%C3%BC@mail.example"}, "NECTO_SMTP_URL: the login"),
        (HOOK | {"NECTO_CHECKPOINT_WEBHOOK": ""}, "WEBHOOK_KEY is set and .*WEBHOOK is not"),
        (HOOK | {"NECTO_CHECKPOINT_WEBHOOK_KEY": ""}, "WEBHOOK is set and .*WEBHOOK_KEY is not"),
        (HOOK | {"NECTO_CHECKPOINT_WEBHOOK_KEY": "s3cret"}, "WEBHOOK_KEY: a webhook key is"),
        (HOOK | {"NECTO_CHECKPOINT_WEBHOOK_KEY": f"{KEY},"}, "WEBHOOK_KEY: a webhook key is"),
        (HOOK | {"NECTO_CHECKPOINT_WEBHOOK": "http://h.example/s3cret"}, "WEBHOOK: .* https"),
        ({"NECTO_TSA_URL": "tsa.example/s3cret"}, "NECTO_TSA_URL: this is not an address"),
        ({"NECTO_TSA_ROOTS": "roots.pem"}, "NECTO_TSA_ROOTS is set and NECTO_TSA_URL is not"),
        (WITNESS | {"NECTO_WITNESS_URL": "file:///etc"}, "NECTO_WITNESS_URL: this is not an"),
        (WITNESS | {"NECTO_WITNESS_URL": ""}, "NECTO_WITNESS_KEY is set and NECTO_WITNESS_URL"),
        (WITNESS | {"NECTO_WITNESS_KEY": ""}, "NECTO_WITNESS_URL is set and NECTO_WITNESS_KEY"),
        (WITNESS | {"NECTO_WITNESS_KEY": "w1+0123ABCD+BAAA"}, "NECTO_WITNESS_KEY: a verifier key"),
        (WITNESS | {"NECTO_WITNESS_KEY": "w 1+0123abcd+BAAA"}, "NECTO_WITNESS_KEY: a verifier key"),
    ],
)
def test_a_bad_value_is_named_with_its_variable_and_no_secret(env, words):
    with pytest.raises(BadPlace, match=words) as caught:
        Places.from_env(env)
    assert "s3cret" not in str(caught.value)


def test_roots_that_cannot_be_read_are_named(tmp_path):
    env = {"NECTO_TSA_URL": "http://tsa.example/", "NECTO_TSA_ROOTS": str(tmp_path / "none.pem")}
    with pytest.raises(BadPlace, match=r"NECTO_TSA_ROOTS: the file cannot be read \(No such"):
        Places.from_env(env)
    (tmp_path / "none.pem").write_bytes(b"-----BEGIN nothing")
    with pytest.raises(BadPlace, match="NECTO_TSA_ROOTS: the file holds no certificate"):
        Places.from_env(env)
