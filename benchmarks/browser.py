"""What the benchmarks of pages share: the app in a process, Chromium on it, and tables of times."""

import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
CANVAS = """(() => {
  const find = (root) => {
    for (const one of root.querySelectorAll('*')) {
      if (one.classList.contains('litpose-canvas')) return one;
      const found = one.shadowRoot && find(one.shadowRoot);
      if (found) return found;
    }
    return null;
  };
  return find(document);
})()"""  # the component's element, wherever Streamlit has put it


class Row(NamedTuple):
    """A line of the table."""

    what: str
    values: list[float]  # ms
    limit: str

    @property
    def middle(self) -> float:
        """The median, ms."""
        return statistics.median(self.values)

    @property
    def high(self) -> float:
        """The 95th percentile, ms."""
        return float(np.percentile(self.values, 95))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def app(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a project as `litpose app` does; yield address and process."""
    command = [sys.executable, "-m", "apps.server", str(folder), "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the app did not start"
        yield found[0], psutil.Process(process.pid)
        process.terminate()


def table_of(rows: list[Row], memory: float) -> str:
    """Return the table in Markdown."""
    lines = ["| | n | p50 ms | p95 ms | held to (p95) |", "|---|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(f"| {row.what} | {len(row.values)} | {row.middle:.0f} | {row.high:.0f} | {row.limit} |")
    return "\n".join([*lines, "", f"Memory of the server at the end: {memory:.0f} MB."])
