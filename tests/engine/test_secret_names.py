"""A secret is named, never written: not in a requirement, and not in what is said of it."""

import pytest

from engine.requirement_file import BadFile, read_requirement
from engine.secret_names import is_secret_like, is_secret_name

HEAD = "gpus: {models: [H100], count: 1}\nenv:\n"


def faults(*lines: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(BadFile) as refused:
        read_requirement(HEAD + "".join(f"- {line}\n" for line in lines), "r.yaml")
    return [(fault.line, fault.path, fault.message) for fault in refused.value.faults]


def test_a_variable_has_a_value_or_refers_to_a_secret():
    job = read_requirement(
        f"{HEAD}- {{name: A, value: ''}}\n- {{name: B_KEY, secret: TEAM_B}}\n", "r.yaml"
    )

    assert [(one.name, one.value, one.secret) for one in job.env] == [
        ("A", "", None), ("B_KEY", None, "TEAM_B"),
    ]  # fmt: skip
    both = faults("{name: A}", "{name: B, value: x, secret: B}")
    assert [told[:2] for told in both] == [(3, "env[0].value"), (4, "env[1].value")]


@pytest.mark.parametrize("line", [
    "{name: HF_TOKEN, value: s3cret-text}",
    "{name: URL, value: 'postgres://app:s3cret-text@db/x'}",
    "{name: A, value: hf_s3cret-textABCDEFG}",
    "{name: A, value: '${secret:s3cret-text}'}",
    "{name: A, secret: s3cret-text}",
    "{name: A, secret: S3_FILE}",
    '{name: A, value: "s3cret-text\\nline"}',
])  # fmt: skip
def test_a_secret_in_clear_is_refused_and_not_shown(line):
    (fault,) = faults(line)

    assert fault[0] == 3
    assert "s3cret-text" not in fault[2]
    assert "secret" in fault[2] or "line breaks" in fault[2]


def test_a_variable_that_is_given_twice_is_told_by_name():
    assert faults("{name: A, value: x}", "{name: A, value: y}") == [(2, "env", "given twice: A")]


@pytest.mark.parametrize(("name", "value", "is_secret"), [
    ("API_KEY", "x", True), ("apikey", "x", True), ("DB_PASSWORD_FILE", "/run/x", False),
    ("MAX_TOKENS", "4096", False), ("TOKENIZERS_PARALLELISM", "false", False),
    ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAA", False), ("API_KEY", "", False),
    ("RANDOM_PASSWORD", "yes", False),
    ("API_KEY", "${secret:API}", False), ("URL", "https://user:pw@host", True),
    ("URL", "https://app:${secret:PW}@host", False), ("X", "-----BEGIN RSA PRIVATE KEY", True),
])  # fmt: skip
def test_what_is_a_secret_is_known_by_its_name_or_its_shape(name, value, is_secret):
    assert is_secret_like(name, value) is is_secret


def test_a_secrets_name_is_capitals_and_no_path_of_a_file():
    assert is_secret_name("A" * 63)
    assert not any(map(is_secret_name, ["", "a", "1A", "A" * 64, "A\n", "KEY_FILE"]))
