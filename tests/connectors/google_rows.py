"""Rows of Google's price list as its tests write them."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.base import Answer, Reading
from connectors.baselines.google import Google
from data.shipped import catalogue
from engine.market import Offer
from tests.connectors.samples import NOW

HERE = "https://cloudbilling.googleapis.com/v1/services/6F81-5844-456A/skus"
IOWA, DUTCH = ["us-central1"], ["europe-west4"]


def sku(
    description: str,
    usd: str = "1",
    *,
    usage: str = "OnDemand",
    unit: str | None = None,
    regions: Sequence[str] = IOWA,
    group: str = "CPU",
    **more: Any,
) -> dict[str, Any]:
    units, nanos = divmod(Decimal(usd).scaleb(9), 10**9)
    kind = "GiBy.h" if " Ram " in description else "GiBy.mo" if "SSD" in description else "h"
    rate = {"unitPrice": {"currencyCode": "USD", "units": str(units), "nanos": int(nanos)}}
    expression = {"usageUnit": unit or kind, "tieredRates": [rate]}
    name = "".join(c for c in f"{description}{usage}{regions}" if c.isalnum())
    fields = {
        "skuId": name[:8] + f"-{sum(map(ord, name)):04d}",
        "description": description,
        "category": {"resourceGroup": group, "usageType": usage},
        "serviceRegions": list(regions),
        "pricingInfo": [{"pricingExpression": expression}],
    }
    return fields | more


def parts(core: str = "0.03", ram: str = "0.004", gpu: str = "3") -> list[dict[str, Any]]:
    """What an A2 High GPU machine needs on demand."""
    return [
        sku("A2 Instance Core running in Iowa", core),
        sku("A2 Instance Ram running in Iowa", ram),
        sku("Nvidia Tesla A100 GPU running in Iowa", gpu),
    ]


def reading(*skus: object) -> Reading:
    body = json.dumps({"skus": skus, "nextPageToken": ""}).encode()
    return Google().parse([Answer(HERE, body)], NOW, catalogue())


def offers(*skus: object) -> dict[str, Offer]:
    found = reading(*skus)
    assert list(found.rejects) == []
    return {o.offer_id: o for o in found.offers}


def prices(*skus: object) -> dict[str, Decimal]:
    return {offer_id: o.usd_per_hour for offer_id, o in offers(*skus).items()}


def priced(*entries: tuple[str, str], **expression: Any) -> dict[str, Any]:
    row = sku("Nvidia Tesla A100 GPU running in Iowa")
    base = row["pricingInfo"][0]["pricingExpression"]
    line = []
    for when, usd in entries:
        rate = {"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": usd}}
        entry = base | {"tieredRates": [rate]} | expression
        line.append({"effectiveTime": when, "pricingExpression": entry})
    return row | {"pricingInfo": line}
