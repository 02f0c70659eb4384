"""What stands between an installation and real money, each in words."""

from collections.abc import Collection, Mapping

from data.settings import Settings


def live_refusals(settings: Settings, env: Mapping[str, str], keys: Collection[str]) -> list[str]:
    """Return why nothing can be bought in live mode, one sentence each; none in the sandbox.

    ``keys``: the variables of the networks that are to be bought on ("NECTO_AKASH_KEY"); each is
    set, or names a file by the same name with _FILE behind it.
    """
    if settings.mode == "sandbox":
        return []
    found = [
        f"Buying needs {key}: set it, or {key}_FILE to a file that only its owner can read."
        for key in keys
        if not (env.get(key, "").strip() or env.get(f"{key}_FILE"))
    ]
    if settings.sign_in is None:
        found.insert(0, "Live mode needs sign-in, so that every order has a person.")
    return found
