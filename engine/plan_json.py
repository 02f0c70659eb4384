"""A plan's answer as JSON for programs: what ``necto plan --json`` prints. ``docs/plan.md``."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

from engine.export import number_text
from engine.plan_candidates import Candidates
from engine.portfolio_types import Move, Placement, Portfolio

_DIGITS = 6


def plan_told(plan: Portfolio, jobs: Mapping[str, Candidates]) -> dict[str, object]:
    """Return the plan with amounts as text; ``jobs``: what might have carried each, by name."""
    return {
        "status": plan.status,
        "method": plan.method,
        "total_usd": _amount(plan.total_usd),
        "bound_usd": _amount(plan.bound_usd),
        "gap": f"{plan.gap:.6f}",
        "placements": [_placement(one) for one in plan.placements],
        "standbys": [_placement(one) for one in plan.standbys],
        "moves": [_move(one) for one in plan.moves],
        "left_out": list(plan.left_out),
        "conflicts": [asdict(one) for one in plan.conflicts],
        "is_smallest": plan.is_smallest,
        "jobs": [
            {
                "task": name,
                "offers": job.offers.height,
                "counts": dict(job.decision.counts),
                "policy_version": job.decision.policy_version or None,
                "notes": list(job.decision.notes),
            }
            for name, job in jobs.items()
        ],
    }


def _placement(one: Placement) -> dict[str, object]:
    return asdict(one) | {"usd": _amount(one.usd)}


def _move(one: Move) -> dict[str, object]:
    return asdict(one) | {"gb": number_text(one.gb), "usd": _amount(one.usd)}


def _amount(usd: float) -> str:
    return number_text(Decimal(f"{usd:.{_DIGITS}f}"))
