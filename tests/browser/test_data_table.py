"""The long table in a real browser, with 100,000 made rows behind it."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, serious_faults, serving, settled
from tests.browser.made_rows import HOSTILE, ROWS, made

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)  # several browsers share a machine's cores
APP = Path(__file__).with_name("data_table_app.py")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The page of `data_table_app.py`, beside the bundle as it is committed."""
    home = tmp_path_factory.mktemp("table")
    shutil.copytree(ROOT / "components" / "static", home / "static")
    script = shutil.copy(APP, home)
    variables = {"PYTHONPATH": str(ROOT), "NECTO_WORKER": "external"}
    with serving(home, script=str(script), health="/_stcore/health", **variables) as found:
        yield found


@pytest.fixture
def table(page, address) -> Page:
    return with_table(page, address)


def with_table(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector("[role=grid]", timeout=30_000)
    return settled(page)


def grid(page: Page) -> Locator:
    return page.get_by_role("grid")


def totals(page: Page) -> Locator:
    return page.locator(".totals")


def rows(page: Page) -> Locator:
    """The rows that hold cells; the one that holds the headers is none of them."""
    return grid(page).locator(".body [role=row]")


def cell(page: Page, place: int, column: str) -> Locator:
    return grid(page).locator(f"[aria-rowindex='{place + 2}'] [data-column={column}]")


def header(page: Page, name: str) -> Locator:
    return grid(page).get_by_role("columnheader").filter(has_text=name)


def sorter(page: Page, name: str) -> Locator:
    return header(page, name).locator(".sort")


def names(page: Page) -> list[str]:
    return grid(page).locator(".header .name").all_inner_texts()


def opened_rows(page: Page) -> Locator:
    return page.get_by_text(re.compile("^opened:"))


def test_the_grid_says_how_long_it_is_and_where_each_row_stands(table):
    expect(grid(table)).to_have_attribute("aria-rowcount", "100001")
    expect(totals(table)).to_have_text("100,000 entries")
    expect(rows(table).first).to_have_attribute("aria-rowindex", "2")
    assert rows(table).count() < 60
    expect(cell(table, 0, "time")).to_have_text("2026-04-23 06:25:03")


def test_a_header_sorts_up_then_down_then_not_and_with_shift_by_several(table):
    frame = made(ROWS, 1)
    amounts = frame["usd"]
    sorter(table, "USD").click()
    expect(header(table, "USD")).to_have_attribute("aria-sort", "ascending")
    expect(cell(table, 0, "usd")).to_have_text(f"{amounts.min():,.2f}")
    sorter(table, "USD").click()
    expect(cell(table, 0, "usd")).to_have_text(f"{amounts.max():,.2f}")
    sorter(table, "USD").click()
    expect(header(table, "USD")).to_have_attribute("aria-sort", "none")
    expect(cell(table, 0, "time")).to_have_text("2026-04-23 06:25:03")

    sorter(table, "Actor").click()
    sorter(table, "USD").focus()
    table.keyboard.press("Shift+Enter")
    first = frame.sort("actor", "usd").row(0, named=True)
    expect(cell(table, 0, "actor")).to_have_text(first["actor"])
    expect(cell(table, 0, "usd")).to_have_text(f"{first['usd']:,.2f}")
    expect(sorter(table, "USD").locator(".arrow")).to_have_text("▲2")


def test_text_in_a_column_s_field_narrows_and_clearing_widens_again(table):
    table.get_by_label("Subject contains").press_sequentially("akash/4242", delay=20)
    expect(totals(table)).to_have_text(re.compile(r"^\d\d of 100,000 entries$"))
    expect(cell(table, 0, "subject")).to_have_text("lease/akash/4242")
    table.get_by_label("Actor contains").fill("nobody")
    expect(grid(table).get_by_text("No entries match.")).to_be_visible()
    grid(table).get_by_role("button", name="Clear filters").click()

    expect(totals(table)).to_have_text("100,000 entries")
    expect(table.get_by_label("Subject contains")).to_have_value("")


def test_a_facet_shows_how_many_rows_a_value_has_and_any_of_the_chosen_count(table):
    table.get_by_role("button", name="Result", exact=True).first.click()
    failed = table.get_by_role("group", name="Result").get_by_text("failed")
    rows_failed = failed.locator("xpath=..").locator(".figure").inner_text()
    failed.click()
    expect(totals(table)).to_have_text(f"{rows_failed} of 100,000 entries")
    table.get_by_role("group", name="Result").get_by_text("refused").click()
    expect(totals(table)).not_to_have_text(f"{rows_failed} of 100,000 entries")
    table.keyboard.press("Escape")

    expect(table.get_by_role("group", name="Result")).to_have_count(0)
    expect(table.get_by_role("button", name="Result 2 chosen")).to_be_focused()


def test_a_column_is_hidden_and_shown_and_the_arrangement_outlives_a_reload(table):
    table.get_by_role("button", name="Columns").click()
    panel = table.get_by_role("group", name="Columns")
    panel.get_by_label("Digest", exact=True).uncheck()
    panel.get_by_label("Leaf", exact=True).check()
    panel.get_by_role("button", name="Move Actor left").click()
    expect(table.get_by_text("hidden: digest")).to_be_visible()
    arranged = ["Actor", "Recorded (UTC)", "Action", "Subject", "Result", "USD", "Leaf"]
    assert names(table) == arranged

    table.reload()
    with_table(table, table.url)
    assert names(table) == arranged
    expect(table.get_by_text("hidden: digest")).to_be_visible()
    table.get_by_role("button", name="Columns").click()
    table.get_by_role("button", name="As they came").click()
    assert names(table) == [*sorted(arranged[:2], reverse=True), *arranged[2:-1], "Digest"]


def test_a_column_is_moved_and_resized_by_keyboard(table):
    sorter(table, "Recorded").focus()
    table.keyboard.press("ArrowRight")
    table.keyboard.press("Control+ArrowRight")
    assert names(table)[:3] == ["Recorded (UTC)", "Action", "Actor"]
    expect(sorter(table, "Actor")).to_be_focused()
    before = header(table, "Actor").bounding_box()
    table.keyboard.press("Shift+ArrowRight")
    after = header(table, "Actor").bounding_box()

    assert before
    assert after
    assert after["width"] == before["width"] + 16


def test_a_column_is_moved_and_resized_by_pointer_without_sorting(table):
    sorter(table, "USD").drag_to(header(table, "Actor"), target_position={"x": 10, "y": 10})
    assert names(table)[:3] == ["Recorded (UTC)", "USD", "Actor"]
    expect(header(table, "USD")).to_have_attribute("aria-sort", "none")
    before = header(table, "USD").bounding_box()
    assert before
    edge, middle = before["x"] + before["width"] - 1, before["y"] + 20
    table.mouse.move(edge, middle)
    table.mouse.down()
    table.mouse.move(edge + 50, middle, steps=4)
    table.mouse.up()
    after = header(table, "USD").bounding_box()

    assert after
    assert abs(after["width"] - before["width"] - 50) <= 2
    assert cell(table, 0, "usd").bounding_box()["width"] == after["width"]


def test_keys_move_a_cell_and_enter_opens_its_row_once(table):
    grid(table).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight"):
        table.keyboard.press(key)
    active = grid(table).get_attribute("aria-activedescendant")
    assert active
    assert active == cell(table, 1, "actor").get_attribute("id")
    table.keyboard.press("PageDown")
    expect(grid(table).locator("[aria-selected=true]")).to_have_attribute("aria-rowindex", "18")
    table.keyboard.press("Home")
    table.keyboard.press("Enter")

    expect(table.get_by_role("dialog")).to_contain_text("This is entry-0099999")
    table.keyboard.press("Escape")
    expect(table.get_by_role("dialog")).to_have_count(0)
    expect(grid(table)).to_be_focused()
    table.keyboard.press("ArrowUp")
    expect(sorter(table, "Actor")).to_be_focused()


def test_a_rerun_does_not_open_a_row_again_but_the_same_row_can_be_opened_again(table):
    cell(table, 3, "subject").click()
    expect(table.get_by_role("dialog")).to_contain_text("entry-0099996")
    table.keyboard.press("Escape")
    expect(table.get_by_role("dialog")).to_have_count(0)
    settled(table)
    table.get_by_role("button", name="Run again").click()
    settled(table)
    expect(table.get_by_role("dialog")).to_have_count(0)
    expect(opened_rows(table)).to_have_text("opened: entry-0099996")

    cell(table, 3, "subject").click()
    expect(table.get_by_role("dialog")).to_contain_text("entry-0099996")
    expect(opened_rows(table)).to_have_text("opened: entry-0099996 entry-0099996")


def test_the_scroll_bar_reaches_the_last_row_and_every_stop_between_fills(table):
    body = grid(table)
    for part in (0.5, 0.9, 0.1, 1.0):
        body.evaluate("(grid, part) => { grid.scrollTop = grid.scrollHeight * part }", part)
        expect(body.locator(".bone")).to_have_count(0)
    expect(cell(table, 99_999, "time")).to_have_text("2026-01-01 00:00:00")
    expect(cell(table, 99_999, "time")).to_be_in_viewport()


def test_rows_ahead_of_a_scroll_are_fetched_before_they_come_into_sight(table):
    runs = table.get_by_text(re.compile("^runs:"))
    expect(runs).to_have_text("runs: 1")
    scroll = "(grid, row) => { grid.scrollTop = row * 32 }"
    grid(table).evaluate(scroll, 320)
    expect(runs).to_have_text("runs: 2")
    settled(table)
    grid(table).evaluate(scroll, 480)
    expect(cell(table, 490, "actor")).to_be_in_viewport()

    assert grid(table).locator(".bone").count() == 0


def test_a_table_that_changes_at_every_run_comes_to_rest(page, address):
    with_table(page, f"{address}?show=moving")
    for offset in (0, 12_000, 40_000):
        grid(page).evaluate("(grid, offset) => { grid.scrollTop = offset }", offset)
        expect(grid(page).locator(".bone")).to_have_count(0)
    settled(page)
    told = page.get_by_text(re.compile("^runs:"))
    runs, before = told.inner_text(), ""
    while runs != before:  # a busy machine asks once more, late; one that never rests runs past 6
        assert int(runs.split()[1]) <= 6
        page.wait_for_timeout(1500)
        runs, before = told.inner_text(), runs


def test_what_python_refuses_is_said_and_taken_back(table):
    field = table.get_by_label("Subject contains")
    field.evaluate("field => { field.maxLength = 1000 }")
    field.fill("x" * 300)

    expect(table.get_by_role("alert")).to_contain_text("at most 200 characters")
    expect(field).to_have_value("")
    expect(totals(table)).to_have_text("100,000 entries")
    field.fill("akash/77")
    expect(table.get_by_role("alert")).to_have_count(0)
    expect(cell(table, 0, "subject")).to_contain_text("akash/77")


def test_more_rows_than_a_browser_lays_out_are_reached_by_bar_wheel_and_keys(page, address):
    with_table(page, f"{address}?show=huge")
    grid(page).hover()
    page.mouse.wheel(0, 320)
    expect(cell(page, 10, "subject")).to_have_text("row 10")
    expect(cell(page, 7, "subject")).not_to_be_in_viewport()
    grid(page).focus()
    page.keyboard.press("End")
    expect(cell(page, 2_999_999, "subject")).to_have_text("row 2999999")
    expect(cell(page, 2_999_999, "subject")).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("Home")
    expect(cell(page, 0, "subject")).to_be_in_viewport(ratio=0.9)
    grid(page).evaluate("grid => { grid.scrollTop = grid.scrollHeight }")

    expect(cell(page, 2_999_999, "subject")).to_have_text("row 2999999")


def test_hostile_text_stands_there_inert(page, address):
    with_table(page, f"{address}?show=hostile")

    shown = dict(zip(HOSTILE, grid(page).locator("[data-column=subject]").all(), strict=False))
    assert shown["html"].inner_text() == HOSTILE["html"]
    assert shown["control"].inner_text() == "bell␇ null␀ escape␛[31m line␊feed tab␉ delete␡"
    assert shown["right-to-left"].inner_text() == "invoice[U+202E]fdp.exe [U+200F][U+2067]mark"
    assert shown["formula"].inner_text() == HOSTILE["formula"]
    assert shown["long"].inner_text() == "x" * 299 + "…"
    assert shown["hebrew"].inner_text() == HOSTILE["hebrew"]
    isolated = shown["hebrew"].evaluate("cell => getComputedStyle(cell).unicodeBidi")
    assert isolated == "isolate"
    page.get_by_role("button", name="Action", exact=True).first.click()
    expect(page.get_by_role("group", name="Action").get_by_text("<script>")).to_be_visible()
    assert grid(page).locator("img, script").count() == 0
    assert page.title() == "Table"


def test_a_cell_is_copied_by_key_and_by_its_button(table):
    table.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell(table, 2, "digest").hover()
    grid(table).get_by_role("button", name="Copy Digest").click()
    expect(table.get_by_text("Copied Digest")).to_be_attached()
    clipboard = "() => navigator.clipboard.readText()"
    assert table.evaluate(clipboard) == cell(table, 2, "digest").inner_text()
    grid(table).focus()
    table.keyboard.press("ArrowLeft")
    table.keyboard.press("Control+c")
    expect(table.get_by_text("Copied USD")).to_be_attached()

    assert table.evaluate(clipboard) == cell(table, 2, "usd").inner_text()
    expect(opened_rows(table)).to_have_text("opened:")


def test_two_tables_ask_and_arrange_for_themselves(page, address):
    with_table(page, f"{address}?show=two")
    first, second = (page.get_by_role("grid", name=name) for name in ("First", "Second"))
    first.get_by_label("Subject contains").fill("akash/77")
    expect(totals(page).first).not_to_have_text("100,000 entries")
    settled(page)
    expect(totals(page).last).to_have_text("100,000 entries")
    second.locator(".sort").filter(has_text="USD").click()
    settled(page)

    expect(first.locator("[aria-sort=ascending]")).to_have_count(0)
    expect(second.locator("[aria-sort=ascending]")).to_have_count(1)
    expect(first.locator("[data-column=subject]").first).to_contain_text("akash/77")


def test_the_table_follows_a_saved_view_and_the_person_again_after_it(table):
    table.get_by_label("Subject contains").fill("77")
    settled(table)
    table.get_by_role("button", name="Saved view").click()
    expect(table.get_by_role("button", name="Result 1 chosen")).to_be_visible()
    expect(table.get_by_label("Subject contains")).to_have_value("")
    expect(header(table, "USD")).to_have_attribute("aria-sort", "descending")
    expect(cell(table, 0, "result")).to_contain_text("failed")
    assert names(table)[:2] == ["USD", "Actor"]
    assert header(table, "USD").bounding_box()["width"] == 300
    expect(table.get_by_text("hidden: time")).to_be_visible()
    table.get_by_role("button", name="Clear filters").click()

    expect(totals(table)).to_have_text("100,000 entries")
    expect(header(table, "USD")).to_have_attribute("aria-sort", "descending")


def test_fast_typing_and_sorting_end_at_what_was_asked_last(table):
    field = table.get_by_label("Subject contains")
    field.press_sequentially("akash/1", delay=5)
    sorter(table, "USD").click()
    field.fill("akash/12")
    sorter(table, "USD").click()
    field.fill("akash/123")
    settled(table)

    expect(grid(table)).to_have_attribute("aria-busy", "false")
    expect(field).to_have_value("akash/123")
    assert all("akash/123" in text for text in cell_texts(table, "subject"))
    usd = [float(text.replace(",", "")) for text in cell_texts(table, "usd")]
    assert usd == sorted(usd, reverse=True)


def cell_texts(page: Page, column: str) -> list[str]:
    return grid(page).locator(f"[data-column={column}]").all_inner_texts()


@pytest.mark.parametrize("show", ["", "hostile", "two", "empty"])
def test_nothing_serious_stands_in_the_way_of_people_with_disabilities(show, page, address):
    with_table(page, f"{address}?show={show}")
    page.get_by_role("button", name="Columns").first.click()

    assert serious_faults(page) == {}
