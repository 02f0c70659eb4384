"""The menu of saved views, ready for any page: save, open by a link, rename, share, remove."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.session import actor
from data.books import close_books, open_book
from data.faults import RecordsBusy
from data.settings import Settings
from data.views import save_view, views
from engine.people import local_actor
from engine.views import VIEWS_MAX
from tests.components.test_pages import words

PAGE = """
import streamlit as st
from components import desks
from components.saved_views import saved_views

saved_views(desks.shelf("audit"), {"actor", "since"})
"""
BOB = local_actor("bob")


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("NECTO_HOME", str(tmp_path))
    st.cache_resource.clear()
    yield open_book(Settings.from_env({"NECTO_HOME": str(tmp_path)}))
    st.cache_resource.clear()
    close_books()


ME = actor()


def visit(**query) -> AppTest:
    visitor = AppTest.from_string(PAGE, default_timeout=60)
    for name, value in query.items():
        visitor.query_params[name] = value
    visitor.run()
    assert not visitor.exception
    return visitor


def pressed(visitor: AppTest, label: str) -> AppTest:
    next(button for button in visitor.button if button.label == label).click().run()
    assert not visitor.exception
    return visitor


def kept(book, actor=None):
    with book.reading() as view:
        return [one.view for one in views(view, "audit", actor or ME)]


def links(visitor: AppTest) -> str:
    return "".join(one.proto.body for one in visitor.get("html"))


def test_what_is_shown_is_saved_under_a_name_without_what_no_view_keeps(book):
    visitor = visit(actor="ann & bob", opened="entry-1")
    assert "No saved view yet" in words(visitor)
    visitor.text_input(key="view_name").set_value("Both")
    pressed(visitor, "Save")

    (one,) = kept(book)
    assert (one.name, one.query, one.page, one.is_shared) == (
        "Both", "actor=ann+%26+bob", "audit", False,
    )  # fmt: skip
    assert 'href="?actor=ann+%26+bob">Both</a>' in links(visitor)


def test_a_name_that_cannot_be_kept_is_told(book):
    visitor = visit()
    pressed(visitor, "Save")
    assert "Not kept: name: " in words(visitor)
    visitor.text_input(key="view_name").set_value("Mine")
    pressed(visitor, "Save")
    visitor.text_input(key="view_name").set_value("MINE")
    pressed(visitor, "Save")

    assert "Not kept: you have a view called MINE already" in words(visitor)
    assert len(kept(book)) == 1


def test_one_s_own_view_is_renamed_shared_hidden_and_removed(book):
    one = save_view(book, ME, "audit", "Mine", "actor=ann")
    visitor = visit()
    visitor.selectbox(key="view_chosen").set_value(one.id).run()
    visitor.text_input(key=f"view_name_{one.id}").set_value("Ours")
    pressed(visitor, "Rename")
    assert [view.name for view in kept(book)] == ["Ours"]
    pressed(visitor, "Share")
    assert [view.name for view in kept(book, BOB)] == ["Ours"]
    assert "· shared" in links(visitor)
    pressed(visitor, "Hide")
    assert kept(book, BOB) == []
    pressed(visitor, "Remove")

    assert kept(book) == []
    assert not visitor.selectbox


def test_another_s_shared_view_can_be_opened_and_not_changed(book):
    save_view(book, BOB, "audit", "Bob's", "actor=ann", is_shared=True)
    visitor = visit()

    assert 'href="?actor=ann">Bob&#x27;s</a><small> · local:bob</small>' in links(visitor)
    assert not visitor.selectbox


def test_a_hostile_view_opens_nothing_but_what_the_page_knows(book):
    nasty = 'javascript:alert(1)&actor="><script>alert(1)</script>&since=%00&evil=1&actor=%E2%80%AE'
    save_view(book, BOB, "audit", "<img src=x onerror=alert(1)>", nasty, is_shared=True)
    shown = links(visit())

    assert "<script" not in shown
    assert "<img" not in shown
    assert "javascript:" not in shown
    assert 'href="?actor=%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E"' in shown


def test_there_is_a_limit_and_it_is_said(book):
    for n in range(VIEWS_MAX):
        save_view(book, ME, "audit", f"v{n}", "")

    visitor = visit()
    assert f"You have {VIEWS_MAX} views of this page" in words(visitor)
    assert not visitor.text_input


def test_views_that_cannot_be_read_are_told(book, monkeypatch):
    def busy(*_):
        raise RecordsBusy("another process held the records: try again")

    monkeypatch.setattr("data.views.views", busy)

    assert "The saved views cannot be read: another process" in words(visit())
