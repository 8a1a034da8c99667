"""How fast the traces follow a hand that zooms and pans; `viewer_page.py` measures it with the rest."""

from browser import Row
from playwright.sync_api import Page

MOVE = """async ([kind, amount, place]) => {
  const panel = viewer.screen.panels.traces;
  const picture = () => new Promise((done) => requestAnimationFrame(done));
  await picture();
  const start = performance.now();
  const [from, to] = panel.span;
  if (kind === 'zoom') panel.zoom(amount, from + place * (to - from));
  else panel.pan(amount);
  while (panel.isWaiting) await picture();
  const drawn = performance.now() - start;
  while (panel.isWaiting || panel.store.isBusy) await picture();
  return [drawn, performance.now() - start];
}"""
CALM = """() => {
  const panel = viewer.screen.panels.traces;
  const isRead = panel.rows.length && panel.rows.every(({ note }) => !note);
  return isRead && !panel.isWaiting && !panel.store.isBusy;
}"""
STEPS = [("zoom", 2.0, 0.3)] * 5 + [("pan", 0.6, 0), ("pan", -0.25, 0), ("zoom", 1.6, 0.7), ("pan", 1.0, 0)]
BACK = [("zoom", 0.5, 0.5), ("pan", -1.5, 0)] * 4


def trace_rows(page: Page, count: int) -> list[Row]:
    """Return the ms from a move of the hand to the next picture, and to one that is exact."""
    page.evaluate("() => viewer.screen.panels.traces.look([0, viewer.session.frames])")
    page.wait_for_function(CALM)
    taken = []
    while len(taken) < count:
        taken += [page.evaluate(MOVE, list(move)) for move in STEPS + BACK]
    first, exact = zip(*taken, strict=True)
    return [
        Row("traces zoomed or panned, drawn", list(first), "100"),
        Row("traces zoomed or panned, sharp", list(exact), "100"),
    ]
