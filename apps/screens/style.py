"""What all pages have in common to look at; the colours are the theme's, in `apps/server.py`."""

import streamlit as st

SHEET = """<style>
[data-testid="stMainBlockContainer"] {padding: 2.6rem 2.2rem 3rem; max-width: 1480px; align-self: flex-start}
[data-testid="stSidebar"][data-collapsed="false"] {width: 12rem !important; min-width: 12rem !important}
[data-testid="stMetricValue"] {font-size: 1.5rem; font-variant-numeric: tabular-nums}
[data-testid="stHeadingWithActionElements"] {scroll-margin-top: 3rem}
[class*="st-key-places"] button {justify-content: flex-start; padding: 0.1rem 0.35rem; min-height: 1.7rem}
[class*="st-key-places"] button > div {justify-content: flex-start; width: 100%}
[class*="st-key-places"] button p {overflow: hidden; text-overflow: ellipsis; white-space: nowrap}
[class*="st-key-places"] {gap: 0 !important}
[data-testid="stButtonGroup"] > div {flex-wrap: wrap; overflow: visible; mask: none}
[data-testid="stMainBlockContainer"] h2 {padding: 0 0 0.15rem}
[data-testid="stMainBlockContainer"] h3 {padding: 0.7rem 0 0.4rem}
</style>"""


DARK = """<style>
[data-testid="stBaseButton-primary"]:not(:disabled) p {color: #05201d}
</style>"""  # white on the bright green of the dark theme is hard to read


def dress() -> None:
    """Set the spacing of a page, and what the theme's colours do not reach."""
    st.html(SHEET)
    if st.context.theme.type == "dark":
        st.html(DARK)


def head(title: str, text: str) -> None:
    """Draw the top of a page: what it is, and in a sentence what it is for."""
    st.header(title, anchor=False)
    st.caption(text)


def plain(text: str) -> str:
    """Return a text, such as a name out of a file, as Markdown that shows it letter for letter."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in text)


_MARKS = frozenset("\\`*_[]<>#|~$:")
