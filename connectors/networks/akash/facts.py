"""What is true of Akash's chain today: data with a source and a date, never constants.

Akash plans to leave its chain (AEP-79, Final, read 2026-08-11: Solana or an EVM layer 2, estimated
for the end of 2026). When it does, ``chain_facts.json`` changes and no code does.
"""

from decimal import ROUND_FLOOR, Decimal, localcontext
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

_PRECISION = 250  # digits while computing, as in engine.money: no rounding on the way


class Facts(BaseModel):
    """The chain as ``chain_facts.json`` states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    as_of: str
    chain_id: str
    rest: tuple[str, ...] = Field(min_length=1)
    """Public addresses of the chain's REST, in the order they are asked."""
    explorers: dict[str, str]
    usd_denom: str
    """The denomination of which ``micro`` are one dollar."""
    token_denom: str
    micro: int = Field(gt=0)
    blocks_an_hour: int = Field(gt=0)
    """The Console's own conversion, 6.0 s a block: prices are what a customer sees there."""
    seconds_a_block_measured: float = Field(gt=0)
    """What a block really takes (6.098 to 6.174 s): only for telling how old a height is."""
    unit_price_max: int
    """The most the chain lets anybody offer per block for one machine."""
    auditors: dict[str, str]
    """Known auditors: address to name."""


FACTS = Facts.model_validate_json(
    Path(__file__).with_name("chain_facts.json").read_text(encoding="utf-8")
)


def usd_per_hour(per_block: Decimal) -> Decimal:
    """Return USD an hour for a price per block in the dollar denomination, exactly."""
    with localcontext(prec=_PRECISION):
        return per_block * FACTS.blocks_an_hour / FACTS.micro


def per_block_within(usd_an_hour: Decimal) -> int:
    """Return the highest whole price per block that costs no more than this an hour."""
    with localcontext(prec=_PRECISION):
        exact_price = usd_an_hour * FACTS.micro / FACTS.blocks_an_hour
        return int(exact_price.to_integral_value(ROUND_FLOOR))
