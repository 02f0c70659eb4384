"""Signing in and out, and what somebody sees who has not, or whom nobody has given a role."""

from collections.abc import Mapping

import streamlit as st

from components.text import literal
from engine.identity import Identity
from engine.people import Actor, job_roles


def claims() -> Mapping[str, object]:
    """What the identity provider's token says of who looks; empty before they have signed in."""
    told = st.user.to_dict()
    return told if told.get("is_logged_in") is True else {}


def ask(provider: str) -> None:
    """Ask to sign in; nothing else of Necto is shown before."""
    st.title("Sign in to Necto")
    st.write(f"Necto asks {literal(provider)} who you are. A sign-in lasts half a day.")
    st.button("Sign in", icon=":material/login:", type="primary", on_click=st.login)


def turned_away(identity: Identity, admin_email: str | None) -> None:
    """Say to somebody whom nobody has given a role whom to ask for one."""
    st.title("You have no role here yet")
    whom = literal(admin_email) if admin_email else "whoever runs this Necto"
    st.write(
        f"You are signed in as {literal(identity.called)}, and nobody has given you a role: ask "
        f"{whom}. An admin does it on the Settings page, under People."
    )
    if identity.email is None:
        st.info(
            "Your identity provider does not say that it has verified your e-mail address, so a "
            "role given to that address does not reach you; one given to your group does.",
            icon=":material/info:",
        )
    _sign_out()


def signed_in_as(actor: Actor) -> None:
    """A button that names who is signed in, and opens their roles and the way out."""
    with st.popover(
        literal(actor.shown), icon=":material/account_circle:", type="tertiary", key="account"
    ):
        st.caption(f"Roles: {', '.join(job_roles(actor)) or 'viewer'}")
        _sign_out()


def _sign_out() -> None:
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)
