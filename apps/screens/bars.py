"""Small bars in a list: names, lengths, numbers."""

from collections.abc import Collection, Mapping
from html import escape

import streamlit as st

SHEET = """<style>
.litpose-bars {display: grid; grid-template-columns: minmax(4rem, max-content) 1fr max-content; gap: 3px 10px;
  align-items: center; font-size: 0.86rem; line-height: 1.25; max-height: 46rem; overflow-y: auto;
  padding-right: 6px}
.litpose-bars .name {overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 14rem}
.litpose-bars .count {text-align: right; font-variant-numeric: tabular-nums; opacity: 0.75}
.litpose-bars .track {height: 8px; border-radius: 4px; background: rgba(128, 128, 128, 0.16)}
.litpose-bars .fill {height: 100%; border-radius: 4px; min-width: 2px; background: var(--bar)}
.litpose-bars .few {background: #d97706}
</style>"""
LIGHT, DARK = "#0f766e", "#35c4b3"  # the theme's own colours, in `apps/server.py`


def accent() -> str:
    """Return the colour of the theme that is on."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def show_bars(counts: Mapping[str, int], marked: Collection[str] = ()) -> None:
    """Draw a bar for every name; those that are marked stand out."""
    st.html(SHEET + bars_html(counts, marked, accent()))


def bars_html(counts: Mapping[str, int], marked: Collection[str] = (), color: str = LIGHT) -> str:
    """Return the bars as HTML; names are shown letter for letter."""
    most = max([*counts.values(), 1])
    rows = [
        f'<span class="name" title="{escape(name)}">{escape(name)}</span>'
        f'<span class="track"><span class="fill{" few" if name in marked else ""}" '
        f'style="display:block;width:{100 * count / most:.1f}%"></span></span>'
        f'<span class="count">{count}</span>'
        for name, count in counts.items()
    ]
    return f'<div class="litpose-bars" style="--bar:{color}">{"".join(rows)}</div>'
