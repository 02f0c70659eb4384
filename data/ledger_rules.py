"""What the database itself refuses in the ledger, whoever writes to it, in SQLite and PostgreSQL.

Order within one transaction: the hold (when new), the legs, the event of the hold, the posting.
Legs and events refer to their posting by a DEFERRED foreign key; the posting comes last and its
trigger judges all of it (SQLite has no deferred trigger). Each condition is written once, in the
SQL that both engines share; of several that are met the first one speaks. ``engine.ledger``,
``engine.holds`` and ``engine.book`` hold the same rules with better words: these are for whoever
goes around them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """No row that meets the condition is added to the table; the message says what to do."""

    table: str
    refused_when: str
    message: str


RULES = (
    Rule(
        "legs",
        """EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.posting_id)
        OR EXISTS (SELECT 1 FROM hold_events WHERE posting_id = NEW.posting_id)""",
        "ledger: this posting is in the book already, no leg is added to it: post a correction",
    ),
    Rule(
        "legs",
        "NEW.amount = 0",
        "ledger: a leg that moves nothing is left out",
    ),
    Rule(
        "legs",
        "NEW.amount > 1000000000000000 OR NEW.amount < -1000000000000000",
        "ledger: a leg carries at most 10^15 minor units: correct the amount, or post it in parts",
    ),
    Rule(
        "postings",
        "EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.posting_id)",
        "ledger: this posting is in the book already: give each its own id",
    ),
    Rule(
        "postings",
        """NEW.leg_count < 2
        OR NEW.leg_count <> (SELECT count(*) FROM legs WHERE posting_id = NEW.posting_id)""",
        "ledger: a posting has two legs or more, all of them added before it",
    ),
    Rule(
        "postings",
        """EXISTS (SELECT 1 FROM legs WHERE posting_id = NEW.posting_id
        GROUP BY asset HAVING sum(amount) <> 0)""",
        "ledger: the legs of an asset do not sum to zero: correct an amount or add the missing leg",
    ),
    Rule(
        "postings",
        """NEW.hold_id IS NULL AND EXISTS (SELECT 1 FROM legs WHERE posting_id = NEW.posting_id
        AND (account = 'assets:held' OR substr(account, 1, 14) = 'assets:escrow:'))""",
        "ledger: money that is held or in escrow belongs to a hold: name it",
    ),
    Rule(
        "postings",
        """coalesce(NEW.hold_id, '') <> coalesce(
        (SELECT hold_id FROM hold_events WHERE posting_id = NEW.posting_id), '')""",
        "ledger: a posting that names a hold has one event of this hold, added before it",
    ),
    Rule(
        "postings",
        "NEW.at <> (SELECT at FROM hold_events WHERE posting_id = NEW.posting_id)",
        "ledger: an event of a hold happens when its posting does",
    ),
    Rule(
        "postings",
        """NEW.reverses IS NOT NULL
        AND EXISTS (SELECT 1 FROM postings WHERE reverses = NEW.reverses)""",
        "ledger: this posting has been reversed already: nothing is left of it",
    ),
    Rule(
        "postings",
        """EXISTS (SELECT 1 FROM postings
        WHERE posting_id = NEW.reverses AND reverses IS NOT NULL)""",
        "ledger: a reversal is not reversed: post again what it took back",
    ),
    Rule(
        "postings",
        "EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.reverses AND at > NEW.at)",
        "ledger: a posting is reversed when it happened or later",
    ),
    Rule(
        "postings",
        """NEW.reverses IS NOT NULL AND (
        NOT EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.reverses
          AND leg_count = NEW.leg_count
          AND coalesce(hold_id, '') = coalesce(NEW.hold_id, ''))
        OR EXISTS (SELECT 1 FROM legs original WHERE original.posting_id = NEW.reverses
          AND NOT EXISTS (SELECT 1 FROM legs mirror WHERE mirror.posting_id = NEW.posting_id
            AND mirror.position = original.position AND mirror.account = original.account
            AND mirror.asset = original.asset AND mirror.amount = -original.amount)))""",
        "ledger: a reversal is the mirror image of all of a posting in the book, leg by leg",
    ),
    Rule(
        "postings",
        """EXISTS (SELECT 1 FROM hold_events WHERE posting_id = NEW.posting_id
        AND CASE WHEN NEW.reverses IS NULL THEN step = 'restored'
        ELSE step NOT IN ('restored', 'moved') END)""",
        "ledger: of a hold only posts and moves are reversed, and only a reversal restores: "
        "close the hold instead",
    ),
    Rule(
        "hold_events",
        """EXISTS (SELECT 1 FROM postings WHERE posting_id = NEW.posting_id)
        OR EXISTS (SELECT 1 FROM hold_events WHERE posting_id = NEW.posting_id)""",
        "ledger: this posting is in the book already, or has its event: a posting has one event",
    ),
    Rule(
        "hold_events",
        """(SELECT step FROM hold_events WHERE hold_id = NEW.hold_id
        ORDER BY ordinal DESC LIMIT 1) = 'closed'""",
        "ledger: this hold is closed, nothing follows a close: open a new hold",
    ),
    Rule(
        "hold_events",
        """NEW.ordinal <> 1 + coalesce(
          (SELECT max(ordinal) FROM hold_events WHERE hold_id = NEW.hold_id), 0)
        OR (NEW.step = 'opened') <> (NEW.ordinal = 1)""",
        "ledger: the events of a hold are counted from 1, and the first one opens it",
    ),
    Rule(
        "hold_events",
        """NEW.step NOT IN ('opened', 'enlarged', 'posted', 'restored', 'moved', 'closed')
        OR NEW.amount < 0
        OR (NEW.step = 'moved' AND NEW.amount <> 0)
        OR (NEW.step NOT IN ('moved', 'closed') AND NEW.amount = 0)
        OR (NEW.posting_id IS NULL) <> (NEW.step = 'closed' AND NEW.amount = 0)""",
        "ledger: an event has a step, an amount that is not negative, and a posting: only a move "
        "and the close of an empty hold have the amount 0, and the latter no posting",
    ),
    Rule(
        "hold_events",
        "NEW.step = 'enlarged' AND coalesce(NEW.approval, '') = ''",
        "ledger: a hold is enlarged by an approval: name it",
    ),
    Rule(
        "hold_events",
        """NEW.posting_id IS NOT NULL AND coalesce((SELECT sum(amount) FROM legs
          WHERE posting_id = NEW.posting_id
          AND (account = 'assets:held' OR substr(account, 1, 14) = 'assets:escrow:')
        ), NEW.amount + 1) <> CASE NEW.step WHEN 'posted' THEN -NEW.amount
          WHEN 'closed' THEN -NEW.amount ELSE NEW.amount END""",
        "ledger: the event is not what the legs of its posting do to held and escrowed money",
    ),
    Rule(
        "hold_events",
        """EXISTS (SELECT 1 FROM legs WHERE posting_id = NEW.posting_id
        AND account <> 'assets:held' AND NOT CASE
          WHEN substr(account, 1, 14) = 'assets:escrow:'
            THEN NEW.step NOT IN ('opened', 'enlarged')
          WHEN NEW.step IN ('opened', 'enlarged') THEN account = 'assets:treasury'
          WHEN NEW.step IN ('posted', 'restored') THEN substr(account, 1, 9) = 'expenses:'
          WHEN NEW.step = 'closed' THEN account IN ('assets:treasury', 'assets:receivable')
          ELSE 1 = 0 END)""",
        "ledger: a hold is opened and enlarged from the treasury, posted to expenses, moved within "
        "what is set aside, closed to the treasury or what is owed: post anything else by itself",
    ),
    Rule(
        "hold_events",
        """EXISTS (SELECT 1 FROM legs WHERE posting_id = NEW.posting_id
        AND asset <> (SELECT asset FROM holds WHERE hold_id = NEW.hold_id))""",
        "ledger: a posting that names a hold is in the asset of the hold: convert first",
    ),
    Rule(
        "hold_events",
        """NEW.step IN ('opened', 'enlarged') AND (SELECT
          sum(amount >> 32) * 4294967296 + sum(amount & 4294967295) FROM legs
          WHERE account = 'assets:treasury'
          AND asset = (SELECT asset FROM holds WHERE hold_id = NEW.hold_id)) < 0""",
        "ledger: the treasury has less than this hold takes: top up, or ask for less",
    ),
    Rule(
        "hold_events",
        """NEW.approved <> coalesce((SELECT approved FROM hold_events
          WHERE hold_id = NEW.hold_id AND ordinal = NEW.ordinal - 1), 0)
          + CASE WHEN NEW.step IN ('opened', 'enlarged') THEN NEW.amount ELSE 0 END
        OR NEW.spent <> coalesce((SELECT spent FROM hold_events
          WHERE hold_id = NEW.hold_id AND ordinal = NEW.ordinal - 1), 0)
          + CASE NEW.step WHEN 'posted' THEN NEW.amount WHEN 'restored' THEN -NEW.amount ELSE 0 END
        OR NEW.at_home <> coalesce((SELECT at_home FROM hold_events
          WHERE hold_id = NEW.hold_id AND ordinal = NEW.ordinal - 1), 0)
          + coalesce((SELECT sum(amount) FROM legs
            WHERE posting_id = NEW.posting_id AND account = 'assets:held'), 0)""",
        "ledger: what is approved, spent and at home after the event does not follow from the "
        "event before: read the hold again",
    ),
    Rule(
        "hold_events",
        "NEW.spent > NEW.approved",
        "ledger: the post is more than remains of the hold: approve a larger hold first",
    ),
    Rule(
        "hold_events",
        "NEW.step = 'closed' AND NEW.amount <> NEW.approved - NEW.spent",
        "ledger: the close does not release what remains of the hold: release all of it",
    ),
    Rule(
        "hold_events",
        """NEW.at_home < 0 OR NEW.at_home > NEW.approved - NEW.spent
          - CASE NEW.step WHEN 'closed' THEN NEW.amount ELSE 0 END
        OR (EXISTS (SELECT 1 FROM legs WHERE posting_id = NEW.posting_id AND amount < 0
          AND substr(account, 1, 14) = 'assets:escrow:')
        AND EXISTS (SELECT 1 FROM legs
          WHERE (posting_id = NEW.posting_id OR posting_id IN (
            SELECT posting_id FROM hold_events WHERE hold_id = NEW.hold_id))
          AND substr(account, 1, 14) = 'assets:escrow:'
          GROUP BY account HAVING sum(amount) < 0))""",
        "ledger: the hold has less than that in this account: take it from where it lies",
    ),
)

ONCE = (
    "CREATE UNIQUE INDEX ledger_one_reversal ON postings (reverses)",
    "CREATE UNIQUE INDEX ledger_one_event ON hold_events (posting_id)",
)
"""For two writers at once in PostgreSQL, where a trigger does not see what the other has not
committed; with the primary key (hold_id, ordinal), on which two events of one hold collide."""

_LEGS_COMPLETE = (
    """CREATE FUNCTION ledger_legs_are_complete() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$ BEGIN
IF (SELECT leg_count FROM postings WHERE posting_id = NEW.posting_id) IS DISTINCT FROM
(SELECT count(*) FROM legs WHERE posting_id = NEW.posting_id) THEN
RAISE EXCEPTION USING ERRCODE = 'check_violation',
MESSAGE = 'ledger: a leg was added to a posting that another writer had just made';
END IF; RETURN NULL; END $$""",
    """CREATE CONSTRAINT TRIGGER ledger_legs_are_complete AFTER INSERT ON legs
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_legs_are_complete()""",
)
"""At commit: the last gap between two writers, a leg for a posting not yet committed."""


def _sqlite(table: str) -> str:
    return "\n".join(
        [
            f"CREATE TRIGGER ledger_{table} BEFORE INSERT ON {table} BEGIN",
            *(
                f"SELECT RAISE(ABORT, '{rule.message}')\nWHERE {rule.refused_when};"
                for rule in RULES
                if rule.table == table
            ),
            "END",
        ]
    )


def _postgresql(table: str) -> tuple[str, str]:
    # The parentheses keep the THEN of a CASE from ending the IF.
    function = "\n".join(
        [
            f"CREATE FUNCTION ledger_{table}() RETURNS trigger LANGUAGE plpgsql",
            "SET search_path FROM CURRENT AS $$ BEGIN",
            *(
                f"IF ({rule.refused_when}) THEN RAISE EXCEPTION USING\n"
                f"ERRCODE = 'check_violation', MESSAGE = '{rule.message}';\nEND IF;"
                for rule in RULES
                if rule.table == table
            ),
            "RETURN NEW; END $$",
        ]
    )
    trigger = (
        f"CREATE TRIGGER ledger_{table} BEFORE INSERT ON {table}\n"
        f"FOR EACH ROW EXECUTE FUNCTION ledger_{table}()"
    )
    return function, trigger


_TABLES = ("legs", "hold_events", "postings")

SQLITE: tuple[str, ...] = (*ONCE, *(_sqlite(table) for table in _TABLES))
"""Statements to run once the tables are there, without parameters (they hold colons)."""

POSTGRESQL: tuple[str, ...] = (
    *ONCE,
    *(statement for table in _TABLES for statement in _postgresql(table)),
    *_LEGS_COMPLETE,
)
"""Statements to run in the book's schema, on the search path then: the functions remember it."""
