"""Every command of the terminal that a room of its own holds; ``cli.py`` mounts them."""

from collections.abc import Sequence

import typer

from connectors.jobs import (
    terminal,
    terminal_alerts,
    terminal_audit,
    terminal_cards,
    terminal_decisions,
    terminal_ledger,
    terminal_logs,
    terminal_money,
    terminal_order,
    terminal_people,
    terminal_plan,
    terminal_policy,
    terminal_reconcile,
    terminal_records,
    terminal_route,
    terminal_sandbox,
)

terminal_order.app.add_typer(terminal_logs.app)
MOUNTED: Sequence[tuple[str | None, typer.Typer]] = (
    (None, terminal.app),
    (None, terminal_route.app),
    (None, terminal_plan.app),
    (None, terminal_records.app),
    ("cards", terminal_cards.app),
    ("audit", terminal_audit.app),
    ("ledger", terminal_ledger.app),
    ("alerts", terminal_alerts.app),
    ("policy", terminal_policy.app),
    ("decisions", terminal_decisions.app),
    ("people", terminal_people.app),
    ("order", terminal_order.app),
    ("budget", terminal_money.budget),
    ("treasury", terminal_money.treasury),
    (None, terminal_money.stops),
    (None, terminal_reconcile.app),
    ("sandbox", terminal_sandbox.app),
)
"""The name of each group, None where its commands stand beside the others."""
