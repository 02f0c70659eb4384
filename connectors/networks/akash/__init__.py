"""Akash: prices from its Console, signals about the market, and the chain as second source."""

from connectors.networks.akash.connector import Akash
from connectors.networks.akash.facts import FACTS

AUDITORS = FACTS.auditors
"""Known auditors: address to name."""

__all__ = ["AUDITORS", "Akash"]
