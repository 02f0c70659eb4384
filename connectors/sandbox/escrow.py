"""An escrow account's arithmetic: prices times blocks, settled only when something happens.

Source: akash-network/node x/escrow/keeper/keeper.go (accountSettleFullBlocks, deductFromBalance):
whole uact move per settlement, the oldest deposit is drained first, an account that cannot pay is
overdrawn and its funds show the debt below zero.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.sandbox.units import ATTO, used

Deposits = tuple[tuple[int, int], ...]
"""Height and whole uact of each, oldest first, as they were made."""


@dataclass(frozen=True, slots=True)
class Escrow:
    """What was put in, what the leases took, since which block they owe; whole uact.

    ``owed``: what could not be paid when it ran dry. ``returned``: what went back at the close.
    """

    deposits: Deposits = ()
    transferred: int = 0
    returned: int = 0
    owed: int = 0
    settled: int = 0

    @property
    def deposited(self) -> int:
        return sum(amount for _, amount in self.deposits)

    @property
    def funds(self) -> int:
        """What is left; below zero when overdrawn."""
        return self.deposited - self.transferred - self.returned - self.owed

    def remaining(self) -> Deposits:
        """Return the deposits as the chain shows them: the oldest drained first, empty ones gone.

        What went back at the close leaves none.
        """
        if self.returned:
            return ()
        spent, left = self.transferred, []
        for height, amount in self.deposits:
            drained = min(spent, amount)
            spent -= drained
            if amount > drained:
                left.append((height, amount - drained))
        return tuple(left)

    def with_deposit(self, height: int, uact: int) -> "Escrow":
        return replace(self, deposits=(*self.deposits, (height, uact)))

    def without(self, uact: int) -> "Escrow":
        """Take money out again, the newest deposit first: only a sandbox can."""
        kept = list(self.deposits)
        while uact and kept:
            height, amount = kept.pop()
            cut = min(uact, amount)
            uact -= cut
            if amount > cut:
                kept.append((height, amount - cut))
        return replace(self, deposits=tuple(kept))


def settled(
    escrow: Escrow, prices: Mapping[str, int], height: int
) -> tuple[Escrow, dict[str, int], bool]:
    """Return the account at a height, what each lease got since, and whether it ran dry.

    ``prices``: each live lease's price in 10**-18 uact per block. Leases are paid in order.
    """
    blocks = max(0, height - escrow.settled)
    left, paid, owed = max(0, escrow.funds), {}, 0
    for lease, price in prices.items():
        due = used(price, blocks)
        paid[lease] = min(due, left)
        owed += due - paid[lease]
        left -= paid[lease]
    now = replace(
        escrow,
        transferred=escrow.transferred + sum(paid.values()),
        owed=escrow.owed + owed,
        settled=max(height, escrow.settled),
    )
    return now, paid, owed > 0


def dry_at(escrow: Escrow, prices: Sequence[int]) -> int | None:
    """Return the first height at which the account cannot pay in full; None when none is due."""
    rate = sum(prices)
    if not rate:
        return None
    # Each lease's part is cut off to whole uact: the first height is searched between the one at
    # which the sum of prices could be too much and the one at which it must be.
    low = -(-(escrow.funds + 1) * ATTO // rate)
    high = -(-(escrow.funds + 1 + len(prices)) * ATTO // rate)
    blocks = bisect_left(
        range(low, high),
        x=True,
        key=lambda n: sum(used(price, n) for price in prices) > escrow.funds,
    )
    return escrow.settled + low + blocks


def low_at(escrow: Escrow, prices: Sequence[int], runway_blocks: int) -> int | None:
    """Return the height from which the funds last fewer blocks than these; None when none is due.

    Blocks left at a height = (what is left there) / rate, in whole numbers.
    """
    rate = sum(prices)
    if not rate:
        return None
    return escrow.settled + max(0, escrow.funds * ATTO // rate - runway_blocks + 1)
