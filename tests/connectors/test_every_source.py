"""What holds for every source of prices, whatever it answers; a new one is in here by its sample.

Each test starts from a lake that holds a good reading, as a running Necto does.
"""

import csv
import io
import json
import shutil
from contextlib import suppress
from decimal import Decimal

import httpx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import SourceError
from connectors.registry import SOURCES, sources
from data import offers as questions
from data.market import Lake
from data.shipped import catalogue
from data.signals import signals
from engine.export import OFFER_COLUMNS, csv_text, records
from engine.market import distinct, offers_frame, providers_frame
from engine.runs import RunRecord
from engine.signals import signals_frame
from tests.connectors.codecs import at, codec_of
from tests.connectors.samples import (
    NOW,
    SAMPLES,
    Answers,
    Sample,
    answering,
    client,
    endless,
    fails,
    ingest,
    kinds_of_places,
    says,
)


@pytest.fixture(params=SOURCES, ids=lambda source: source.name)
def sample(request) -> Sample:
    return SAMPLES[request.param.name]


SELLERS = [source for source in SOURCES if source.has_offers]
of_sellers = pytest.mark.parametrize("sample", SELLERS, ids=lambda s: s.name, indirect=True)
"""For what is about prices, which a source of signals only does not have."""


@pytest.fixture(scope="session")
def good_lakes(tmp_path_factory) -> dict[str, Lake]:
    """One lake per source that holds its good reading; copied, never written to."""
    lakes = {name: Lake(tmp_path_factory.mktemp(name) / "market") for name in SAMPLES}
    for name, sample in SAMPLES.items():
        ingest(lakes[name], answering(sample, sample.texts())).run(sample.made())
    return lakes


@pytest.fixture
def lake(good_lakes, sample, tmp_path) -> Lake:
    return Lake(shutil.copytree(good_lakes[sample.name].root, tmp_path / "market"))


@pytest.fixture(scope="session")
def found_without_row() -> dict[str, pl.DataFrame]:
    return {}


@pytest.fixture
def others(good_lakes, found_without_row, sample, tmp_path) -> pl.DataFrame:
    """What is learnt when the row that a test spoils is not there; read once per source."""
    if sample.name not in found_without_row:
        lake = Lake(shutil.copytree(good_lakes[sample.name].root, tmp_path / "without"))
        found_without_row[sample.name] = learnt_of(lake, sample, sample.without_row())
    return found_without_row[sample.name]


def read(lake: Lake, sample: Sample, answers: Answers) -> RunRecord:
    return ingest(lake, answers).run(sample.made())


def offers(lake: Lake) -> pl.DataFrame:
    return questions.latest(lake, NOW).offers


def learnt(lake: Lake, sample: Sample) -> pl.DataFrame:
    """What the lake holds of a source, read anew: its offers, or its signals if it has none."""
    found = questions.read(lake, NOW).offers
    return found if sample.source.has_offers else signals(lake, sample.name)


def offer_of_the_row(lake: Lake, sample: Sample) -> pl.DataFrame:
    found = offers(lake)
    raws = (questions.raw_row(lake, sample.name, offer_id) for offer_id in found["offer_id"])
    return found.filter(pl.Series(sample.mark in (raw or "") for raw in raws))


def learnt_of(lake: Lake, sample: Sample, texts: dict[str, str]) -> pl.DataFrame:
    assert read(lake, sample, answering(sample, texts)).outcome == "ok"
    return learnt(lake, sample)


BROKEN = {
    "refused connection": (fails(httpx.ConnectError), "unreachable"),
    "time-out": (fails(httpx.ReadTimeout), "unreachable"),
    "reset": (fails(httpx.ReadError), "unreachable"),
    "401": (says(401, '{"message":"Invalid API key"}'), "denied"),
    "403": (says(403), "denied"),
    "404": (says(404, "Not found."), "unreadable"),
    "409": (says(409), "unreadable"),
    "429": (says(429), "unreachable"),
    "429, soon": (says(429, Retry_After="1"), "unreachable"),
    "429, in a day": (says(429, Retry_After="86400"), "unreachable"),
    "500": (says(500, "<html>oops</html>"), "unreachable"),
    "502": (says(502), "unreachable"),
    "503": (says(503, Retry_After="Mon, 23 Nov 2026 12:00:00 GMT"), "unreachable"),
    "a web page": (says(200, "<!doctype html><p>Please log in"), "unreadable"),
    "nothing": (says(200, ""), "unreadable"),
    "endless": (endless, "unreadable"),
    "deep": (says(200, "[" * 50_000), "unreadable"),
    "text": (says(200, '"maintenance"'), "unreadable"),
    "null": (says(200, "null"), "unreadable"),
    "number": (says(200, "7"), "unreadable"),
    "list": (says(200, "[]"), "unreadable"),
    "object": (says(200, "{}"), "unreadable"),
}


def assert_kept(
    lake: Lake, sample: Sample, before: pl.DataFrame, record: RunRecord, outcome: str
) -> None:
    """The run is remembered with a sentence for people, and what is shown is still as before."""
    assert record.outcome == outcome
    assert (record.offers, lake.run(record.network, record.run_id)) == (0, record)
    assert 10 < len(record.message) < 400
    assert record.message.isprintable()
    state = questions.states(lake, questions.latest(lake, NOW))[0]
    assert (state.status_at(record.finished_at), state.last) == ("failing", record)
    assert state.offers == offers(lake).height
    assert learnt(lake, sample).equals(before)
    assert before.height > 0


@pytest.mark.parametrize(("answers", "outcome"), BROKEN.values(), ids=BROKEN)
def test_a_broken_source_keeps_what_it_said_last(lake, sample, answers, outcome):
    before = learnt(lake, sample)
    record = read(lake, sample, answers)
    assert_kept(lake, sample, before, record, outcome)


@pytest.mark.parametrize("failure", ["503", "a web page", "endless"])
def test_half_of_the_answers_is_no_answer(lake, sample, failure):
    before = learnt(lake, sample)
    good = answering(sample, sample.texts())
    bad, outcome = BROKEN[failure]
    files = sorted(sample.essential or sample.texts())
    others = [name for name in files if name != sample.rows_file]
    spoiled = (others or [sample.rows_file])[0]  # a source of one answer has no better half
    record = read(lake, sample, lambda r: (bad if sample.file_of(r) == spoiled else good)(r))
    assert_kept(lake, sample, before, record, outcome)


def test_a_truncated_answer_keeps_what_was_said_last(lake, sample):
    texts = {name: text[: len(text) // 2] for name, text in sample.texts().items()}
    before = learnt(lake, sample)
    record = read(lake, sample, answering(sample, texts))
    assert_kept(lake, sample, before, record, "unreadable")
    assert "JSON" in record.message


@pytest.mark.parametrize("rows", [[], [7, None, "x", [], {}], [{"price": 1}] * 50], ids=str)
def test_an_answer_of_no_use_keeps_what_was_said_last(lake, sample, rows):
    texts = sample.changed(lambda document: sample.rows(document).__setitem__(slice(None), rows))
    before = learnt(lake, sample)
    record = read(lake, sample, answering(sample, texts))
    assert_kept(lake, sample, before, record, "unreadable")
    assert ("none of" if sample.passes_over else f"none of {len(rows)} rows") in record.message


NO_NUMBER = ["null", "true", '""', '"free"', "[]", "{}", "[0, [9, 6], 0]", '"\\ud800"']
NO_PRICE = ["NaN", "Infinity", "-Infinity", '"NaN"', "-96.125", "0", "-0.0", "99999999999"]
NO_PRICE += ["1e999999", '"1e999999"', "-1e999999", "1e-999999", "1e-30", "9" * 400]


def assert_refused(lake: Lake, sample: Sample, texts: dict[str, str], others: pl.DataFrame) -> None:
    """The row is not used but a reject with a reason; every other one is as without it."""
    record = read(lake, sample, answering(sample, texts))
    assert record.outcome == "ok"
    assert learnt(lake, sample).equals(others)
    rejects = questions.rejects(lake, record)
    rejected = rejects.filter(pl.col("row").str.contains(sample.mark, literal=True))
    assert rejected.height == 1
    assert 5 < len(rejected["reason"][0]) < 1000


@pytest.mark.parametrize("token", NO_NUMBER, ids=lambda token: token[:14])
def test_a_row_without_a_number_is_refused_alone(lake, sample, others, token):
    assert_refused(lake, sample, sample.with_token(sample.price, token), others)


@of_sellers
@pytest.mark.parametrize("token", NO_PRICE, ids=lambda token: token[:14])
def test_a_row_with_an_impossible_price_is_refused_alone(lake, sample, others, token):
    assert_refused(lake, sample, sample.with_token(sample.price, token), others)


@pytest.mark.parametrize("token", ["null", "7", '{"a": 1}'])
def test_a_row_with_a_field_of_another_type_is_refused_alone(lake, sample, others, token):
    for place in sample.needed:
        assert_refused(lake, sample, sample.with_token(place, token), others)


def test_a_row_that_lacks_a_field_is_refused_alone(lake, sample, others):
    for place in (sample.price, *sample.needed):
        *parent, field = (*sample.row, *place)
        texts = sample.changed(lambda document, p=parent, f=field: at(document, tuple(p)).pop(f))
        assert_refused(lake, sample, texts, others)


def test_a_repeated_row_is_counted_once_and_told(lake, sample):
    before = learnt(lake, sample)
    texts = sample.changed(lambda d: sample.rows(d).append(at(d, sample.row)))
    record = read(lake, sample, answering(sample, texts))
    assert learnt(lake, sample).equals(before)
    assert record.reject_counts["duplicate"] == 1
    rejects = questions.rejects(lake, record).filter(code="duplicate")
    assert sample.mark in rejects["row"][0]


@of_sellers
def test_an_unknown_machine_is_never_taken_for_a_known_one(lake, sample, others):
    texts = sample.with_token(sample.gpu, '"Quux 9000"')
    if sample.keeps_unknown_gpus:
        unknown = pl.col("gpu_model").is_null()
        found = learnt_of(lake, sample, texts)
        assert "Quux 9000" in found.filter(unknown)["gpu_name"].item()
        assert found.filter(~unknown).equals(others)
    else:
        assert_refused(lake, sample, texts, others)


@pytest.mark.parametrize(
    "token", ['"\\ud800"', '"\\u0000"', '"=1+1"', f'"{"x" * 9000}"'], ids=range(4)
)
def test_a_row_with_odd_text_leaves_the_others_as_they_are(lake, sample, others, token):
    one = "offer_id" if sample.source.has_offers else "at"
    for place in sample.texts_in_row:
        found = learnt_of(lake, sample, sample.with_token(place, token))
        assert found.join(others, on=one, how="semi").equals(others)
        assert found.height <= others.height + 1


def test_fields_that_nobody_documented_change_nothing(lake, sample):
    before = learnt(lake, sample)
    extra = {"promo": {"usd": "0.01"}, "x" * 99: [1, None]}
    texts = sample.changed(lambda document: at(document, sample.row).update(extra))
    assert learnt_of(lake, sample, texts).equals(before)


@of_sellers
def test_every_offer_says_where_it_is_from(lake, sample):
    found = offers(lake)
    assert found["network"].unique().to_list() == [sample.name]
    assert found["source_kind"].unique().to_list() == ["live"]
    assert found["observed_at"].unique().to_list() == [NOW.replace(tzinfo=None)]
    assert all(text.startswith(sample.source.default_url) for text in found["source_url"])
    assert all(found["source"].str.len_chars() > 20)
    assert offer_of_the_row(lake, sample).height == 1


def test_every_signal_says_where_it_is_from(lake, sample):
    found = signals(lake, sample.name)
    assert found.height > 0 or sample.source.has_offers
    assert set(found["network"]) <= {sample.name}
    assert set(found["source_kind"]) <= {"live"}
    assert set(found["observed_at"]) <= {NOW.replace(tzinfo=None)}
    assert all(text.startswith(sample.source.default_url) for text in found["source_url"])


@of_sellers
@pytest.mark.parametrize("price", ["400.5", "96.125", "0.1", "123.4567890123457", "700", "1e2"])
def test_a_price_is_the_same_number_from_the_answer_to_the_export(lake, sample, price):
    read(lake, sample, answering(sample, sample.with_token(sample.price, price)))
    expected = sample.usd_per_hour(Decimal(price))
    shown = offer_of_the_row(lake, sample)
    assert shown["usd_per_hour"].to_list() == [expected]
    table = list(csv.DictReader(io.StringIO(csv_text(records(shown), OFFER_COLUMNS))))
    assert Decimal(table[0]["usd_per_hour"]) == expected


def test_an_address_can_be_pointed_at_a_stand_in(sample):
    here = "http://127.0.0.1:9"
    keys = {f"NECTO_{s.name.upper()}_KEY": s.key for s in SAMPLES.values() if s.key}
    there = {f"NECTO_{sample.name.upper()}_URL": here + "/"}
    moved = {s.name: s.base_url for s in sources(keys | there)}
    usual = {s.name: s.base_url for s in sources(keys)}
    assert moved == usual | {sample.name: here}
    assert usual[sample.name].startswith("https://")


TOKENS = ["NaN", "Infinity", "1e999999", "-1e-400", "9" * 400, "9" * 5000, '"\\ud800"', '"\\u0000"']
TOKENS += ['"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"', '"https://[x"', "[" * 500]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def reads(sample: Sample, texts: dict[str, str]) -> None:
    """Read answers up to what is stored of them; any error but a SourceError is a fault."""
    source = sample.made()
    with suppress(SourceError):
        answers = source.fetch(client(answering(sample, texts)), catalogue())
        reading = source.parse(answers, NOW, catalogue())
        offers_frame(distinct(reading.offers)[0])
        providers_frame(reading.providers)
        signals_frame(reading.signals)
        assert all(f"{r.reason} {r.row}".encode() for r in reading.rejects)


def test_half_a_character_in_any_place_is_no_fault(sample):
    texts = sample.texts()
    for name in texts:
        codec = codec_of(name)
        for place in kinds_of_places(codec.loads(texts[name])):
            reads(sample, texts | {name: codec.with_token(texts[name], place, '"\\ud800"')})


def test_no_value_in_any_place_is_a_fault(sample):
    texts = sample.texts()
    documents = {name: codec_of(name).loads(text) for name, text in texts.items()}
    spots = [(name, place) for name, found in documents.items() for place in kinds_of_places(found)]

    @settings(max_examples=80, deadline=None, database=None, derandomize=True)
    @given(spot=st.sampled_from(spots), token=st.sampled_from(TOKENS) | JSON.map(json.dumps))
    def reads_whatever_is_there(spot, token):
        name, place = spot
        reads(sample, texts | {name: codec_of(name).with_token(texts[name], place, token)})

    reads_whatever_is_there()
