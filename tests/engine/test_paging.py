"""What a browser may ask of a long table, and what a page may answer."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.paging import (
    QUERY_LENGTH_MAX,
    VALUES_MAX,
    WINDOW_ROWS_MAX,
    BadQuery,
    Query,
    Row,
    TablePage,
    parsed_query,
)

COLUMNS = ("time", "actor", "usd")
_column = st.sampled_from(COLUMNS)
_direction = st.sampled_from(("asc", "desc"))


def parsed(asked: object) -> Query:
    return parsed_query(asked, sortable=COLUMNS, filterable=COLUMNS[:2], facets=("actor",))


@given(
    st.lists(st.tuples(_column, _direction), max_size=3, unique_by=lambda pair: pair[0]),
    st.dictionaries(st.sampled_from(COLUMNS[:2]), st.text(min_size=1, max_size=200)),
    st.lists(st.text(max_size=300), min_size=1, max_size=VALUES_MAX),
    st.integers(0, 10**9),
)
def test_what_a_query_says_as_json_parses_to_the_same_query(sort, filters, values, offset):
    query = Query(sort=tuple(sort), filters=filters, facets={"actor": tuple(values)}, offset=offset)

    assert parsed(query.model_dump(mode="json")) == query


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*Query.model_fields, "actor"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_anything_at_all_is_refused_or_keeps_to_the_columns_and_limits(asked):
    with contextlib.suppress(BadQuery):
        query = parsed(asked)
        assert query.limit <= WINDOW_ROWS_MAX
        assert {name for name, _ in query.sort} <= set(COLUMNS)
        assert set(query.filters) <= set(COLUMNS[:2])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"sort": [["time", "up"]]}, "'asc' or 'desc'"),
        ({"sort": [["secret", "asc"]]}, "sorted by the column 'secret'"),
        ({"sort": [["time", "asc"], ["time", "desc"]]}, "sorted by twice"),
        ({"sort": [["time", "asc"]] * 5}, "at most 4"),
        ({"filters": {"usd": "1"}}, "filtered by the column 'usd'"),
        ({"filters": {"time": ""}}, "at least 1 character"),
        ({"filters": {"time": "x" * 201}}, "at most 200"),
        ({"filters": {"time": "\ud800"}}, "JSON"),
        ({"facets": {"time": ["a"]}}, "chosen from by the column 'time'"),
        ({"facets": {"actor": []}}, "at least 1 item"),
        ({"facets": {"actor": ["a"] * 51}}, "at most 50"),
        ({"offset": "3"}, "offset: Input should be a valid integer"),
        ({"offset": -1}, "greater than or equal to 0"),
        ({"limit": True}, "valid integer"),
        ({"limit": 10**6}, "less than or equal to 1000"),
        ({"limit": float("nan")}, "limit"),
        ({"where": "1=1"}, "Extra inputs"),
        ({"filters": {"time": "x" * QUERY_LENGTH_MAX}}, "longer than"),
        ([], "object"),
        (b"{}", "not JSON"),
    ],
)
def test_a_query_out_of_bounds_is_refused_with_the_part_that_is(asked, reason):
    with pytest.raises(BadQuery) as refusal:
        parsed(asked)

    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_a_bottomless_query_is_refused():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(BadQuery):
        parsed({"sort": deep})


@pytest.mark.parametrize("row_id", ["", "x" * 201])
def test_a_row_has_an_id_that_can_be_asked_for(row_id):
    with pytest.raises(ValueError, match="a row's id has 1 to 200 characters"):
        Row(row_id, {})


def test_a_page_holds_the_rows_it_says_it_holds():
    row = Row("a", {})

    assert (
        TablePage(7, [], 5, 9, "1").offset == 7
    )  # the rows may have gone since they were asked for
    for page in (
        lambda: TablePage(-1, [row], 5, 5, "1"),
        lambda: TablePage(5, [row], 5, 5, "1"),
        lambda: TablePage(0, [row] * 1001, 5000, 5000, "1"),
    ):
        with pytest.raises(ValueError, match="rows"):
            page()
