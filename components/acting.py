"""Whom a person of the sandbox acts as: themselves, or one of its five invented people."""

from collections.abc import Callable, Sequence

import streamlit as st

from components.text import literal
from engine.people import Actor, job_roles

KEY = "acting_choice"


def acting_as(
    current: Actor, local: Actor, people: Sequence[Actor], choose: Callable[[str], None]
) -> None:
    """A button that says who acts, and opens the choice; ``choose`` is given the persona's name.

    An empty name is given for the person at the machine.
    """
    told = {"": f"You ({literal(local.name)}): every role, unproven"} | {
        one.name: f"{one.called}: {', '.join(job_roles(one))}" for one in people
    }

    def chosen() -> None:
        choose(st.session_state[KEY])

    names = list(told)
    label = f"Acting as {current.called}, simulated" if current.simulated else "Acting as you"
    with st.popover(label, icon=":material/theater_comedy:", type="tertiary", key="acting_as"):
        st.radio(
            "Act as",
            names,
            index=names.index(current.name if current.simulated else ""),
            format_func=lambda name: told[name],
            key=KEY,
            on_change=chosen,
        )
        st.caption("The audit trail marks what these people do as simulated.")
