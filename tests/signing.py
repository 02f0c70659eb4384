"""Sign-in set up for a test: the file that Streamlit and Necto read."""

from pathlib import Path

AUTH = {
    "redirect_uri": "http://127.0.0.1:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "necto",
    "client_secret": "s3cret-of-the-client",
    "server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration",
}


def auth_file(folder: Path, mode: int = 0o600, **changes: str) -> Path:
    """Write ``[auth]`` with changes; an empty text leaves its line out."""
    told = AUTH | changes
    lines = [f'{key} = "{value}"' for key, value in told.items() if value]
    file = folder / "sign-in.toml"
    file.write_text("\n".join(["[auth]", *lines, ""]))
    file.chmod(mode)
    return file
