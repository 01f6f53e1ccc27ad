"""The page in a real headless Chromium: what it shows is what the views say, and a log cannot make it do anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ollalog.cli.main import run
from tests.web.live import served
from tests.web.serving import HOSTILE_MODEL, HOSTILE_PATH, NOW, hostile_log, ingest, service_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium (Debian package chromium)")
MOST_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(sample_store: Path) -> Iterator[str]:
    """A service over the sample logs."""
    with served(service_of(sample_store)) as url:
        yield url


Open = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Open addresses in new windows; afterwards nothing went wrong in them, and they asked no other host."""
    windows: list[Any] = []
    faults: list[str] = []
    asked: list[tuple[str, str]] = []

    def visit(url: str, *, wait: str = "body[data-loaded]", **options: Any) -> Page:  # noqa: ANN401 - those of Playwright
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(MOST_MS)
        windows.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
        page.on("console", lambda message: faults.append(message.text) if is_fault(message.type, message.text) else None)
        page.on("request", lambda request: asked.append((url, request.url)))
        page.goto(url)
        page.wait_for_selector(wait)
        return page

    yield visit
    for window in windows:
        window.close()
    assert faults == []
    for url, other in asked:
        assert other.split("/")[:3] == url.split("/")[:3], f"{other} was asked"


def is_fault(kind: str, text: str) -> bool:
    """Whether a message of the browser tells of a fault of the page; that a query was refused, or a server is gone, is told there too."""
    return kind in ("error", "warning") and "status of 400" not in text and "net::ERR_" not in text


def rows_of(page: Page, view: str) -> list[dict[str, Any]]:
    """Rows of a view, as the server tells them."""
    rows: list[dict[str, Any]] = page.evaluate(
        f"fetch('/api/views/{view}?limit=10000').then(answer => answer.json()).then(found => found.rows)"
    )
    return rows


def test_the_page_shows_the_numbers_of_the_views(opened: Open, address: str) -> None:
    """C7: tiles, bars, cells and rows are those of the views; each names its view."""
    page = opened(f"{address}/?range=all")
    overview = rows_of(page, "overview")[0]
    tiles = page.locator(".tile")
    assert tiles.count() == 8
    for place in range(8):
        tile = tiles.nth(place)
        name = str(tile.get_attribute("data-tile"))
        assert float(str(tile.get_attribute("data-value"))) == pytest.approx(overview[name])
        assert f"view overview, column {name}" in str(tile.get_attribute("data-tip"))
    activity = [row for row in rows_of(page, "activity") if row["model"] == "(all)"]
    bars = page.eval_on_selector_all("#panel-requests rect[data-value]", "bars => bars.map(bar => Number(bar.dataset.value))")
    assert sum(bars) == sum(row["requests"] for row in activity) == overview["requests"]
    cells = page.eval_on_selector_all("#panel-latency .heat rect", "cells => cells.map(cell => Number(cell.dataset.value))")
    assert sum(cells) == overview["successes"]
    models = page.eval_on_selector_all("#panel-models tbody tr", "rows => rows.map(row => row.dataset.model)")
    assert models == [row["model"] for row in rows_of(page, "model_summary")]
    assert page.locator("#panel-recommendations li").count() == len(rows_of(page, "recommendations"))
    assert set(page.eval_on_selector_all("#panels > section", "all => all.map(one => one.dataset.view)")) <= {
        row["name"] for row in page.evaluate("fetch('/api/views').then(answer => answer.json()).then(found => found.views)")
    }


def test_choices_are_in_the_address_and_back_goes_back(opened: Open, address: str) -> None:
    """C7: model, range and zone can be linked to."""
    page = opened(address)
    page.select_option("select[data-choice=model]", "qwen2.5:7b")
    page.wait_for_selector("body[data-loaded='2']")
    assert "model=qwen2.5" in page.url
    names = page.eval_on_selector_all("#panel-speed .series", "all => all.map(one => one.dataset.series)")
    assert names == ["qwen2.5:7b"]
    page.click("[data-choice=range-1h]")
    page.wait_for_selector("body[data-loaded='3']")
    assert "No request of a model in this range" in page.inner_text("#notice")
    page.click("#notice button")
    page.wait_for_selector("body[data-loaded='4']")
    page.go_back()
    page.wait_for_selector("body[data-loaded='5']")
    assert "range=1h" in page.url
    linked = opened(f"{address}/ollama-performance-dashboard?model=llama3.1%3A8b&since=2026-07-14&until=2026-07-15&timezone=Asia%2FTokyo")
    assert linked.input_value("select[data-choice=model]") == "llama3.1:8b"
    assert "Asia/Tokyo" in str(linked.locator(".fact", has_text="Range").get_attribute("data-tip"))


def test_the_page_is_used_by_keyboard(opened: Open, address: str) -> None:
    """C7: skip link, choices, tables of charts, charts by arrow keys."""
    page = opened(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
    page.focus("#panel-requests svg")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "view activity" in page.inner_text("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")
    page.focus("#panel-requests button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel-requests table")
    assert page.get_attribute("#panel-requests button", "aria-pressed") == "true"
    unnamed = "all => all.filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).length"
    assert page.eval_on_selector_all("button, select, textarea, svg[role=img], [role=region]", unnamed) == 0


def test_what_a_log_says_stays_text(opened: Open, tmp_path: Path) -> None:
    """R3: markup in a model's name and a path is shown, never obeyed."""
    ingest(tmp_path / "store", *hostile_log(tmp_path))
    with served(service_of(tmp_path / "store")) as url:
        page = opened(url)
        assert page.inner_text("#panel-models tbody th") == HOSTILE_MODEL
        assert HOSTILE_PATH in page.inner_text("#panel-endpoints")
        assert "<b>bold</b>" in page.inner_text("#panel-errors")
        assert page.evaluate("document.querySelectorAll('#panels img, #panels script, #panels b b').length") == 0
        page.select_option("select[data-choice=model]", HOSTILE_MODEL)
        page.wait_for_selector("body[data-loaded='2']")
        page.fill("#query", "SELECT path, '<img src=x onerror=alert(3)>' AS shown FROM requests")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#answer table")
        assert "<img src=x onerror=alert(3)>" in page.inner_text("#answer")
        page.context.close()


def test_a_commit_is_drawn_without_a_reload(opened: Open, tmp_path: Path) -> None:
    """C7: live by server-sent events, whoever writes."""
    access, records = hostile_log(tmp_path)
    store = tmp_path / "store"
    ingest(store, records)
    with served(service_of(store)) as url:
        page = opened(url, wait="body[data-loaded] .light.on")
        assert page.inner_text(".tile[data-tile=requests_per_minute] .note") == "8 in all"
        more = tmp_path / "more.jsonl"
        more.write_text(records.read_text(encoding="utf-8").replace("T11:", "T10:"), encoding="utf-8")
        ingest(store, access, more)
        page.wait_for_selector(".tile[data-tile=requests_per_minute] .note:text-is('16 in all')")
        page.context.close()


def test_light_dark_and_phone_width(opened: Open, address: str) -> None:
    """C7: the page follows the system and its own switch, and is never wider than the screen."""
    background = "getComputedStyle(document.body).backgroundColor"
    dark = opened(address, color_scheme="dark")
    light = opened(address, color_scheme="light", viewport={"width": 360, "height": 740})
    assert dark.evaluate(background) != light.evaluate(background)
    assert light.evaluate("document.documentElement.scrollWidth") <= 360
    dark.click(".theme")
    assert dark.evaluate(background) == light.evaluate(background)


PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHIFTS = """window.shifts = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => { window.shifts += one.hadRecentInput ? 0 : one.value; }))
    .observe({ type: 'layout-shift', buffered: true })"""


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_jumps_while_the_page_fills(browser: Browser, address: str, width: int) -> None:
    """C7: what comes later has its place before, also where the browser is slow and paints first."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.set_default_timeout(MOST_MS)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.route("**/static/app.js", lambda route: (page.evaluate(PAINTED), route.continue_()))
    page.goto(f"{address}/?range=all")
    page.wait_for_selector("body[data-loaded]")
    page.evaluate(PAINTED)
    shifts = page.evaluate("window.shifts")
    context.close()
    assert shifts < 0.1


def test_an_empty_store_says_what_to_do(opened: Open, tmp_path: Path) -> None:
    """U4."""
    with served(service_of(tmp_path / "store")) as url:
        page = opened(url)
        assert "ollalog ingest" in page.inner_text("#notice")
        page.context.close()


def test_a_query_is_asked_of_what_was_chosen(opened: Open, address: str) -> None:
    """F15: evidence is asked for over the range and the model that the page shows."""
    page = opened(f"{address}/?model=llama3.1%3A8b&since=2026-07-14&until=2026-07-15")
    page.fill("#query", "SELECT sum(requests) AS requests FROM model_summary")
    with page.expect_request("**/api/sql") as sent:
        page.click(".ask .primary")
    assert sent.value.post_data_json is not None
    assert {"model": "llama3.1:8b", "since": "2026-07-14", "until": "2026-07-15"}.items() <= sent.value.post_data_json.items()
    page.wait_for_selector("#answer tbody td, #answer tbody th")
    assert page.inner_text("#answer tbody").strip() == page.inner_text("#panel-models tbody [data-column=requests]").replace(",", "")


def test_a_question_that_fails_is_told(opened: Open, address: str) -> None:
    """C7: error states."""
    page = opened(address)
    page.fill("#query", "SELECT nothing FROM model_summary")
    with page.expect_response("**/api/sql"):
        page.click(".ask .primary")
    page.wait_for_selector("#answer .fault")
    assert "nothing" in page.inner_text("#answer")


def test_the_report_opens_from_disk(opened: Open, sample_store: Path, tmp_path: Path) -> None:
    """F13: one file, no other, the same numbers, markup stays text."""
    from ollalog.asking import Scope
    from ollalog.web.file import report_page

    ingest(tmp_path / "store", *hostile_log(tmp_path))
    assert run(["sample", "--count", "1", "--interval", "0.1", "--store", str(tmp_path / "store")]) == 0
    for name, store in (("sample", sample_store), ("hostile", tmp_path / "store")):
        file = tmp_path / f"{name}.html"
        file.write_text(report_page(store, Scope(), NOW, "1.0"), encoding="utf-8")
        page = opened(f"file://{file}")
        lines = [json.loads(line) for line in page.inner_text("#data").splitlines() if line] or page.evaluate(
            "document.getElementById('data').textContent.split('\\n').filter(Boolean).map(JSON.parse)"
        )
        overview = next(line["rows"][0] for line in lines if line.get("view") == "overview")
        assert float(str(page.get_attribute(".tile[data-tile=p95_ns]", "data-value"))) == overview["p95_ns"]
        assert page.locator("#panels svg.chart").count() >= 3
    assert page.inner_text("#panel-models tbody th") == HOSTILE_MODEL
    assert page.inner_text("#panel-system .empty") == "No samples of the host in this range.", "it was sampled long after"


def test_a_range_is_chosen_by_dates_and_by_dragging(opened: Open, address: str) -> None:
    """C7: a range that does not end now is chosen on the page, is in the address, and holds after a reload."""
    page = opened(f"{address}/?range=all")
    requests = len([row for row in rows_of(page, "model_requests") if "2026-07-14T10:00" <= row["happened_at"] < "2026-07-14T16:00"])
    page.focus("#dates summary")
    page.keyboard.press("Enter")
    page.fill("#from", "2026-07-14T10:00")
    page.fill("#to", "2026-07-14T16:00")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-loaded='2']")
    assert "since=2026-07-14T10%3A00&until=2026-07-14T16%3A00" in page.url
    page.reload()
    page.wait_for_selector("body[data-loaded='1']")
    bars = page.eval_on_selector_all("#panel-requests rect[data-value]", "bars => bars.map(bar => Number(bar.dataset.value))")
    assert sum(bars) == requests > 0
    box = page.locator("#panel-requests svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_selector("body[data-loaded='2']")
    assert "since=2026-07-14T1" in page.url
    assert page.inner_text(".custom").startswith("14 Jul, 1")
    page.click(".custom")
    page.wait_for_selector("body[data-loaded='3']")
    assert "since" not in page.url


def test_long_names_and_years_keep_the_page_readable(opened: Open, tmp_path: Path) -> None:
    """C7: a path of thousands of letters hides no column; the axis of years is told by months; dates of other years have their year."""
    line = '[GIN] {day} - 11:00:00 | 200 | 1.2s | 10.0.0.9 | POST "{path}"\n'
    log = tmp_path / "server.log"
    days = ("2024/12/30", "2025/09/01", "2026/07/01")
    log.write_text("".join(line.format(day=day, path=path) for day in days for path in ("/api/chat", "/" + "x" * 3_000)), encoding="utf-8")
    ingest(tmp_path / "store", log)
    with served(service_of(tmp_path / "store")) as url:
        for width in (360, 1280):
            page = opened(url, viewport={"width": width, "height": 800})
            places = page.eval_on_selector_all(
                "#panel-endpoints thead th:nth-child(2)", "all => all.map(one => one.getBoundingClientRect().right)"
            )
            assert places[0] < width
            axis = page.eval_on_selector_all("#panel-requests svg text", "all => all.map(one => one.textContent)")
            assert "2025" in " ".join(axis)
        assert [text for text in axis if "20" in text] == ["Jan 2025", "Jul 2025", "Jan 2026", "Jul 2026"]
        assert "2024" in page.inner_text("#facts")
        page.context.close()


def test_an_alert_is_acknowledged_and_silenced_on_the_page(opened: Open, tmp_path: Path) -> None:
    """C7: by keyboard, also on a phone."""
    line = '[GIN] 2026/07/15 - 11:{minute:02d}:{second:02d} | 200 | 1m12s | 10.0.0.9 | POST "/api/chat"\n'
    log = tmp_path / "server.log"
    log.write_text("".join(line.format(minute=minute, second=second) for minute in range(60) for second in (0, 30)), encoding="utf-8")
    ingest(tmp_path / "store", log)
    with served(service_of(tmp_path / "store")) as url:
        page = opened(url, viewport={"width": 360, "height": 740})
        alert = "#panel-alerts .alert:has-text('slow_response')"
        assert page.eval_on_selector(f"{alert} .grow", "one => one.clientWidth") > 200
        for name, badge in (("Acknowledge", "known"), ("Silence 2 h", "silenced")):
            page.focus(f"{alert} button:text-is('{name}')")
            page.keyboard.press("Enter")
            page.wait_for_selector(f"{alert} .badge:text-is('{badge}')")
        page.context.close()


def test_a_server_that_goes_away_is_told(opened: Open, sample_store: Path) -> None:
    """C7: what is shown stays, and the page says that it is not live."""
    with served(service_of(sample_store)) as url:
        page = opened(url, wait="body[data-loaded] .light.on")
    page.wait_for_selector(".light.off")
    assert page.locator(".tile").count() == 8
    page.context.close()


ORDER = "all => all.map(one => Number(one.tagName[1])).every((level, place, levels) => !place || level <= levels[place - 1] + 1)"
UNREACHABLE = """() => [...document.querySelectorAll('main *')].filter(one => ['auto', 'scroll'].includes(getComputedStyle(one).overflowY)
    && one.scrollHeight > one.clientHeight + 1 && one.tabIndex < 0 && !['SELECT', 'TEXTAREA'].includes(one.tagName))
    .map(one => one.className)"""
REGIONS = """() => [...document.querySelectorAll('section[aria-labelledby], [role=region]')]
    .map(one => one.getAttribute('aria-label') || document.getElementById(one.getAttribute('aria-labelledby')).textContent)"""
CONTRAST = """all => Math.min(...all.map(one => {
    const share = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = color => color.match(/[\\d.]+/g).slice(0, 3).map(value => share(color.startsWith('rgb') ? value / 255 : Number(value)))
        .reduce((sum, value, place) => sum + [0.2126, 0.7152, 0.0722][place] * value, 0);
    const { color, backgroundColor } = getComputedStyle(one);
    const [low, high] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_finds_its_way(opened: Open, address: str, scheme: str) -> None:
    """C7: headings in order, regions with names of their own, nothing that scrolls out of reach, badges that can be read."""
    page = opened(f"{address}/?range=all", color_scheme=scheme, viewport={"width": 1280, "height": 700})
    assert page.eval_on_selector_all("h1, h2, h3, h4", ORDER)
    assert page.evaluate(UNREACHABLE) == []
    regions = page.evaluate(REGIONS)
    assert len(set(regions)) == len(regions)
    assert page.eval_on_selector_all(".badge.high, .badge.critical, .badge.medium, .badge.low", CONTRAST) >= 4.5
