"""The Audit page in a real browser: found, opened, proved, verified; hostile text stays inert."""

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from data import checkpoints, trail_keys
from data.books import installation_of
from data.records import Records
from data.trail import leaf
from engine.commands import Command
from engine.merkle import leaf_hash, verify_inclusion
from engine.people import job, local_actor
from tests.browser.conftest import ROOT, opened, serious_faults, serving, settled

pytestmark = pytest.mark.browser

ANN = local_actor("ann")
ACTS = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
HOSTILE = {
    "html": (replace(ANN, name=ACTS), ACTS, {ACTS: [ACTS, "[x](javascript:alert(1))"]}),
    "control": (replace(ANN, name="an\x07n\x1b[31m\u202ennA"), "rate-card/x",
                {"n": "bell\x07 \x00 \u202etxt.exe \u2067 \x7f\x9b \U000e0041", "\u202e": 1}),
    "formula": (ANN, '=HYPERLINK("http://127.0.0.1:9","pay")', "=1+1"),
    "long": (ANN, "x" * 300, "y" * 1_000_000),
}  # fmt: skip
PLAIN = 150
PROGRAM = [sys.executable, "-I", "-S", ROOT / "data" / "reference" / "evidence" / "verify.py"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A house book of 150 plain entries, hostile ones after them, all under a checkpoint."""
    folder = tmp_path_factory.mktemp("audit")
    moments = iter(datetime.now(UTC) - timedelta(hours=n) for n in range(400, 0, -1))
    (folder / "records").mkdir()
    url = f"sqlite:///{folder / 'records' / 'house.sqlite'}"
    records = Records.open(url, "house", installation_of(folder), lambda: next(moments))
    plain = [(f"k{n}", job("ingest"), f"market/{n % 9}", {"rows": n}) for n in range(PLAIN)]
    for key, actor, subject, body in [*plain, *((key, *told) for key, told in HOSTILE.items())]:
        action = "market.ingested" if actor.kind == "job" else "settings.changed"
        records.perform(Command.of(key, action, actor, subject, body), lambda _: {"kept": True})
    checkpoints.make(records, trail_keys.signer(records, folder, {}), folder)
    records.close()
    return folder


@pytest.fixture(scope="module")
def address(home):
    with serving(home, ready=False, NECTO_WORKER="external") as found:
        yield f"{found}/audit"


def with_table(page: Page, url: str) -> Page:
    opened(page, url)
    page.wait_for_selector("[role=grid]", timeout=30_000)
    return settled(page)


def totals(page: Page) -> Locator:
    return page.locator(".totals")


def rows(page: Page) -> Locator:
    return page.get_by_role("grid").locator(".body [role=row]")


def dialog(page: Page) -> Locator:
    return page.get_by_test_id("stDialog")


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        dialog(page).get_by_role("button", name=name, exact=True).click()
    return Path(download.value.path()).read_bytes()


def kept(home: Path, index: int) -> bytes:
    url = f"sqlite:///{home / 'records' / 'house.sqlite'}"
    records = Records.open(url, "house", installation_of(home))
    with records.reading() as view:
        found = leaf(view, index)
    records.close()
    return found.body


def test_what_is_asked_of_the_table_is_in_the_address_and_survives_a_reload(page, address):
    with_table(page, address)
    header = page.get_by_role("columnheader").filter(has_text="Subject")
    header.get_by_role("searchbox").fill("market/3")
    expect(totals(page)).to_contain_text("17 of", timeout=15_000)
    header.locator(".sort").click()
    page.get_by_text("30 d", exact=True).click()
    expect(page).to_have_url(re.compile("time=30d"), timeout=15_000)
    settled(page)
    asked = set(page.url.split("?")[1].split("&"))

    assert asked == {"has.subject=market%2F3", "sort=subject.asc", "time=30d"}
    with_table(page, page.url)
    expect(totals(page)).to_contain_text("17 of")
    expect(page.get_by_role("columnheader").filter(has_text="Subject")).to_have_attribute(
        "aria-sort", "ascending"
    )


def test_a_row_opens_its_entry_by_keyboard_which_is_proved_and_handed_over(
    page, address, home, tmp_path
):
    with_table(page, f"{address}?has.subject=market&is.action=necto.market.ingested")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(dialog(page).get_by_text("job:ingest (job)")).to_be_visible(timeout=15_000)
    expect(page).to_have_url(re.compile(f"entry={PLAIN - 1}"))
    dialog(page).get_by_role("button", name="Verify", exact=True).click()
    expect(dialog(page).get_by_text("Proved: hashed again")).to_be_visible(timeout=15_000)
    expect(dialog(page).get_by_text("root as signed: ✓ equal")).to_be_visible()

    body, proof = downloaded(page, "Entry"), json.loads(downloaded(page, "Proof"))
    note = downloaded(page, "Checkpoint").decode().splitlines()
    assert body == kept(home, PLAIN - 1)
    siblings = [base64.b64decode(one) for one in proof["proof"]]
    size, root = int(note[1]), base64.b64decode(note[2])
    assert (proof["leaf_index"], proof["size"]) == (PLAIN - 1, size)
    assert verify_inclusion(leaf_hash(body), PLAIN - 1, size, siblings, root)
    pack = tmp_path / "one.zip"
    dialog(page).get_by_role("button", name="Pack of this entry").click()
    pack.write_bytes(downloaded(page, "Download the pack"))
    assert subprocess.run([*PROGRAM, pack], check=False, capture_output=True).returncode == 0
    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("entry="), timeout=10_000)


def test_a_link_opens_an_entry_and_the_next_one_is_a_click_away(page, address):
    with_table(page, f"{address}?entry=3")
    expect(dialog(page).get_by_text("market/2", exact=True)).to_be_visible()
    assert serious_faults(page) == {}
    dialog(page).get_by_role("button", name="Next").click()

    expect(dialog(page).get_by_text("market/3", exact=True)).to_be_visible(timeout=15_000)
    expect(page).to_have_url(re.compile("entry=4"))


@pytest.mark.parametrize(("place", "name"), list(enumerate(HOSTILE, start=PLAIN + 1)))
def test_hostile_text_is_shown_inert_and_handed_over_exactly(place, name, page, address, home):
    with_table(page, f"{address}?entry={place}")
    expect(dialog(page).get_by_text("settings.changed", exact=True)).to_be_visible()
    shown = page.locator("body").inner_text()

    assert page.title() == "Audit · Necto"
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert page.locator("img[src=x]").count() == 0
    assert dialog(page).locator("a").count() == 0
    assert downloaded(page, "Entry") == kept(home, place)
    if name == "long":
        expect(dialog(page).get_by_text("The first 20,000 characters are shown")).to_be_visible()


def test_the_whole_book_is_verified_left_and_found_again(page, address):
    with_table(page, address)
    page.get_by_role("button", name="Verify the whole book").click()
    page.get_by_role("link", name="Market").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who sells", timeout=15_000)
    page.get_by_role("link", name="Audit").click()

    expect(page.get_by_text("Verified: nothing differs in")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile("Verified just now by local:")).first).to_be_visible()
    expect(page.get_by_text("in the book and as a file, compared")).to_be_visible()
    assert serious_faults(page) == {}


def test_looking_at_a_book_that_is_not_begun_writes_nothing(page, address, home):
    with_table(page, address)
    page.get_by_text("Sandbox", exact=True).click()

    expect(page.get_by_text("The sandbox book is not begun yet")).to_be_visible(timeout=15_000)
    expect(page).to_have_url(re.compile(r"\?book=sandbox$"))
    assert not (home / "records" / "sandbox.sqlite").exists()
    assert serious_faults(page) == {}


def test_an_evidence_pack_is_made_and_verified_by_its_own_program(page, address, tmp_path):
    with_table(page, address)
    page.get_by_role("button", name="Export").click()
    dialog(page).get_by_role("button", name="Make the pack").click()
    expect(dialog(page).get_by_text("The pack is made")).to_be_visible(timeout=30_000)
    pack = tmp_path / "pack.zip"
    pack.write_bytes(downloaded(page, "Download the pack"))

    assert serious_faults(page) == {}
    assert subprocess.run([*PROGRAM, pack], check=False, capture_output=True).returncode == 0
