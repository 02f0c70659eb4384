"""Examples of policies and requirements that ship with Necto: nobody is bound by them."""

from functools import cache

from data.shipped import FOLDER


@cache
def policy_examples() -> dict[str, str]:
    """Return the shipped policies' texts by name."""
    return _texts("policies")


@cache
def requirement_examples() -> dict[str, str]:
    """Return the shipped requirements' texts by name."""
    return _texts("requirements")


def _texts(folder: str) -> dict[str, str]:
    files = sorted((FOLDER / folder).iterdir())
    return {file.stem: file.read_text(encoding="utf-8") for file in files}
