"""Who can be bought from: the stand-in in the sandbox, the network with its key, never mixed."""

import json

import httpx
import pytest

from connectors.base import Denied
from connectors.http import HttpClient
from connectors.purchasers import LIMITS, purchasers
from tests.connectors.akash_console import KEY, NOW, OWNER, Book, wanted

SANDBOX_KEY = "ac.sk.sandbox." + "1" * 64


def started(home, url="http://127.0.0.1:9", mode=0o600):
    folder = home / "sandbox"
    folder.mkdir(exist_ok=True)
    told = {"url": url, "key": SANDBOX_KEY, "owner": OWNER, "control_token": "t", "pid": 1}
    (folder / "address.json").write_text(json.dumps(told))
    (folder / "address.json").chmod(mode)


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def http(book) -> HttpClient:
    return HttpClient(LIMITS, transport=httpx.MockTransport(book.answer))


def test_the_sandbox_is_bought_from_with_its_own_key_whatever_else_is_set(tmp_path, book, http):
    started(tmp_path)
    env = {"NECTO_AKASH_KEY": KEY, "NECTO_AKASH_URL": "https://real.example"}
    purchaser = purchasers(http, tmp_path, "sandbox", env).of("akash")
    purchaser.find("sbx-1")
    assert {request.url.host for request in book.requests} == {"127.0.0.1"}
    assert {request.headers["x-api-key"] for request in book.requests} == {SANDBOX_KEY}


def test_live_is_bought_from_with_the_network_s_key_though_a_sandbox_runs(tmp_path, book, http):
    started(tmp_path)
    live = purchasers(http, tmp_path, "live", {"NECTO_AKASH_KEY": KEY}).of("akash")
    live.everything()
    assert {request.url.host for request in book.requests} == {"console-api.akash.network"}
    assert {request.headers["x-api-key"] for request in book.requests} == {KEY}
    with pytest.raises(Denied, match="in the Console"):
        live.logs("17", 5)


@pytest.mark.parametrize(
    ("mode", "env", "said"),
    [
        ("live", {}, "set NECTO_AKASH_KEY"),
        ("live", {"NECTO_AKASH_KEY": "two words"}, "NECTO_AKASH_KEY is no key"),
        ("sandbox", {}, "has not been started"),
    ],
)
def test_what_is_missing_is_said(tmp_path, http, mode, env, said):
    with pytest.raises(Denied, match=said):
        purchasers(http, tmp_path, mode, env).of("akash")


def test_an_address_that_others_can_read_or_nobody_is_refused(tmp_path, http):
    started(tmp_path, mode=0o644)
    with pytest.raises(Denied, match="chmod 600"):
        purchasers(http, tmp_path, "sandbox", {}).of("akash")
    started(tmp_path)
    (tmp_path / "sandbox" / "address.json").write_text("{")
    with pytest.raises(Denied, match="cannot be read"):
        purchasers(http, tmp_path, "sandbox", {}).of("akash")


def test_another_network_is_not_bought_on(tmp_path, http):
    with pytest.raises(Denied, match="cannot buy on render"):
        purchasers(http, tmp_path, "sandbox", {}).of("render")


def test_a_sandbox_that_comes_back_elsewhere_is_followed_with_what_was_known(tmp_path, book, http):
    started(tmp_path)
    sellers = purchasers(http, tmp_path, "sandbox", {})
    first = sellers.of("akash")
    assert sellers.of("akash") is first
    dseq = first.act(wanted(), first.look(wanted(), None, NOW).step, {})
    book.bid(dseq, "akash1alder", "4000")
    started(tmp_path, "http://127.0.0.1:10")
    again = sellers.of("akash")
    assert again is not first
    assert again.look(wanted(), dseq, wanted().bids_until).step.name == "lease"
    assert book.requests[-1].url.port == 10
