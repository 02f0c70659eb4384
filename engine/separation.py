"""Requester, approver and whoever wrote the policy are three people."""

from engine.commands import Refused


def check_apart(*, requester: str, editor: str | None, approver: str | None = None) -> None:
    """Raise Refused, in words, unless nobody holds two of the three roles in one order."""
    if approver is not None and approver == requester:
        raise Refused(f"{requester} asked for this order: somebody else approves it")
    if editor is not None and editor == requester:
        raise Refused(
            f"{requester} imported the policy that this is decided under: somebody else orders"
        )
    if editor is not None and editor == approver:
        raise Refused(
            f"{approver} imported the policy that this is decided under: somebody else approves"
        )
