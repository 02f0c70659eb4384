"""What the Console reports afterwards: spending a day, lease durations, a deployment's history.

Computed from blocks and prices, as apps/api does (d84c9e93): whole tokens with two decimals.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.sandbox.book import Row
from connectors.sandbox.network import Network
from connectors.sandbox.units import ATTO, BLOCK_SECONDS, BLOCKS_PER_MONTH, usd

Json = dict[str, Any]
DAYS_MAX = 3_660


def history(net: Network, first: date, last: date, height: int) -> list[Json]:
    """Return each day's spending and the sum since ``first``; days without a lease too."""
    leases = net.book.all("SELECT * FROM leases ORDER BY n")
    total, days = 0, []
    for day in _days(first, min(last, _today(net))):
        start, end = _blocks(net, day)
        spans = [(row, _span(row, start, end, height)) for row in leases]
        spent = sum(int(row["price"]) * blocks for row, blocks in spans) // ATTO
        active = {row["dseq"] for row, blocks in spans if blocks}
        total += spent
        days.append(_day(day, len(active), usd(spent), usd(total)))
    return days


def _day(day: date, active: int, spent: float, total: float) -> Json:
    return {
        "date": day.isoformat(),
        "activeDeployments": active,
        "dailyAktSpent": 0,
        "totalAktSpent": 0,
        "dailyUsdcSpent": spent,
        "totalUsdcSpent": total,
        "dailyActSpent": spent,
        "totalActSpent": total,
        "dailyUsdSpent": spent,
        "totalUsdSpent": total,
    }


def stats(days: list[Json], deployments: int) -> Json:
    spent = days[-1]["totalUsdSpent"] if days else 0
    count = max(1, len(days))
    return {
        "totalSpent": spent,
        "averageSpentPerDay": round(spent / count, 2),
        "totalDeployments": deployments,
        "averageDeploymentsPerDay": round(deployments / count, 2),
    }


def durations(net: Network, dseq: str | None, first: date, last: date, height: int) -> Json:
    """Return how long each lease lasted that was made within these days."""
    found = [
        _duration(net, row, height)
        for row in net.book.all("SELECT * FROM leases ORDER BY n")
        if (dseq is None or row["dseq"] == dseq)
        and first <= _date(net.rate.time_of(row["created"])) <= last
    ]
    seconds = sum(one["durationInSeconds"] for one in found)
    return {
        "leaseCount": len(found),
        "totalDurationInSeconds": seconds,
        "totalDurationInHours": seconds / 3600,
        "leases": found,
    }


def monthly(price: int) -> float:
    """Return uact a month for a price in 10**-18 uact per block."""
    return float(price * BLOCKS_PER_MONTH / ATTO)


def _duration(net: Network, row: Row, height: int) -> Json:
    end = row["closed"] or height
    seconds = (end - row["created"]) * BLOCK_SECONDS
    return {
        "dseq": row["dseq"],
        "oseq": 1,
        "gseq": row["gseq"],
        "provider": row["provider"],
        "startHeight": row["created"],
        "startDate": net.date(row["created"]),
        "closedHeight": row["closed"],
        "closedDate": net.date(end),
        "durationInBlocks": end - row["created"],
        "durationInSeconds": seconds,
        "durationInHours": seconds / 3600,
    }


def _blocks(net: Network, day: date) -> tuple[int, int]:
    """Return the first block of a day and of the next."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    first, after = (net.rate.height(moment - 1e-6) + 1 for moment in (midnight, midnight + 86_400))
    return first, after


def _span(row: Row, start: int, end: int, height: int) -> int:
    """Return the blocks of a lease between two heights."""
    last: int = min(end, row["closed"] or height)
    return max(0, last - max(start, int(row["created"])))


def _days(first: date, last: date) -> Iterator[date]:
    count = min((last - first).days + 1, DAYS_MAX)
    return (first + timedelta(days=number) for number in range(count))


def _today(net: Network) -> date:
    return _date(net.now())


def _date(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
