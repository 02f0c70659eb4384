"""The Akash connector: the Console first, its chain when the Console gives no answer (keyless)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from connectors.base import Answer, Connector, Http, Reading, Unreachable, tried
from connectors.networks.akash.chain import asked_chain
from connectors.networks.akash.chain_offers import chain_reading
from connectors.networks.akash.facts import FACTS
from connectors.networks.akash.offers import console_reading
from connectors.networks.akash.signals import SIGNAL_PATHS, signals_of
from engine.resources import Catalogue

_PRICES = "/v1/gpu-prices"
_PROVIDERS = "/v1/providers"


class Akash(Connector):
    """The Akash connector.

    A stand-in for the Console is never answered for by the real chain: whoever sets the one
    address sets the other (``NECTO_AKASH_URL``, ``NECTO_AKASH_CHAIN_URL``).
    """

    name = "akash"
    default_url = "https://console-api.akash.network"
    refresh_seconds = 900  # the Console itself renews its prices every 15 minutes
    forced_seconds = 120  # its answers may be kept this long (Cache-Control)
    extra_urls: ClassVar[Mapping[str, str]] = {"CHAIN": FACTS.rest[0]}

    @property
    def chain_urls(self) -> Sequence[str]:
        """Where the chain may be asked, in this order."""
        if given := self.urls.get("CHAIN"):
            return (given,)
        return FACTS.rest if self.base_url == self.default_url else ()

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        """Ask the Console; whatever is missing beside prices and providers costs no offer."""
        del catalogue  # every address holds the whole market
        try:
            essential = [
                http.get(self.base_url + _PRICES, params={"debug": "true"}),
                http.get(self.base_url + _PROVIDERS),
            ]
        except Unreachable as error:
            return asked_chain(http, self.chain_urls, Answer(self.base_url, b"", error))
        return [*essential, *(tried(http, self.base_url + path) for path in SIGNAL_PATHS)]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """Turn answers into offers and signals. Pure; raises Unreadable."""
        first, *rest = answers
        if first.failed:
            return chain_reading(first.failed, rest, observed_at, catalogue)
        reading = console_reading(first, rest[0], observed_at, catalogue)
        signals, rejects = signals_of(rest[1:], observed_at, catalogue)
        return replace(reading, signals=signals, rejects=[*reading.rejects, *rejects])
