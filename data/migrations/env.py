"""Alembic's environment: the connection is given by ``data/migrate.py``, in its transaction."""

from alembic import context

from data.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
