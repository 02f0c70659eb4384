"""Keys of personal fields: one a person, made when first needed, destroyed when they ask."""

import contextlib
import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from data.engines import driver_of
from data.faults import RecordsBusy, explained
from data.records import Records
from data.tables import personal_keys
from data.unit import Transaction
from engine.canonical import Secret
from engine.commands import Command, Outcome
from engine.people import Actor
from engine.sealed import KEY_BYTES, NONCE_BYTES, SALT_BYTES, Sealed, Unreadable, revealed, sealed

ACTION = "person.shredded"


def seal(unit: Transaction, person: str, text: str) -> Sealed:
    """Seal a personal text within a command; put ``.json()`` of it where the text would stand."""
    key = _key(unit.connection, person)
    if key is None:
        key = Secret(secrets.token_bytes(KEY_BYTES))
        row = {"person": person, "key": key.reveal()}
        unit.connection.execute(insert(personal_keys), row)
    nonce, salt = secrets.token_bytes(NONCE_BYTES), secrets.token_bytes(SALT_BYTES)
    return sealed(person, text, key, nonce, salt)


def reveal(view: Connection, field: Sealed) -> str:
    """Return the text of a sealed field; raises Unreadable when its key was destroyed."""
    key = _key(view, field.person)
    if key is None:
        raise Unreadable(
            f"the key of {field.person} was destroyed: only that it is unchanged shows"
        )
    return revealed(field, key)


def reveal_all(view: Connection, fields: Iterable[Sealed]) -> dict[Sealed, str]:
    """Return the texts of sealed fields, without those whose key was destroyed or is another."""
    found = dict[Sealed, str]()
    wanted = list(fields)
    keys = select(personal_keys).where(personal_keys.c.person.in_({one.person for one in wanted}))
    known = {row.person: Secret(bytes(row.key)) for row in view.execute(keys)}
    for field in wanted:
        with contextlib.suppress(Unreadable, KeyError):
            found[field] = revealed(field, known[field.person])
    return found


def shred(records: Records, person: str, key: str, who: Actor) -> Outcome:
    """Destroy a person's key: their sealed fields can never be read again; the entry says so.

    A backup made before still holds the key: restoring it destroys the key again where the book
    that it replaces can be read, and deleting old backups is the operator's to do. Raises as
    ``_forget`` does.
    """
    asked = Command.of(key, ACTION, who, f"person/{person}", {"person": person})

    def act(unit: Transaction) -> object:
        return {"destroyed": destroyed(unit.connection, person)}

    outcome = records.perform(asked, act)
    _forget(records)
    return outcome


def _key(view: Connection, person: str) -> Secret[bytes] | None:
    asked = select(personal_keys.c.key).where(personal_keys.c.person == person)
    found = view.execute(asked).scalar()
    return None if found is None else Secret(bytes(found))


def destroyed(connection: Connection, person: str) -> bool:
    """Destroy a person's key within a transaction; says whether there was one."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")  # zeros where the key stood
    gone = connection.execute(delete(personal_keys).where(personal_keys.c.person == person))
    return gone.rowcount > 0


def _forget(records: Records) -> None:
    """Write over what was: in SQLite an old page may lie in the log, in PostgreSQL an old row.

    PostgreSQL's own log and its archives keep the row until they are recycled. Raises RecordsBusy
    where readers keep the log in use: repeat the command with the same key.
    """
    with explained(), records.engine.connect() as connection:
        if records.file is None:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM FULL personal_keys")
            return
        cleared = driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if cleared[0]:
        raise RecordsBusy(
            "the key is destroyed, but readers keep the log in use in which it may still lie: "
            "repeat this when they are done"
        )
