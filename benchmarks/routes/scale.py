"""One market of so many offers in a process of its own: ``scale.py ROWS [CATALOG]``, JSON."""

import gc
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from benchmarks.routes.catalog import NOW, made_up, offers_of, repeated, rows_of, with_machines
from benchmarks.routes.cpu import cpu_ms, peak_mb, spent
from benchmarks.routes.markets import A100_BY_8, facts
from engine.routing import Prepared, cheapest, prepared, route

RUNS = 5


def market_of(rows: int, catalog: str | None) -> tuple[Prepared, float, float]:
    """Return the market, its size in MB before it is prepared and the CPU seconds it takes."""
    offers = offers_of(with_machines(rows_of(Path(catalog))) if catalog else made_up())
    many = repeated(offers, rows)
    del offers
    size, start = many.estimated_size("mb"), spent()
    market = prepared(many, facts(with_figures=True), NOW)
    return market, size, spent() - start


def main(rows: int, catalog: str | None = None) -> None:
    market, size, seconds = market_of(rows, catalog)
    gc.collect()
    figures = {
        "rows": market.offers.height,
        "offers_mb": size,
        "prepared_s": seconds,
        "route_ms": cpu_ms(lambda: route(A100_BY_8, market, None, NOW), RUNS),
        "cheapest_ms": cpu_ms(lambda: cheapest(A100_BY_8, market, None, NOW, 20), RUNS),
        "peak_mb": peak_mb(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
