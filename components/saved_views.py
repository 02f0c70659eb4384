"""Saved views of a page: its filters under a name, opened by a link like any shared one."""

import html
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from engine.views import NAME_MAX, VIEWS_MAX, KeptView, parameters_of, query_of

_FAULT = "saved_views_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A person's views of one page and what can be done with them.

    Every act raises one of ``faults``, in words, when it may not or cannot be done.
    """

    owner: str
    views: Callable[[], Sequence[KeptView]]
    save: Callable[[str, str, bool], object]
    rename: Callable[[KeptView, str], object]
    share: Callable[[KeptView, bool], object]
    remove: Callable[[KeptView], object]
    faults: tuple[type[Exception], ...]


@st.fragment
def saved_views(shelf: Shelf, keys: Collection[str]) -> None:
    """Draw the menu; ``keys``: the parameters of the page's address that a view keeps."""
    with st.popover("Views", icon=":material/bookmarks:", width="stretch"):
        try:
            kept = shelf.views()
        except shelf.faults as fault:
            st.error(f"The saved views cannot be read: {fault}")
            return
        own = [one for one in kept if one.view.owner == shelf.owner]
        _links(kept, shelf.owner, keys)
        if len(own) < VIEWS_MAX:
            _save(shelf, keys)
        else:
            st.caption(f"You have {VIEWS_MAX} views of this page: remove one to save another.")
        if own:
            _change(shelf, own)
        if said := st.session_state.pop(_FAULT, None):
            st.error(said)


def _links(kept: Sequence[KeptView], owner: str, keys: Collection[str]) -> None:
    """A view is a link: what opens it is what opens any address that somebody sends."""
    if not kept:
        st.caption("No saved view yet: choose filters, then save them under a name.")
        return
    color = st.get_option("theme.linkColor")  # a link in plain HTML does not take the theme's
    lines = []
    for one in kept:
        query = urlencode(parameters_of(one.view.query, keys), doseq=True)
        note = "" if one.view.owner == owner else f" · {one.view.owner}"
        note = " · shared" if one.view.is_shared and not note else note
        address, name = html.escape(query), html.escape(one.view.name)
        lines.append(
            f'<div><a style="color: {color}" href="?{address}">{name}</a>'
            f"<small>{html.escape(note)}</small></div>"
        )
    st.html("".join(lines))


def _save(shelf: Shelf, keys: Collection[str]) -> None:
    def save() -> None:
        name, is_shared = (st.session_state[key] for key in ("view_name", "view_shared"))
        _act(shelf, lambda: shelf.save(name, query_of(_shown(), keys), is_shared))

    with st.form("save_view", border=False, clear_on_submit=True):
        st.text_input(
            "Save what is shown as", max_chars=NAME_MAX, placeholder="a name", key="view_name"
        )
        st.checkbox("Show it to everybody", key="view_shared")
        st.form_submit_button("Save", icon=":material/bookmark_add:", on_click=save)


def _change(shelf: Shelf, own: Sequence[KeptView]) -> None:
    views = {one.id: one for one in own}
    chosen = st.selectbox(
        "Change one of yours", list(views), None, lambda id_: views[id_].view.name,
        key="view_chosen", placeholder="choose",
    )  # fmt: skip
    if not (one := views.get(chosen or "")):
        return
    key = f"view_name_{one.id}"
    st.text_input("Its name", one.view.name, max_chars=NAME_MAX, key=key)
    acts: dict[str, tuple[str, Callable[[], object]]] = {
        "Rename": ("Give it this name", lambda: shelf.rename(one, st.session_state[key])),
        "Hide" if one.view.is_shared else "Share": (
            "Show it to you only" if one.view.is_shared else "Show it to everybody",
            lambda: shelf.share(one, not one.view.is_shared),
        ),
        "Remove": ("It is no longer listed", lambda: shelf.remove(one)),
    }
    for column, (label, (note, act)) in zip(st.columns(3), acts.items(), strict=True):
        column.button(label, on_click=_act, args=(shelf, act), width="stretch", help=note)


def _act(shelf: Shelf, how: Callable[[], object]) -> None:
    """Do what a click asks; a callback may not draw, so what stops it is told in the menu."""
    try:
        how()
    except shelf.faults as fault:
        st.session_state[_FAULT] = f"Not kept: {fault}"


def _shown() -> list[tuple[str, str]]:
    """The parameters of the page's address now."""
    return [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
