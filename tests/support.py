"""Plain values that several tests start from."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from data.books import open_book
from data.records import Records
from data.settings import Settings
from engine.market import Offer
from engine.people import Actor, local_actor

OBSERVED = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
ADA: Actor = local_actor("ada")


def settings_of(home: Path) -> Settings:
    return Settings.from_env({"NECTO_HOME": str(home)})


def house_of(home: Path, url: str | None = None) -> Records:
    """The house book of a home, which the test's end closes; ``url``: where it is kept."""
    where = {"NECTO_RECORDS_URL": url} if url else {}
    return open_book(Settings.from_env({"NECTO_HOME": str(home)} | where))


def offer(**changes: Any) -> Offer:
    """One sound offer, changed as asked."""
    fields: dict[str, Any] = {
        "offer_id": "akash:p1:h100 80Gi SXM5:on_demand:-",
        "network": "akash",
        "provider_id": "p1",
        "provider_name": "one.example",
        "gpu_model": "H100-SXM",
        "gpu_name": "h100 80Gi SXM5",
        "form_factor": "SXM",
        "gpu_memory_gib": 80.0,
        "gpu_count": 1,
        "vcpu": 16.0,
        "memory_gib": 256.0,
        "country_code": "US",
        "usd_per_hour": Decimal("2.5"),
        "price_basis": "instance",
        "available": True,
        "available_count": 4,
        "observed_at": OBSERVED,
        "source_kind": "live",
        "source": "a test",
    }
    return Offer(**(fields | changes))


def baseline(**changes: Any) -> Offer:
    """One sound hyperscaler price for the same GPU."""
    fields: dict[str, Any] = {
        "offer_id": "aws:p5.4xlarge:us-east-1:on_demand",
        "network": "aws",
        "is_baseline": True,
        "provider_id": "aws",
        "provider_name": "p5.4xlarge",
        "gpu_name": "p5.4xlarge",
        "region": "us-east-1",
        "usd_per_hour": Decimal("6.88"),
        "available": None,
        "available_count": None,
    }
    return offer(**(fields | changes))
