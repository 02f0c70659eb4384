"""The script that frames every page: configuration, sign-in, navigation, mode, freshness."""

from pathlib import Path

import streamlit as st

from components.freshness import status_line
from components.refused_exports import show_refused_export
from components.session import (
    HouseFault,
    MarketFault,
    actor,
    enter_frame,
    house,
    is_welcome,
    market,
    now,
    records_in_doubt,
    settings,
    show_person,
    sources,
    worker_is_alive,
)

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "components" / "static"
STATUS_SECONDS = 15

enter_frame()
# The icon comes first: without one, the navigation shows its own, fetched from a font server.
st.set_page_config(page_icon=str(STATIC / "icon.svg"), layout="wide")
st.logo(str(STATIC / "logo.svg"), size="large")
try:
    welcome = is_welcome()  # draws the way in where it is not open
except HouseFault as fault:
    st.error(f"The house book of the records cannot be used: {fault}", icon=":material/error:")
    welcome = False
page = st.navigation(
    [
        st.Page(
            ROOT / "pages" / "dashboard.py",
            title="Dashboard",
            icon=":material/monitoring:",
            default=True,
        ),
        st.Page(
            ROOT / "pages" / "market.py",
            title="Market",
            icon=":material/storefront:",
            url_path="market",
        ),
        st.Page(
            ROOT / "pages" / "route.py",
            title="Route",
            icon=":material/alt_route:",
            url_path="route",
        ),
        st.Page(
            ROOT / "pages" / "jobs.py",
            title="Jobs",
            icon=":material/rocket_launch:",
            url_path="jobs",
        ),
        st.Page(
            ROOT / "pages" / "networks.py",
            title="Networks",
            icon=":material/hub:",
            url_path="networks",
        ),
        st.Page(
            ROOT / "pages" / "audit.py",
            title="Audit",
            icon=":material/verified_user:",
            url_path="audit",
        ),
        st.Page(
            ROOT / "pages" / "settings.py",
            title="Settings",
            icon=":material/settings:",
            url_path="settings",
        ),
    ],
    position="top" if welcome else "hidden",
)
st.set_page_config(page_title=f"{page.title} · Necto")
if not welcome:
    st.stop()


@st.fragment(run_every=STATUS_SECONDS)
def status() -> None:
    if not actor().may("viewer"):
        st.rerun()  # a role taken away, or a sign-in grown old, closes the page that is open too
    show_refused_export()
    status_line(
        settings().mode, sources(), now(), records_in_doubt(), worker_alive=worker_is_alive()
    )


try:
    house().check()  # a newer Necto may have brought it forward since it was opened
except HouseFault as fault:
    st.error(f"The house book of the records cannot be used: {fault}", icon=":material/error:")
    st.stop()
try:
    market()  # before any fragment: those show faults of their own, without words
except MarketFault as fault:
    st.error(f"The market cannot be read: {fault}", icon=":material/error:")
    st.stop()
with st.container(horizontal=True, vertical_alignment="center", key="frame_line"):
    with st.container():
        status()
    show_person()
page.run()
