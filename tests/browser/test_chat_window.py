"""Tests of the chat window as a person uses it: a real start, a real browser, nothing beyond this machine.

With ``WENJU_SCREENSHOTS=DIR`` in the environment, pictures of the window are left in that folder.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

try:
    from playwright.async_api import Page, async_playwright, expect
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("playwright is not installed", allow_module_level=True)

_ROOT = Path(__file__).parents[2]
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SWITCHES = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run"
).split()
_HOSTILE = '<img src="http://far.example/a.png" onerror="alert(1)">**粗**[链](http://far.example/)${1+1}{{7*7}}'
_QUESTION = "椿树街道关怀了几户认知障碍家庭？"
_DESKTOP, _PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

if _CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip("no chromium on the path", allow_module_level=True)


@dataclass
class _Seen:
    """What a page did that a person would not see."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self._note(request.url))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog {dialog.message}"))

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname != "127.0.0.1":
            self.foreign.append(url)


@dataclass(frozen=True)
class _App:
    """A running window."""

    url: str
    command: list[str]


@pytest.fixture(scope="module")
def seeds_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_App]:
    yield from _start(_ROOT / "seeds", tmp_path_factory.mktemp("window"))


@pytest.fixture(scope="module")
def hostile_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_App]:
    work = tmp_path_factory.mktemp("hostile")
    (work / "pages").mkdir()
    text = f"# 石桥村{_HOSTILE}丰收\n\n本报记者 周二\n\n石桥村的果园今年收了40吨苹果{_HOSTILE}，价钱也好。\n"
    (work / "pages" / "a.txt").write_text(text, encoding="utf-8")
    yield from _start(work / "pages", work)


def _start(pages: Path, work: Path) -> Iterator[_App]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(_ROOT / "ui.py"), f"--port={port}", f"--pages={pages}", f"--store={work / 'store'}"]
    url = f"http://127.0.0.1:{port}/"
    with (work / "log").open("wb") as log, subprocess.Popen(command, cwd=work, stdout=log, stderr=log) as process:
        try:
            _wait(url, process, work / "log")
            yield _App(url, command)
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in (work / "log").read_text(encoding="utf-8", errors="replace")


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"The window did not open: {log.read_text(encoding='utf-8', errors='replace')}")


@asynccontextmanager
async def _window(app: _App, viewport: dict[str, int], scheme: str = "light") -> AsyncIterator[Page]:
    """The open window; on leaving, nothing may have been asked of another machine and no script have failed."""
    seen = _Seen()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_SWITCHES)
        page = await browser.new_page(viewport=viewport, color_scheme=scheme, locale="zh-CN")
        seen.watch(page)
        await page.goto(app.url)
        await expect(_box(page)).to_be_visible(timeout=30_000)
        yield page
        await browser.close()
    assert seen.foreign == []
    assert seen.errors == []


def _box(page: Page):
    return page.locator("#wj-box textarea")


async def _ask(page: Page, question: str) -> None:
    """Ask and wait until the answer stands."""
    said = page.get_by_test_id("bot")
    before = await said.count()
    await _box(page).fill(question)
    async with asyncio.timeout(20):
        while await said.count() == before:  # the window takes no question in the moment after an answer
            await _box(page).press("Enter")
            await page.wait_for_timeout(300)
    await expect(said).to_have_count(before + 1)
    await expect(page.locator("#wj-box .submit-button")).to_be_visible()


async def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("WENJU_SCREENSHOTS"):
        await page.wait_for_timeout(600)
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def _has_no_sideways_scroll(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_question_streams_an_answer_whose_citation_opens_at_the_quote(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _picture(page, "start")
        await page.evaluate(
            """() => { window.lengths = new Set(); new MutationObserver(() => {
                 const said = document.querySelector("[data-testid=bot]");
                 if (said) window.lengths.add(said.innerText.length);
               }).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
        )
        await _ask(page, _QUESTION)
        assert len(await page.evaluate("[...window.lengths]")) > 2  # it came in pieces
        answer = await page.get_by_test_id("bot").inner_text()
        assert "4户" in answer
        assert "[1]" in answer
        quoted = await page.locator(".wj-turn:not([hidden]) .wj-quote").first.text_content()
        await page.locator("#wj-chat a.wj-cite").first.click()
        mark = page.locator("details[open] mark")
        await expect(mark).to_be_in_viewport(ratio=1)
        assert await mark.text_content() == quoted
        assert quoted in answer
        await expect(page.locator("details[open] summary")).to_be_in_viewport()  # stays above the article
        assert await page.evaluate("scrollY") == 0
        await _picture(page, "chat-window")


async def test_a_citation_opens_and_closes_from_the_keyboard(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, _QUESTION)
        await page.locator(".wj-turn:not([hidden]) summary").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open] mark")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open]")).to_have_count(0)
        await page.locator("#wj-chat a.wj-cite").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open] mark")).to_be_in_viewport()


async def test_a_question_without_answer_is_refused_beside_the_nearest_passages(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, "谁发明了电话？")
        await expect(page.get_by_test_id("bot")).to_contain_text("没有找到")
        await expect(page.locator("#wj-panel h2")).to_contain_text("最接近的段落（不是答案）")
        assert await page.locator(".wj-nearest details").count() >= 1
        await expect(page.locator("#wj-chat a.wj-cite")).to_have_count(0)
        await _picture(page, "refusal")


async def test_citations_of_earlier_answers_still_open(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, _QUESTION)
        first = await page.locator(".wj-turn:not([hidden]) .wj-quote").first.text_content()
        await _ask(page, "谁发明了电话？")
        await expect(page.locator(".wj-turn:not([hidden])")).to_contain_text("谁发明了电话")
        await page.locator("#wj-chat a.wj-cite").first.click()
        await expect(page.locator("details[open] mark")).to_have_text(first or "")
        await expect(page.locator("details[open] mark")).to_be_in_viewport()


async def test_an_example_asks_itself_and_a_new_conversation_brings_it_back(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        example = page.locator("#wj-chips button").first
        question = await example.inner_text()
        await example.click()
        await expect(page.get_by_test_id("user")).to_have_text(question)
        await expect(page.locator("#wj-chat a.wj-cite").first).to_be_visible()
        await expect(page.locator("#wj-chips button")).to_have_count(0)
        await page.locator("#wj-fresh").click()
        await expect(page.get_by_test_id("user")).to_have_count(0)
        await expect(example).to_have_text(question)
        await expect(page.locator("#wj-panel details")).to_have_count(0)


async def test_rubbish_is_turned_down_in_plain_words_and_the_next_question_works(seeds_app: _App) -> None:
    async with _window(seeds_app, _PHONE) as page:
        for rubbish, words in (("？？？", "问题是空的"), ("长" * 100_000, "最多能查 2,000 字")):
            await _box(page).fill(rubbish)
            await _box(page).press("Enter")
            await expect(page.get_by_test_id("toast-body").last).to_contain_text(words)
            assert len(await _box(page).input_value()) == len(rubbish)  # not lost
        for rubbish in (f"\x01\x02\u202e<b>粗</b>{_HOSTILE}![图](http://far.example/b.png)", "w" * 1500):
            await _ask(page, rubbish)
        assert await _has_no_sideways_scroll(page)
        await _ask(page, _QUESTION)
        await expect(page.get_by_test_id("bot").last).to_contain_text("4户")
        await expect(page.locator("#wj-chat :is(b, strong, img)")).to_have_count(0)


async def test_escape_stops_the_answer_and_the_window_goes_on(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _box(page).fill(_QUESTION)
        await _box(page).press("Enter")
        await page.locator("#wj-box .stop-button").wait_for()
        await page.keyboard.press("Escape")
        await expect(page.locator("#wj-box .submit-button")).to_be_visible()
        await _ask(page, _QUESTION)
        await expect(page.get_by_test_id("bot").last).to_contain_text("[1]")
        await page.locator("#wj-chat a.wj-cite").last.click()
        await expect(page.locator("details[open] mark")).to_be_in_viewport()


async def test_a_phone_shows_the_evidence_below_and_scrolls_one_way_only(seeds_app: _App) -> None:
    async with _window(seeds_app, _PHONE) as page:
        assert await _has_no_sideways_scroll(page)
        await _ask(page, _QUESTION)
        talk, side = await page.locator("#wj-talk").bounding_box(), await page.locator("#wj-side").bounding_box()
        assert talk is not None
        assert side is not None
        assert side["y"] >= talk["y"] + talk["height"]
        await _picture(page, "chat-window-phone")
        await page.locator("#wj-chat a.wj-cite").first.click()
        await expect(page.locator("details[open] mark")).to_be_in_viewport(ratio=1)
        assert await _has_no_sideways_scroll(page)
        await _picture(page, "chat-window-phone-article")
        await page.locator("details[open] .wj-back").click()
        await expect(_box(page)).to_be_in_viewport()


async def test_the_dark_window_turns_its_colours_and_survives_a_resize(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP, "dark") as page:
        await _ask(page, _QUESTION)
        await page.locator("#wj-panel summary").first.click()
        shades = await page.evaluate(
            "[document.querySelector('.wj-body'), document.querySelector('.wj-item')].map((e, i) => "
            "+getComputedStyle(e)[i ? 'backgroundColor' : 'color'].match(/\\d+/)[0])"
        )
        assert shades[0] > 180
        assert shades[1] < 80
        await _picture(page, "chat-window-dark")
        for width in (700, 390, 1100):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await _has_no_sideways_scroll(page)


async def test_a_hostile_page_shows_as_text_and_reaches_no_other_machine(hostile_app: _App) -> None:
    async with _window(hostile_app, _DESKTOP) as page:
        await _ask(page, "石桥村的果园今年收了多少吨苹果？")
        await expect(page.get_by_test_id("bot")).to_contain_text(f"40吨苹果{_HOSTILE}")
        await page.locator("#wj-chat a.wj-cite").first.click()
        await expect(page.locator("details[open] mark")).to_contain_text(_HOSTILE)
        await expect(page.locator("#wj-chat :is(img, strong), #wj-panel :is(img, strong)")).to_have_count(0)


async def test_a_port_that_is_taken_is_one_clear_line(seeds_app: _App) -> None:
    second = await asyncio.to_thread(
        subprocess.run, seeds_app.command, capture_output=True, text=True, check=False, timeout=120
    )
    assert second.returncode == 1
    (line,) = [line for line in second.stderr.splitlines() if line.strip()]
    assert re.search(r"127\.0\.0\.1:\d+ .*--port", line)
