"""Markets that are not in the lake, made ready for routing: a file of offers, the shipped figures.

Nothing is written: a machine that has never run Necto can route at once.
"""

from datetime import datetime

import polars as pl

from data.billing import costs
from data.offers_file import OffersFile
from data.shipped import catalogue, digest, recorded_offers, recorded_providers
from engine.market import Provider, offers_frame, providers_frame
from engine.offer_frames import BadOffers
from engine.outlook import OUTLOOK_SCHEMA
from engine.routing import Facts, Prepared, prepared
from engine.told_faults import BadFile, Fault

OF_FILE = "file/"
"""What stands before the digest of a file of offers among a market's drops."""


def market_of_file(
    file: OffersFile, now: datetime, known: Facts | None = None, drops: tuple[str, ...] = ()
) -> Prepared:
    """Return the offers of a file ready for routing.

    ``known``: what is known of their providers and prices elsewhere, read from ``drops``. Raises
    BadFile with everything that is wrong with the offers.
    """
    facts = known or _facts([])
    names = (f"{OF_FILE}{file.digest}", *drops)
    key = "|".join((*names, f"costs/{facts.costs.version}"))
    try:
        return prepared(file.offers, facts, now, key=key, drops=names)
    except BadOffers as bad:
        raise BadFile(file.name, [Fault(None, "", fault) for fault in bad.faults]) from None


def shipped_market(now: datetime) -> Prepared:
    """Return the recorded figures ready for routing, as a fresh lake would hold them."""
    offers = [offer for found in recorded_offers().values() for offer in found]
    facts = _facts([one for found in recorded_providers().values() for one in found])
    key = f"shipped/{digest()}|costs/{facts.costs.version}"
    return prepared(offers_frame(offers), facts, now, key=key)


def _facts(providers: list[Provider]) -> Facts:
    return Facts(
        providers=providers_frame(providers),
        catalogue=catalogue(),
        costs=costs(),
        history=pl.DataFrame(schema=dict(OUTLOOK_SCHEMA)),
    )
