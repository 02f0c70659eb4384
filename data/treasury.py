"""Money that the customer paid in: real in the live book, marked play money in the sandbox."""

from sqlalchemy import Connection

from data import ledger
from data.records import Records
from data.unit import Transaction
from engine import postings
from engine.assets import USD, minor_units
from engine.canonical import Json
from engine.commands import Command, Refused
from engine.ledger import HELD, LEG_MAX, TREASURY, is_set_aside
from engine.modes import mode_of_book
from engine.money import Money
from engine.people import Actor

PLAY_MONEY_CENTS = 100_000_00
PLAY_MONEY = "PLAY MONEY: the sandbox's opening deposit"
OPENED, DEPOSITED = "treasury.opened", "treasury.deposited"
_KEY = "play-money"


def begin_play_money(records: Records) -> None:
    """Give a sandbox book its opening deposit, once; marked in its every posting."""
    if mode_of_book(records.book) != "sandbox" or records.knows(_KEY):
        return
    body = {"cents": str(PLAY_MONEY_CENTS), "is_play_money": "yes"}
    command = Command.by_system(_KEY, OPENED, "treasury", body)

    def act(unit: Transaction) -> Json:
        for name, make in (("opening", postings.opening), ("top-up", postings.top_up)):
            head = postings.Head(f"play-money/{name}", unit.now, PLAY_MONEY, "treasury")
            ledger.post(unit, make(head, PLAY_MONEY_CENTS))
        return {"free_cents": str(free_cents(unit.connection))}

    records.perform(command, act)


def deposit(records: Records, usd: Money, reference: str, who: Actor, key: str) -> None:
    """Book money that finance paid in, with the bank's reference. Raises Refused."""
    words = " ".join(reference.split())
    if not words or len(words) > 200:  # noqa: PLR2004 - as long as a posting's subject
        raise Refused("name the bank's reference of the payment, in up to 200 characters")
    try:
        cents = minor_units(usd, USD)
    except ValueError as error:
        raise Refused("a deposit is dollars and whole cents, as 5000.00") from error
    if not 0 < cents <= LEG_MAX:
        raise Refused("a deposit is more than nothing, and less than ten trillion dollars")
    body = {"cents": str(cents), "reference": words}
    command = Command.of(key, DEPOSITED, who, "treasury", body)
    mark = "PLAY MONEY: " if mode_of_book(records.book) == "sandbox" else ""

    def act(unit: Transaction) -> Json:
        for name, make in (("opening", postings.opening), ("top-up", postings.top_up)):
            posting_id = f"deposit/{unit.next_index}/{name}"
            head = postings.Head(posting_id, unit.now, f"{mark}paid in, {words}", "treasury")
            ledger.post(unit, make(head, cents))
        return {"free_cents": str(free_cents(unit.connection))}

    records.perform(command, act)


def free_cents(view: Connection) -> int:
    """Return what is paid in and not set aside."""
    return ledger.free_units(view, USD.code)


def locked(view: Connection) -> dict[str, int]:
    """Return where money lies, in cents: treasury, held, and escrow by network."""
    found = {
        account: cents
        for (account, asset), cents in ledger.balances_at(view).items()
        if asset == USD.code and is_set_aside(account)
    }
    return {TREASURY: free_cents(view), HELD: 0} | found
