"""When a page in a real browser is drawn: seconds from what the reader does to the last change.

Conventions
-----------
A stopwatch in the page, on the browser's own clock. It starts with the key or the mouse (a
capturing listener, so before anything else hears of it), notes when the first word leaves for the
server, and then every change that a MutationObserver sees inside a chart. A chart is drawn at its
last change, a page without charts at its own. An action is over when the server is idle and
nothing has changed for a while; that while is not counted. *Sent* is when the browser told the
server, so that what a widget waits before it does can be told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from playwright.sync_api import Page

QUIET_MS = 500
_SCRIPT = """(() => {
    const watch = window.__watch = {
        start() { this.began = 0; this.sent = 0; this.charts = new Map(); this.last = 0;
                  this.seen = performance.now(); },
        quiet(ms) {
            const idle = document.querySelector(
                '[data-testid=stApp][data-test-script-state=notRunning]');
            const since = Math.max(this.seen, this.last, this.sent, this.began);
            return Boolean(idle && this.began && performance.now() - since > ms);
        },
        found() {
            const order = Array.from(document.querySelectorAll('.js-plotly-plot'));
            return {sent: this.sent - this.began, page: this.seen - this.began,
                    charts: order.map(one => (this.charts.get(one) ?? NaN) - this.began)};
        }};
    watch.start();
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        if (watch.began && !watch.sent) watch.sent = performance.now();
        return send.call(this, data);
    };
    for (const kind of ['keydown', 'pointerdown'])
        addEventListener(kind, () => { watch.began = watch.began || performance.now(); }, true);
    new MutationObserver(changes => {
        const now = performance.now();
        let drawn = null;  // thousands of changes a chart: one tells
        for (const {target} of changes) {
            if (drawn?.contains(target)) continue;
            const at = target.nodeType === 1 ? target : target.parentElement;
            if (!at?.closest('[data-testid=stMain]')) continue;
            watch.seen = now;
            const chart = at.closest('.js-plotly-plot');
            if (chart && !at.closest('.hoverlayer, .modebar-container')) {
                watch.charts.set(chart, now);
                watch.last = now;
                drawn = chart;
            }
        }
    }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
})();"""


@dataclass(frozen=True)
class Watched:
    """How long one action took, in ms from the reader's key or click.

    Attributes
    ----------
    sent : until the browser told the server; negative if it never did
    charts : until each chart of the page was drawn, NaN where it was left as it is
    page : until the page changed last, whatever changed
    """

    sent: float
    charts: tuple[float, ...]
    page: float

    @property
    def first(self) -> float:
        """Until the first chart was drawn that was drawn anew; without one, until all was."""
        return min(self._drawn, default=self.page)

    @property
    def last(self) -> float:
        """Until the last chart was drawn; without one, until all was."""
        return max(self._drawn, default=self.page)

    @property
    def _drawn(self) -> list[float]:
        return [one for one in self.charts if isfinite(one)]


def watch(page: Page) -> None:
    """Put the stopwatch into every page that this one will open."""
    page.add_init_script(_SCRIPT)


def watched(page: Page, act: Callable[[], object], timeout_s: float = 120) -> Watched:
    """Do something, wait until the page stands again, and say how long that took."""
    page.evaluate("__watch.start()")
    act()
    page.wait_for_function(f"__watch.quiet({QUIET_MS})", polling=50, timeout=1000 * timeout_s)
    found = page.evaluate("__watch.found()")
    return Watched(found["sent"], tuple(found["charts"]), found["page"])
