"""Saved views in the house book: one's own, shared ones, and nobody changes another's."""

import pytest

from data import views as store
from data.documents import Changed
from data.views import ViewRefused, remove_view, rename_view, save_view, share_view, views
from engine.people import local_actor
from engine.views import BadView
from tests.support import house_of

ANN, BOB = local_actor("ann"), local_actor("bob")
HOSTILE = "gpu=%3Cscript%3E&javascript:alert(1)&=1+1\u202e\x00"


@pytest.fixture
def book(tmp_path, records_url):
    return house_of(tmp_path, records_url)


def listed(book, actor=ANN, page="market"):
    with book.reading() as view:
        return [(kept.view.name, kept.view.owner) for kept in views(view, page, actor)]


def entries(book):
    with book.reading() as view:
        rows = view.exec_driver_sql("SELECT type, actor FROM entries ORDER BY leaf_index").all()
    return [(type_.removeprefix("necto.view."), actor) for type_, actor in rows[1:]]


def test_a_view_is_saved_once_however_often_the_click_is_repeated(book):
    first = save_view(book, ANN, "market", "Cheap", "price=1", key="click")

    assert save_view(book, ANN, "market", "Cheap", "price=1", key="click") == first
    assert listed(book) == [("Cheap", "local:ann")]


def test_own_views_come_first_and_others_only_when_shared(book):
    save_view(book, BOB, "market", "B", "x", is_shared=True)
    save_view(book, BOB, "market", "Hidden", "x")
    save_view(book, ANN, "market", "z", "x")
    save_view(book, ANN, "market", "A", "x")
    save_view(book, ANN, "audit", "Elsewhere", "x")

    assert listed(book) == [("A", "local:ann"), ("z", "local:ann"), ("B", "local:bob")]
    assert listed(book, BOB) == [("B", "local:bob"), ("Hidden", "local:bob")]
    assert listed(book, ANN, "audit") == [("Elsewhere", "local:ann")]


def test_a_name_is_taken_per_owner_and_page_only(book):
    save_view(book, ANN, "market", "Cheap", "x")
    with pytest.raises(ViewRefused, match="already: take another name"):
        save_view(book, ANN, "market", "CHEAP", "y")
    save_view(book, ANN, "audit", "Cheap", "x")
    save_view(book, BOB, "market", "Cheap", "x")
    other = save_view(book, ANN, "market", "Other", "x")
    with pytest.raises(ViewRefused, match="take another name"):
        rename_view(book, ANN, other, "cheap")
    assert len(entries(book)) == 4


def test_a_view_is_renamed_shared_and_removed_and_the_trail_tells(book):
    kept = save_view(book, ANN, "market", "Cheap", "price=1")
    kept = rename_view(book, ANN, kept, "cheap")
    kept = share_view(book, ANN, kept, on=True)
    assert (kept.view.name, kept.view.query, kept.view.is_shared) == ("cheap", "price=1", True)
    assert share_view(book, ANN, kept, on=True) == kept
    remove_view(book, ANN, kept)

    assert listed(book) == []
    assert [action for action, _ in entries(book)] == ["saved", "renamed", "shared", "removed"]
    save_view(book, ANN, "market", "Cheap", "price=2")


def test_nobody_changes_what_is_another_s(book):
    kept = save_view(book, ANN, "market", "Cheap", "x", is_shared=True)
    for act in (
        lambda: rename_view(book, BOB, kept, "Mine"),
        lambda: share_view(book, BOB, kept, on=False),
        lambda: remove_view(book, BOB, kept),
    ):
        with pytest.raises(ViewRefused, match="save your own copy"):
            act()
    assert listed(book, BOB) == [("Cheap", "local:ann")]


def test_a_change_from_an_old_version_is_refused(book):
    kept = save_view(book, ANN, "market", "Cheap", "x")
    rename_view(book, ANN, kept, "Cheaper")
    with pytest.raises(Changed):
        share_view(book, ANN, kept, on=True)
    with pytest.raises(Changed):
        remove_view(book, ANN, kept)


def test_a_view_that_was_removed_meanwhile_is_said(book):
    kept = save_view(book, ANN, "market", "Cheap", "x", key="click")
    remove_view(book, ANN, kept)
    with pytest.raises(ViewRefused, match="removed meanwhile"):
        save_view(book, ANN, "market", "Cheap", "x", key="click")


def test_there_are_limits(book, monkeypatch):
    with pytest.raises(BadView):
        save_view(book, ANN, "market", "x" * 61, "x")
    monkeypatch.setattr(store, "VIEWS_MAX", 1)
    save_view(book, ANN, "market", "one", "x")
    with pytest.raises(ViewRefused, match="remove one first"):
        save_view(book, ANN, "market", "two", "x")
    save_view(book, BOB, "market", "two", "x")


def test_hostile_text_is_kept_exactly(book):
    assert save_view(book, ANN, "market", "<b>x</b>", HOSTILE).view.query == HOSTILE
    assert listed(book) == [("<b>x</b>", "local:ann")]
