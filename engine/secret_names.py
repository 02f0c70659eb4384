"""Secrets by reference: their names, where they are read, and what looks like one in clear.

The text of a secret is in no requirement, decision or record: it is read where a job is handed to a
network, from ``NECTO_SECRET_<NAME>`` or the file that ``NECTO_SECRET_<NAME>_FILE`` names.
"""

import re

ENV_NAME = r"^[A-Za-z_.\-][A-Za-z0-9_.\-]*$"
"""What a container may call a variable."""
REFERENCE = r"^[A-Z][A-Z0-9_]{0,62}$"
REFERENCE_RULE = (
    "write the name of a secret, never its text: capital letters, digits and underscores, 63 at "
    "most, beginning with a letter and not ending in _FILE"
)
PLACEHOLDER = re.compile(r"\$\{secret:([A-Z][A-Z0-9_]{0,62})\}")
"""Where a network's own file says that a secret's text will stand."""
REMEDY = "refer to it as secret: NAME and set NECTO_SECRET_NAME where the worker runs"

_NAMES = re.compile(
    r"(KEYS?|TOKEN|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|CREDENTIALS?|PWD)$", re.IGNORECASE
)
_OPEN = re.compile(r"(^|[_.\-])(PUBLIC|PUB|PUBKEY|FILE|PATH)([_.\-]|$)", re.IGNORECASE)
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(hf_|gh[opsu]_|github_pat_|glpat-|sk-|xox[abprs]-|AKIA|ac\.sk\.)[A-Za-z0-9_\-.]{12,}"
    r"|://[^/\s:@]*:[^/\s@]+@"
)
"""A private key, tokens as their issuers begin them, a password in an address."""
_SWITCHES = ("", "0", "1", "true", "false", "yes", "no")


def is_secret_name(name: str) -> bool:
    """Return whether a secret can bear the name: NECTO_SECRET_…_FILE is the path of a file."""
    return bool(re.fullmatch(REFERENCE, name)) and not name.endswith("_FILE")


def is_secret_like(name: str, value: str) -> bool:
    """Return whether a value in clear should be a reference: by its name, or by its own shape.

    A word of the name ends as secrets do (API_KEY, HF_TOKEN; not MAX_TOKENS, not PUBLIC_KEY).
    """
    clear = PLACEHOLDER.sub("", value)
    if clear.lower() in _SWITCHES:
        return False
    named = not _OPEN.search(name) and any(map(_NAMES.search, re.split(r"[_.\-]", name)))
    return (named and clear == value) or bool(_SHAPES.search(clear))
