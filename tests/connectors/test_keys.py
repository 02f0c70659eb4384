"""Keys come from the environment or from a file that only its owner reads, and are never shown."""

import pytest

from connectors.keys import UnusableKey, key_of, key_variable, secret_variable, secrets_of


def key_file(tmp_path, text: str = "s3cret\n", mode: int = 0o600):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(mode)
    return {"NECTO_RENDER_KEY_FILE": str(path)}


def test_no_key_is_none():
    assert key_of("render", {}) is None
    assert key_of("render", {"NECTO_RENDER_KEY": "  "}) is None


def test_a_key_is_taken_from_the_environment_or_a_file(tmp_path):
    from_env = key_of("render", {key_variable("render"): " s3cret "})
    from_file = key_of("render", key_file(tmp_path))

    assert from_env is not None
    assert from_file is not None
    assert from_env.get_secret_value() == from_file.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{from_env} {from_env!r} {from_file!r}"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    with pytest.raises(UnusableKey, match="chmod 600"):
        key_of("render", key_file(tmp_path, mode=mode))


@pytest.mark.parametrize("text", ["", "\n", "x" * 5000, "two\nlines", "s3cret é", "s3cret\x07"])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path, text):
    with pytest.raises(UnusableKey) as refusal:
        key_of("render", key_file(tmp_path, text))

    assert "NECTO_RENDER_KEY" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(UnusableKey, match="cannot be read"):
        key_of("render", {"NECTO_RENDER_KEY_FILE": str(tmp_path / "none")})
    path = tmp_path / "bytes"
    path.write_bytes(b"\xff\xfe\x00")
    path.chmod(0o600)
    with pytest.raises(UnusableKey, match="no text"):
        key_of("render", {"NECTO_RENDER_KEY_FILE": str(path)})


def test_two_places_for_one_key_are_refused(tmp_path):
    with pytest.raises(UnusableKey, match="unset one"):
        key_of("render", key_file(tmp_path) | {"NECTO_RENDER_KEY": "other"})


def test_the_secrets_of_a_job_are_taken_from_the_environment_or_files(tmp_path):
    path = tmp_path / "pem"
    path.write_text("line one\nline two\n")
    path.chmod(0o600)
    env = {"NECTO_SECRET_HF": " s3cret ", f"{secret_variable('PEM')}_FILE": str(path)}
    found = secrets_of(["PEM", "HF", "HF"], env)

    assert {name: one.get_secret_value() for name, one in found.items()} == {
        "HF": " s3cret ", "PEM": "line one\nline two",
    }  # fmt: skip
    assert "s3cret" not in f"{found}"


def test_every_secret_that_cannot_be_used_is_named_and_none_is_shown(tmp_path):
    path = tmp_path / "open"
    path.write_text("s3cret")
    path.chmod(0o644)
    env = {
        "NECTO_SECRET_A": "", "NECTO_SECRET_B": "s3cret\0", "NECTO_SECRET_C": "s3cret" * 9999,
        "NECTO_SECRET_D_FILE": str(path),
    }  # fmt: skip
    with pytest.raises(UnusableKey) as refusal:
        secrets_of(["A", "B", "C", "D", "small"], env)

    said = str(refusal.value)
    assert all(f"NECTO_SECRET_{name}" in said for name in "ABCD")
    assert "the name of a secret" in said
    assert "s3cret" not in said
