"""The tables that migrations make are the tables that the code uses."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.records import Records
from data.tables import metadata


def test_migrations_make_what_the_tables_say(records_url):
    records = Records.open(records_url, "house", "here")
    with records.reading() as view:
        context = MigrationContext.configure(view, opts={"compare_type": True})
        differences = [
            one for one in compare_metadata(context, metadata) if one[0] != "remove_index"
        ]
    records.close()
    assert differences == []
