"""What people call networks, terms and numbers of things.

Said alike on the screen, in the trail and in a terminal.
"""

NETWORK_NAMES = {
    "akash": "Akash",
    "render": "Render",
    "aethir": "Aethir",
    "nosana": "Nosana",
    "lium": "Lium",
    "ionet": "io.net",
    "fluence": "Fluence",
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
}
TERM_NAMES = {
    "on_demand": "on demand",
    "spot": "spot",
    "reserved_1y": "reserved 1 year",
    "reserved_3y": "reserved 3 years",
    "contract": "contract",
}


def counted(number: int, noun: str, several: str = "") -> str:
    """A number with its noun; ``several``: the noun of many, where it is not the one with an s."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def network_name(name: str) -> str:
    return NETWORK_NAMES.get(name, name)
