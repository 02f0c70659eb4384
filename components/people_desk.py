"""Who holds which roles, given and taken by an admin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from engine.export import inert
from engine.people import ROLES, Role

_WHO, _ROLES, _WHOM, _TAKEN = "people_who", "people_roles", "people_whom", "people_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Roles that somebody holds; ``who`` is an address, "group:NAME", or that it was erased."""

    id: str
    who: str
    roles: Sequence[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """What an admin sees and does; each act is told why it was not done where it was not.

    ``known``: whom the trail means by the names of people who have signed in.
    """

    held: Sequence[Held]
    known: Mapping[str, str]
    grant: Callable[[str, Sequence[Role]], None]
    revoke: Callable[[str, Sequence[Role]], None]


def people_desk(desk: PeopleDesk | None) -> None:
    """Draw who holds what, and the forms; None: who looks is no admin, and is told."""
    if desk is None:
        st.info(
            "Who holds which roles is for people with the role admin. Your own stand behind your "
            "name, at the top right.",
            icon=":material/lock:",
        )
        return
    _table(desk)
    give, take = st.columns(2)
    with give, st.form("grant", clear_on_submit=False):
        st.text_input("E-mail address, or group:NAME", key=_WHO)
        st.multiselect("Roles to give", _to_give(), key=_ROLES, placeholder="viewer only")
        st.form_submit_button("Give", on_click=lambda: _given(desk))
    with take, st.form("revoke"):
        names = {one.id: one.who for one in desk.held}
        st.selectbox("From whom", list(names), key=_WHOM, format_func=lambda id_: names[id_])
        st.multiselect("Roles to take", _to_give(), key=_TAKEN, placeholder="all of them")
        st.form_submit_button("Take", on_click=lambda: _taken(desk), disabled=not names)
    if desk.known:
        with st.expander("Whom the audit trail means", icon=":material/badge:"):
            rows = [{"Name": name, "Person": inert(who)} for name, who in desk.known.items()]
            st.dataframe(pl.DataFrame(rows), hide_index=True, alt="People who have signed in")


def _table(desk: PeopleDesk) -> None:
    if not desk.held:
        st.caption("Nobody has been given a role yet.")
        return
    rows = [{"Who": inert(one.who), "Roles": ", ".join(one.roles)} for one in desk.held]
    st.dataframe(pl.DataFrame(rows), hide_index=True, alt="Who holds which roles")


def _given(desk: PeopleDesk) -> None:
    desk.grant(str(st.session_state[_WHO]), st.session_state[_ROLES])


def _taken(desk: PeopleDesk) -> None:
    whom = st.session_state[_WHOM]
    if whom is not None:
        desk.revoke(str(whom), st.session_state[_TAKEN])


def _to_give() -> list[Role]:
    return [role for role in ROLES if role != "viewer"]
