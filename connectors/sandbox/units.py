"""The network's units: whole uact, prices in 10**-18 uact per block, blocks of six seconds.

1,000,000 uact = 1 ACT = 1 USD (AEP-76); 600 blocks an hour (console: apps/api constants, d84c9e93).
"""

from decimal import ROUND_HALF_UP, Decimal, localcontext

DENOM = "uact"
ATTO = 10**18
UACT_PER_USD = 1_000_000
BLOCK_SECONDS = 6
BLOCKS_PER_HOUR = 600
BLOCKS_PER_DAY = 14_400
BLOCKS_PER_MONTH = Decimal("438292.8")
UNIT_PRICE_MAX = 10_000_000
"""What the chain takes at most for one unit and block (market params)."""


def atto(amount: Decimal) -> int:
    """Return an amount of uact in units of 10**-18, exactly; more decimals raise ValueError."""
    with localcontext(prec=100):
        scaled = amount.scaleb(18)
        if not amount.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} has more than 18 decimals")
        return int(scaled)


def decimals(amount: int) -> str:
    """Return units of 10**-18 uact as the chain writes a DecCoin: 18 decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // ATTO}.{abs(amount) % ATTO:018d}"


def coin(amount: int) -> dict[str, str]:
    """Return units of 10**-18 uact as a DecCoin."""
    return {"denom": DENOM, "amount": decimals(amount)}


def whole_coin(uact: int) -> dict[str, str]:
    """Return whole uact as a DecCoin."""
    return coin(uact * ATTO)


def per_block(usd_per_hour: Decimal) -> int:
    """Return 10**-18 uact per block, from six decimals of uact, as providers bid."""
    with localcontext(prec=100):
        uact = usd_per_hour * UACT_PER_USD / BLOCKS_PER_HOUR
        return atto(uact.quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP))


def used(price: int, blocks: int) -> int:
    """Return the whole uact that a settlement over these blocks moves: cut off, never rounded up.

    Source: akash-network/node x/escrow/keeper accountSettleFullBlocks (TruncateDec).
    """
    return price * blocks // ATTO


def usd(uact: int) -> float:
    """Return dollars with two decimals, as the Console's reports give them."""
    return float((Decimal(uact) / UACT_PER_USD).quantize(Decimal("0.01"), ROUND_HALF_UP))
