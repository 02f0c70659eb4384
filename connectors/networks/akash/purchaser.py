"""Buying at Akash through its Console: what ``connectors.buying.Purchaser`` asks of a network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr, ValidationError

from connectors.base import Denied, SourceError, Unreachable, Unreadable
from connectors.buying import Writes
from connectors.networks.akash import acting, looking, order_sdl
from connectors.networks.akash.bid_reasons import bid_reasons
from connectors.networks.akash.console import Console
from connectors.networks.akash.console_wire import DeploymentRow
from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.gateway import Stream, no_gateway, read_stream
from connectors.networks.akash.lease_states import found_of, last_lease, observation_of
from connectors.networks.akash.memory import Memory
from connectors.wire import first_fault
from engine.buying import Billed, Found, LogLine, Look, Observation, Step, Wanted

MISSED_MAX = 100
"""So many orders that the list does not show are asked for one by one in one observation."""
_TAG = re.compile(r"[a-z]{3}-[0-9a-z]{26}")


class AkashPurchaser:
    """One account of Akash. Every object is read with bounds; every write is one request.

    ``owner`` None: the wallet of the key's user. ``gateway_url``: below which providers' gateways
    may be called; None: nowhere. ``gather_seconds``: how long after the first good bid others are
    waited for (a block takes about six). ``orphaned_after_seconds``: how long a deployment is left
    to the worker that created it, which alone has its manifest; several workers share the account.
    Threads may share this object; manifests, which hold secrets, are kept in it only.
    """

    network = "akash"
    unit = FACTS.usd_denom
    units_per_usd = FACTS.micro
    SETTLES_AFTER_SECONDS = 180
    """A create takes its place in a block, and in the index behind the list of names, whose answers
    may also be 40 s old (Cache-Control)."""

    def __init__(
        self,
        http: Writes,
        base_url: str,
        key: SecretStr,
        owner: str | None = None,
        *,
        gateway_url: str | None = None,
        gather_seconds: float = 6.0,
        orphaned_after_seconds: float = 20.0,
        settles_after_seconds: int = SETTLES_AFTER_SECONDS,
        memory: Memory | None = None,
    ) -> None:
        """Raise Denied for a key that cannot be sent."""
        self.settles_after_seconds = settles_after_seconds
        self._http = http
        self._gateway_url = gateway_url
        self._console = Console(http, base_url, key, owner)
        memory = memory or Memory()
        self._acting = acting.Acting(self._console, memory)
        self._looking = looking.Looking(
            console=self._console,
            memory=memory,
            gather=timedelta(seconds=gather_seconds),
            orphaned_after=timedelta(seconds=orphaned_after_seconds),
            create=order_sdl.create_step,
            bid_reasons=self.bid_reasons,
        )

    def refusals(self, wanted: Wanted) -> tuple[str, ...]:
        """Return what Akash cannot promise, each a sentence; empty: it may be bought."""
        return order_sdl.refusals(wanted)

    def secrets_needed(self, wanted: Wanted) -> Sequence[str]:
        """Return the names of the secrets that the order's deployment file refers to."""
        return order_sdl.secrets_needed(wanted)

    def file_text(self, wanted: Wanted) -> str:
        """Return the SDL as it will be sent, with ``${secret:NAME}`` in place of secrets."""
        return order_sdl.shown_text(wanted)

    def look(self, wanted: Wanted, handle: str | None, now: datetime) -> Look:
        """Say what there is of an order and what comes next; reads only."""
        return self._looking.look(wanted, acting.number(handle) if handle else None, now)

    def act(self, wanted: Wanted, step: Step, secrets: Mapping[str, SecretStr]) -> str | None:
        """Make one write; return the deployment's number."""
        return self._acting.act(wanted, step, secrets)

    def find(self, order_id: str) -> Sequence[Found]:
        """Return every deployment with this order's name, open and closed."""
        rows = looking.tagged(self._console, order_id, ("active", "closed"))
        height = self._console.height() if rows else None
        return [found_of(row, order_id, height) for row in rows]

    def everything(self) -> Sequence[Found]:
        """Return all open deployments; one that cannot be read is Unreadable, never left out."""
        tags = {row.deployment.id.dseq: _tag(row.names) for row in self._console.named("active")}
        height = self._console.height()
        return [found_of(row, tags.get(row.dseq), height) for row in self._active(strict=True)]

    def observe(self, handles: Sequence[str]) -> Mapping[str, Observation]:
        """Return what is true of many orders now, from the account's list of active deployments.

        The newest block is read first, so that nothing is counted that is not owed yet. Those that
        the list does not show are asked for one by one; where that gives no answer, its ``word`` is
        None.
        """
        asked = {acting.number(handle) for handle in handles}
        if not asked:
            return {}
        height = self._console.height()
        seen = {
            row.dseq: observation_of(row, height)
            for row in self._active(strict=False)
            if row.dseq in asked
        }
        missed = sorted(asked - seen.keys())
        return seen | dict(self._looked_up(missed, height))

    def health(self, handle: str) -> Observation | None:
        """Return one order with its services as its provider reports them."""
        dseq = acting.number(handle)
        height = self._console.height()
        row = self._console.deployment(dseq)
        return observation_of(row, height) if row else None

    def deposit_step(self, found: Found, usd_cents: int) -> Step:
        """Return the write that adds money to a running order."""
        return acting.deposit_step(found, usd_cents)

    def was_made(self, step: Step, found: Found | None) -> bool | None:
        """Say whether a write whose answer was lost was made.

        A deposit is told by what was put in since: money that somebody else adds at the same time
        counts as ours. A create that is not found was not made once ``settles_after_seconds`` are
        over.
        """
        return acting.was_made(step, found, self.units_per_usd)

    def close_step(self, handle: str) -> Step:
        """Return the write that ends an order; repeating it is safe."""
        return looking.close_step(acting.number(handle), "the order ends")

    def logs(self, handle: str, lines_max: int) -> Sequence[LogLine]:
        """Return the newest lines that the job wrote; raises Denied on the real network."""
        return self._stream(handle, "logs", lines_max)

    def events(self, handle: str, lines_max: int) -> Sequence[LogLine]:
        """Return what the provider reported of the job; raises Denied on the real network."""
        return self._stream(handle, "kubeevents", lines_max)

    def billed(self, since: datetime, until: datetime) -> Sequence[Billed]:
        """Return the Console's own figure for each day (UTC), of all the account's deployments."""
        first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        days = self._console.usage(first, last)
        return [Billed(day=found.date[:10], usd=found.usd) for found in days]

    def bid_reasons(self, wanted: Wanted) -> tuple[str, ...]:
        """Return in words who could bid now, and who could not."""
        return bid_reasons(self._http, self._console.base_url, wanted)

    def _active(self, *, strict: bool) -> Iterator[DeploymentRow]:
        for row in self._console.active():
            try:
                yield DeploymentRow.model_validate(row)
            except ValidationError as error:
                if strict:
                    raise Unreadable(f"a deployment cannot be read: {first_fault(error)}") from None

    def _looked_up(
        self, handles: Sequence[str], height: int | None
    ) -> Iterator[tuple[str, Observation]]:
        is_down = False
        for place, handle in enumerate(handles):
            untold = Observation(handle=handle, word=None)
            if is_down or place >= MISSED_MAX:
                yield handle, untold
                continue
            try:
                row = self._console.deployment(handle)
            except SourceError as error:
                is_down = isinstance(error, Unreachable | Denied)
                yield handle, untold
                continue
            if row:
                yield handle, observation_of(row, height)

    def _stream(self, handle: str, stream: Stream, lines_max: int) -> Sequence[LogLine]:
        dseq = acting.number(handle)
        if self._gateway_url is None:
            raise Denied(no_gateway(dseq))
        row = self._console.deployment(dseq)
        lease = last_lease(row) if row else None
        if lease is None:
            return ()
        scope = "logs" if stream == "logs" else "events"
        token = self._console.token((scope,))
        return read_stream(self._gateway_url, lease.id, stream, token, lines_max)


def _tag(names: set[str]) -> str | None:
    """Return the name that is an order's id; other people's groups have other names."""
    return next((name for name in sorted(names) if _TAG.fullmatch(name)), None)
