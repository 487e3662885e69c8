"""
How smoothly the pages scroll: chromium before the real server, over a library made for it.

    make frames

Counted are the intervals between two frames that a page is given, and, since a machine without a
graphics card draws them on the same processors, what the page's own thread does for each frame.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from countenance.bench.serving import serving
from countenance.bench.web import prepare

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
SECONDS = 6
STEP = 60  # pixels a frame: a quick flick

SCROLL = """([seconds, step]) => new Promise((resolve) => {
  const intervals = [];
  let last = 0, first = 0;
  const frame = (now) => {
    first ||= now;
    if (last) intervals.push(now - last);
    last = now;
    window.scrollBy(0, step);
    if (now - first < seconds * 1000) requestAnimationFrame(frame);
    else resolve(intervals);
  };
  requestAnimationFrame(frame);
})"""

USABLE = """() => new Promise((resolve) => {
  const seen = () => [...document.images].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.top < innerHeight && box.bottom > 0;
  });
  const look = () => {
    const here = seen();
    if (here.length && here.every((one) => one.complete)) resolve(performance.now());
    else setTimeout(look, 10);
  };
  look();
})"""


def main(photos: int) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  of use here alone

    with tempfile.TemporaryDirectory(prefix="countenance-frames-") as below:
        root = Path(below) / "library"
        doors = prepare(root, photos, sessions=1)
        with serving(root) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            for size, viewport in SIZES.items():
                base = f"http://{server.host}:{server.port}"
                context = browser.new_context(base_url=base, viewport=viewport)  # type: ignore[arg-type]
                context.set_default_timeout(120_000)
                name, _, value = doors.sessions[0].partition("=")
                context.add_cookies([{"name": name, "value": value, "url": base}])
                page = context.new_page()
                for what, path in (("photos", doors.photos), ("my photos", doors.own[0])):
                    print(f"{what}, {size}: {', '.join(_figures(page, path))}", flush=True)
                context.close()
            browser.close()


# --------------------------------------------------------------------------------------------------


def _figures(page: "Page", path: str) -> Iterator[str]:
    page.goto("/")
    page.goto(path, wait_until="commit")
    page.wait_for_load_state("domcontentloaded")
    usable = page.evaluate(USABLE)
    said = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    yield f"to be used after {said:.0f} ms, with its pictures after {usable:.0f}"
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _metrics(session)
    intervals = sorted(page.evaluate(SCROLL, [SECONDS, STEP]))
    after = _metrics(session)
    session.detach()
    spent = {name: (after[name] - before[name]) * 1000 / len(intervals) for name in after}
    yield f"a frame each {median(intervals):.1f} ms, 19 of 20 within {_high(intervals):.1f}"
    parts = ", ".join(f"{spent[one]:.1f} {said}" for one, said in _PARTS.items())
    yield f"work for each {spent['TaskDuration']:.1f} ms ({parts})"


_PARTS = {"ScriptDuration": "script", "LayoutDuration": "layout", "RecalcStyleDuration": "style"}


def _metrics(session: "CDPSession") -> dict[str, float]:
    told: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in told if one["name"].endswith("Duration")}


def _high(ordered: list[float]) -> float:
    return ordered[len(ordered) * 19 // 20]


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
