"""Markets that are not in the lake, made ready for routing: a file of offers, the shipped figures.

Nothing is written: a machine that has never run Necto can route at once.
"""

from datetime import datetime

import polars as pl

from data.billing import costs
from data.offers_file import OffersFile
from data.shipped import catalogue, digest, recorded_offers, recorded_providers
from engine.market import PROVIDER_SCHEMA, offers_frame, providers_frame
from engine.offer_frames import BadOffers
from engine.routing import Facts, Prepared, prepared
from engine.told_faults import BadFile, Fault

OF_FILE = "file/"
"""What stands before the digest of a file of offers among a market's drops."""


def market_of_file(
    file: OffersFile,
    now: datetime,
    providers: pl.DataFrame | None = None,
    drops: tuple[str, ...] = (),
) -> Prepared:
    """Return the offers of a file ready for routing.

    ``providers``: what is known of providers elsewhere, read from ``drops``. Raises BadFile with
    everything that is wrong with the offers.
    """
    known = pl.DataFrame(schema=dict(PROVIDER_SCHEMA)) if providers is None else providers
    figures = costs()
    facts = Facts(providers=known, catalogue=catalogue(), costs=figures)
    names = (f"{OF_FILE}{file.digest}", *drops)
    key = "|".join((*names, f"costs/{figures.version}"))
    try:
        return prepared(file.offers, facts, now, key=key, drops=names)
    except BadOffers as bad:
        raise BadFile(file.name, [Fault(None, "", fault) for fault in bad.faults]) from None


def shipped_market(now: datetime) -> Prepared:
    """Return the recorded figures ready for routing, as a fresh lake would hold them."""
    offers = [offer for found in recorded_offers().values() for offer in found]
    providers = [one for found in recorded_providers().values() for one in found]
    figures = costs()
    facts = Facts(providers=providers_frame(providers), catalogue=catalogue(), costs=figures)
    key = f"shipped/{digest()}|costs/{figures.version}"
    return prepared(offers_frame(offers), facts, now, key=key)
