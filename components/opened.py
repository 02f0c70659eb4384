"""Which offer is open, and which one it is compared with: in the address, so a link can be sent."""

import streamlit as st

_KEYS = {"offer": "opened", "with": "compared_with"}  # name in the address: key in the session


def open_offer(offer_id: str) -> None:
    _open("offer", offer_id)


def compare_with(offer_id: str) -> None:
    _open("with", offer_id)


def stop_comparing() -> None:
    _close("with")


def close_offers() -> None:
    _close("offer")
    _close("with")


def opened() -> tuple[str | None, str | None]:
    """Return the ids of the open offer and of the one beside it."""
    first, second = (
        st.session_state.get(key) or st.query_params.get(name) for name, key in _KEYS.items()
    )
    return first, second if first else None


def _open(name: str, offer_id: str) -> None:
    st.session_state[_KEYS[name]] = offer_id
    st.query_params[name] = offer_id


def _close(name: str) -> None:
    st.session_state.pop(_KEYS[name], None)
    st.query_params.pop(name, None)
