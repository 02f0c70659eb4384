"""``python -m connectors work``: the worker process that calls the networks."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial

from connectors.http import HttpClient
from connectors.jobs import deadman, probe
from connectors.jobs.alerts import judge_until
from connectors.jobs.checkpoints import sign_until
from connectors.jobs.connect import Connected, connected
from connectors.jobs.ingest import Ingest, now_utc
from connectors.jobs.job_logs import answer_logs_until
from connectors.jobs.order_desks import desks, once_begun
from connectors.jobs.procure import work_until
from connectors.jobs.reconcile import reconcile_until
from connectors.jobs.recovery import recover_until
from connectors.jobs.sandbox_keeper import keep_sandbox_until, market_now
from connectors.jobs.schedule import Chore, Worker
from connectors.jobs.screen import answer_until
from connectors.jobs.upkeep import keep_up_daily, tell_of_decisions
from connectors.jobs.watch import watch_until
from connectors.notify.places import BadPlace, Places
from data.books import close_books, open_book
from data.chosen import chosen
from data.market import BrokenLake, Lake
from data.settings import BadSettings, Settings
from data.shipped import catalogue
from data.worker import publish_connections

USAGE = "usage: python -m connectors work"


def chores(
    settings: Settings, lake: Lake, http: HttpClient, found: Sequence[Connected], places: Places
) -> list[Chore]:
    """What the worker does beside reading: orders, upkeep, alerts, signing, answers."""
    akash = next((one.source for one in found if one.connection.name == "akash"), None)
    house = partial(open_book, settings, "house")
    work: list[Chore] = [
        lambda stop: recover_until(house, lake, stop),
        lambda stop: keep_up_daily(
            lake,
            house,
            now_utc,
            stop,
            settings.keep_days,
            also=partial(tell_of_decisions, settings, lake),
        ),
        lambda stop: judge_until(settings, lake, now_utc, stop),
        lambda stop: sign_until(settings, http, places, stop),
    ]
    board, hosts = probe.Board(), probe.probe_hosts()
    orders = desks(settings, board.failures) if hosts else desks(settings)
    buying: list[Chore] = [
        lambda stop: work_until(orders, stop),
        lambda stop: watch_until(orders, stop),
        lambda stop: reconcile_until(orders, stop),
        lambda stop: answer_logs_until(orders, settings.home, stop),
    ]
    if hosts:
        buying.append(lambda stop: probe.probe_until(orders, board, hosts, stop))
    if settings.mode == "sandbox":
        market = partial(market_now, lake)
        buying.append(lambda stop: keep_sandbox_until(settings.home, market, stop))
    work += [partial(once_begun, settings, chore) for chore in buying]
    if url := deadman.deadman_url():
        monitored = HttpClient(deadman.LIMITS)
        work.append(lambda stop: deadman.signal_until(monitored, url, settings, stop))
    if akash:
        work.append(lambda stop: answer_until(settings.home, http, akash.base_url, stop))
    return work


def main(arguments: list[str]) -> int:
    """Run the worker until it is told to stop or its parent (NECTO_PARENT) is gone."""
    if arguments != ["work"]:
        sys.stderr.write(USAGE + "\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        settings = Settings.from_env()
        lake = Lake(settings.lake)
        places = Places.from_env()
        deadman.deadman_url(), probe.probe_hosts()  # a mistake in them shows at the start
    except (BadSettings, BadPlace, deadman.BadDeadman, probe.BadProbeHosts, BrokenLake) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = connected()
    publish_connections(settings.home, [one.connection for one in found])
    with HttpClient() as http:
        worker = Worker(
            settings.home,
            Ingest(lake, http, catalogue(), house=partial(open_book, settings, "house")),
            [one.source for one in found if one.source],
            chores=chores(settings, lake, http, found, places),
            is_on=lambda name: name not in chosen(settings).switched_off,
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.tell())
        parent = os.environ.get("NECTO_PARENT", "")
        worker.work(parent=int(parent) if parent.isdecimal() else 0)
    close_books()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
