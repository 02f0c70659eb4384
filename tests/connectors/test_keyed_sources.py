"""A key is found nowhere but in the headers it was sent with, whatever the other side does."""

import logging

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from connectors.base import Denied
from connectors.keys import key_header, needed
from connectors.registry import SOURCES
from data.market import Lake
from data.shipped import catalogue
from tests.connectors.samples import SAMPLES, Sample, answering, client, ingest

KEYED = [sample for source in SOURCES if (sample := SAMPLES[source.name]).key]
keyed = pytest.mark.parametrize("sample", KEYED, ids=lambda sample: sample.name)


def secrets_of(sample: Sample) -> list[str]:
    """The key and, where one setting holds two, each half."""
    assert sample.key
    return [sample.key, *sample.key.split(":")]


def everything_in(lake: Lake) -> str:
    """Every file of a lake as text: its bytes, and the cells of what is compressed."""
    files = [path for path in lake.root.rglob("*") if path.is_file()]
    texts = [path.read_bytes().decode("latin-1") for path in files]
    frames = [pl.read_parquet(path) for path in files if path.suffix == ".parquet"]
    return "\n".join([*map(str, files), *texts, *(frame.write_csv() for frame in frames)])


@keyed
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
def test_a_key_is_found_nowhere_afterwards(sample, status, lake, caplog):
    caplog.set_level(logging.DEBUG)
    good = answering(sample, sample.texts())
    repeated = f'{{"detail": "no key {sample.key} and {sample.key!r} {"x" * 150}{sample.key}"}}'

    def answer(request: httpx.Request) -> httpx.Response:
        return good(request) if status == 200 else httpx.Response(status, text=repeated)

    record = ingest(lake, answer).run(sample.made())
    assert (record.outcome == "ok") == (status == 200)
    shown = "\n".join([record.message, record.model_dump_json(), caplog.text, everything_in(lake)])
    assert record.run_id in shown
    assert [secret for secret in secrets_of(sample) if secret in shown] == []


@keyed
def test_a_key_is_sent_in_headers_and_in_no_address(sample):
    asked: list[httpx.Request] = []
    good = answering(sample, sample.texts())
    source = sample.made()
    answers = source.fetch(client(lambda r: asked.append(r) or good(r)), catalogue())
    addresses = [*(answer.url for answer in answers), *(str(request.url) for request in asked)]

    assert all(any(v in secrets_of(sample) for v in r.headers.values()) for r in asked)
    assert not any(secret in text for text in addresses for secret in secrets_of(sample))
    assert not any(secret in repr(vars(source)) for secret in secrets_of(sample))


@keyed
@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_for_a_person(sample, status):
    with pytest.raises(Denied, match=str(status)):
        sample.made().fetch(client(lambda _: httpx.Response(status)), catalogue())


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_without_a_key_nothing_is_asked_where_one_is_needed(source):
    asked: list[httpx.Request] = []
    good = answering(SAMPLES[source.name], SAMPLES[source.name].texts())
    http = client(lambda r: asked.append(r) or good(r))
    if source.key_use == "required":
        with pytest.raises(Denied, match=f"NECTO_{source.name.upper()}_KEY") as refused:
            source().fetch(http, catalogue())
        assert (asked, source.key_form in str(refused.value)) == ([], True)
    else:
        assert source().fetch(http, catalogue())


@keyed
@pytest.mark.parametrize("spoilt", ["\r\nX-Evil: 1", " two", "é", "\0"], ids=ascii)
def test_a_key_no_header_can_carry_is_refused_unseen(sample, spoilt):
    source = sample.source(key=SecretStr(f"{sample.key}{spoilt}x"))
    with pytest.raises(Denied, match=f"NECTO_{sample.name.upper()}_KEY") as refused:
        source.fetch(client(lambda _: pytest.fail("asked")), catalogue())
    assert not any(secret in str(refused.value) for secret in secrets_of(sample))


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_key_is_a_missing_one(text):
    with pytest.raises(Denied, match=r"set NECTO_FLUENCE_KEY \(a key\)"):
        needed("fluence", SecretStr(text), "a key")


def test_the_line_end_of_a_key_file_is_no_part_of_the_key():
    assert needed("fluence", SecretStr(" made-up\n"), "a key") == "made-up"
    assert key_header("X-API-KEY", "made-up")(None) == {"X-API-KEY": "made-up"}
