"""What people call networks and terms: said alike on the screen, in the trail and in a terminal."""

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


def network_name(name: str) -> str:
    return NETWORK_NAMES.get(name, name)
