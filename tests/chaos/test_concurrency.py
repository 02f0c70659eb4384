"""Many processes write one book at once: no error, no lost update, nothing twice."""

import time
from collections import Counter

import pytest

from data.documents import Changed, one, put
from data.records import Records
from engine.commands import Command
from tests.chaos.commands import ANN, HERE, order, problems
from tests.children import Child

PROCESSES = 4


def count_up(book, lane, number):
    """Read, think, write what was read plus one; when somebody was faster, look again."""
    asked = Command.of(f"count-{lane}-{number}", "count.asked", ANN, "count/x", {"n": number})
    for tries in range(10_000):
        with book.reading() as view:
            known = one(view, "count", "all")
        total, version = (known.body["number"] + 1, known.version) if known else (1, 0)
        try:
            book.perform(
                asked,
                lambda unit, t=total, v=version: (
                    put(unit, "count", "all", {"number": t}, expected=v) and None
                ),
            )
        except Changed:
            continue
        return tries
    raise AssertionError("always somebody faster")


def write(pipe, url, lane, commands):
    """A third of the commands counts, a third is the same for all processes, a third is its own."""
    book = Records.open(url, "sandbox", HERE)
    pipe.send("ready")
    pipe.recv()
    told = Counter()
    try:
        for number in range(commands):
            start = time.perf_counter()
            if number % 3 == 0:
                told["tries"] += count_up(book, lane, number)
            else:
                key = f"order-{'all' if number % 3 == 1 else lane}-{number}"
                asked = Command.of(key, "order.asked", ANN, "order/x", {"n": number})
                told["first"] += not book.perform(asked, order(key)).replayed
            told["slowest"] = max(told["slowest"], time.perf_counter() - start)
    except Exception as error:  # noqa: BLE001 - none may reach a caller
        told["error"] = f"{lane} {number}: {type(error).__name__}: {error}"
    book.close()
    pipe.send(told)


@pytest.mark.timeout(1800)
def test_four_processes_lose_nothing_and_do_nothing_twice(records_url, chaos, record_property):
    commands = chaos.of(500, 24)
    Records.open(records_url, "sandbox", HERE).close()
    writers = [Child(write, records_url, f"p{n}", commands) for n in range(PROCESSES)]
    for each in writers:
        assert each.says() == "ready"
    start = time.perf_counter()
    for each in writers:
        each.pipe.send("go")
    told = [each.says(1200) for each in writers]
    seconds = time.perf_counter() - start
    for each in writers:
        each.process.join()
        each.pipe.close()

    assert [each["error"] for each in told if each["error"]] == []
    records = Records.open(records_url, "sandbox", HERE)
    counted, shared = len(range(0, commands, 3)), len(range(1, commands, 3))
    own = len(range(2, commands, 3))
    assert sum(each["first"] for each in told) == shared + PROCESSES * own
    with records.reading() as view:
        assert one(view, "count", "all").body == {"number": PROCESSES * counted}
        size = view.exec_driver_sql("SELECT count(*) FROM entries").scalar()
    assert size == 1 + PROCESSES * (counted + own) + shared
    assert problems(records, {}) == []
    records.close()
    record_property(
        "chaos",
        f"{records.engine.dialect.name}: {PROCESSES} processes x {commands} commands on one book "
        f"in {seconds:.0f} s, the slowest took {max(each['slowest'] for each in told):.1f} s; "
        f"{sum(each['tries'] for each in told)} times somebody else had counted first",
    )
