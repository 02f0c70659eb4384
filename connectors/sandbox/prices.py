"""``GET /v1/gpu-prices`` as if every provider of the market had just bid on a small order.

The real endpoint shows the best recent bids on single-GPU orders with 0.1 CPU and 256 Mi of memory
and disk (gpu-price.service.ts, d84c9e93); ``?debug=true`` adds who bid what.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.forms import MarketGpu
from connectors.sandbox.listings import host_uri
from connectors.sandbox.market import Seller, gpu_name
from connectors.sandbox.network import Network
from connectors.sandbox.units import DENOM, decimals, per_block
from connectors.sandbox.usage import monthly

Json = dict[str, Any]
Priced = tuple[Seller, MarketGpu]
_SMALL = 268_435_456
_CENT = Decimal("0.01")


def gpu_prices(net: Network, market: Sequence[Seller], *, debug: bool) -> Json:
    kinds: dict[tuple[str, str, str, str], list[Priced]] = {}
    for one in market:
        for gpu in one.form.gpus:
            kinds.setdefault((gpu.vendor, gpu.model, gpu.ram, gpu.interface), []).append((one, gpu))
    models = [_model(net, kind, sold, debug=debug) for kind, sold in sorted(kinds.items())]
    return {
        "availability": {
            name: sum(model["availability"][name] for model in models)
            for name in ("total", "available")
        },
        "models": models,
    }


def _stock(sold: Priced) -> tuple[int, int]:
    """Return all GPUs of the model and the free ones."""
    one, gpu = sold
    total = gpu.free if gpu.total is None else max(gpu.total, gpu.free)
    return total, max(0, min(total, one.free(gpu_name(gpu))))


def _model(
    net: Network, kind: tuple[str, str, str, str], sold: Sequence[Priced], *, debug: bool
) -> Json:
    stocks = [_stock(one) for one in sold]
    bidding = [
        pair for pair in sold if pair[1].usd_per_gpu_hour is not None and pair[0].form.is_online
    ]
    sellers: Json = {
        "total": len(sold),
        "available": sum(1 for _, free in stocks if free),
    }
    if debug:
        sellers["providers"] = [_seller(net, one) for one in sold]
    found: Json = {
        **dict(zip(("vendor", "model", "ram", "interface"), kind, strict=True)),
        "availability": {
            "total": sum(total for total, _ in stocks),
            "available": sum(free for _, free in stocks),
        },
        "providerAvailability": sellers,
        "price": _spread([(gpu.usd_per_gpu_hour, _stock((s, gpu))[0]) for s, gpu in bidding]),
        "priceUakt": None,
    }
    if debug:
        found["bidCount"] = len(bidding)
        found["providersWithBestBid"] = [
            {"provider": _seller(net, pair), "bestBid": _bid(net, pair)} for pair in bidding
        ]
    return found


def _seller(net: Network, sold: Priced) -> Json:
    total, free = _stock(sold)
    address = sold[0].form.address
    return {
        "owner": address,
        "hostUri": host_uri(net, address),
        "allocated": total - free,
        "allocatable": total,
    }


def _bid(net: Network, sold: Priced) -> Json:
    one, gpu = sold
    price = per_block(gpu.usd_per_gpu_hour or Decimal(0))
    height = net.height()
    kind = {"vendor": gpu.vendor, "model": gpu.model, "ram": gpu.ram, "interface": gpu.interface}
    bot = "akash1sandboxpricingbot"
    return {
        "height": height,
        "txHash": "0" * 64,
        "datetime": net.date(height),
        "provider": one.form.address,
        "aktTokenPrice": None,
        "hourlyPrice": float(gpu.usd_per_gpu_hour or 0),
        "monthlyPrice": round(monthly(price) / 1e6, 2),
        "deployment": {
            "owner": bot,
            "cpuUnits": 100,
            "memoryUnits": _SMALL,
            "storageUnits": _SMALL,
            "gpus": [kind],
        },
        "data": {
            "id": {
                "owner": bot,
                "dseq": str(int(net.now() * 1000)),
                "gseq": 1,
                "oseq": 1,
                "provider": one.form.address,
            },
            "price": {"denom": DENOM, "amount": decimals(price)},
        },
    }


def _spread(bids: Sequence[tuple[Decimal | None, int]]) -> Json | None:
    """Return USD per GPU and hour with two decimals; None when nobody bids."""
    prices = sorted(price for price, _ in bids if price is not None)
    if not prices:
        return None
    weights = sum(weight for _, weight in bids) or 1
    weighted = sum((price or 0) * weight for price, weight in bids) / weights
    middle = len(prices) // 2
    median = prices[middle] if len(prices) % 2 else (prices[middle - 1] + prices[middle]) / 2
    figures = {
        "min": prices[0],
        "max": prices[-1],
        "avg": sum(prices) / len(prices),
        "weightedAverage": weighted,
        "med": median,
    }
    return {"currency": "USD"} | {
        name: float(Decimal(figure).quantize(_CENT, ROUND_HALF_UP))
        for name, figure in figures.items()
    }
