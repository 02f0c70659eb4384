"""Akash: prices from its Console, signals about the market, and the chain as second source."""

from connectors.networks.akash.connector import Akash

__all__ = ["Akash"]
