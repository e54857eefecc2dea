"""Tests of the chat window as a person uses it: a real start, a real browser, nothing beyond this machine.

With ``WENJU_SCREENSHOTS=DIR`` in the environment, pictures of the window are left in that folder.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

try:
    from axe_core_python.async_playwright import Axe
    from playwright.async_api import Locator, Page, Route, async_playwright, expect
except ImportError:
    if os.environ.get("CI"):
        raise
    pytest.skip("playwright or axe-core is not installed", allow_module_level=True)

_ROOT = Path(__file__).parents[2]
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SWITCHES = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run"
).split()
_HOSTILE = (
    '<img src="http://far.example/a.png" onerror="alert(1)">![图](http://far.example/b.png)**粗**${1+1}{{7*7}}\u202e'
)
_QUESTION = "椿树街道关怀了几户认知障碍家庭？"
_DESKTOP, _MIDDLE, _PHONE = ({"width": w, "height": h} for w, h in ((1440, 900), (1024, 768), (390, 844)))

expect.set_options(timeout=20_000)  # an answer is read by a model, which takes seconds on a busy machine

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

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname != "127.0.0.1":
            self.foreign.append(url)


@dataclass(frozen=True)
class _App:
    """A running window."""

    url: str
    command: list[str]
    pages: Path


class _SlowModel(http.server.BaseHTTPRequestHandler):
    """A chat model that says one character every tenth of a second, and notes when nobody listens any more."""

    left = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            for char in "这是一句永远也说不完的话" * 40:
                delta = {"index": 0, "delta": {"content": char}, "finish_reason": None}
                told = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "slow", "choices": [delta]}
                self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            self.left.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def seeds_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_App]:
    work = tmp_path_factory.mktemp("window")
    shutil.copytree(_ROOT / "seeds", work / "pages")
    yield from _start(work)


@pytest.fixture(scope="module")
def hostile_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_App]:
    work = tmp_path_factory.mktemp("hostile")
    (work / "pages").mkdir()
    text = f"# 石桥村{_HOSTILE}丰收\n\n本报记者 周二\n\n石桥村的果园今年收了40吨苹果{_HOSTILE}，价钱也好。\n"
    (work / "pages" / "a.txt").write_text(text, encoding="utf-8")
    yield from _start(work)


@pytest.fixture(scope="module")
def slow_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_App]:
    """A window whose answers a very slow language model writes."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _SlowModel) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        work = tmp_path_factory.mktemp("slow")
        shutil.copytree(_ROOT / "seeds", work / "pages")
        base = f"http://127.0.0.1:{server.server_port}/v1"
        yield from _start(work, "--llm=openai:slow", f"--llm-base-url={base}")
        server.shutdown()


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[_App]:
    (tmp_path / "pages").mkdir()
    yield from _start(tmp_path)


def _start(work: Path, *more: str, kill: bool = False) -> Iterator[_App]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = [f"--port={port}", f"--pages={work / 'pages'}", f"--store={work / 'store'}"]
    command = [sys.executable, str(_ROOT / "ui.py"), *places, *more]
    url = f"http://127.0.0.1:{port}/"
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with (
        (work / "log").open("wb") as log,
        subprocess.Popen(command, cwd=work, stdout=log, stderr=log, env=environment) as process,
    ):
        try:
            _wait(url, process, work / "log")
            yield _App(url, command, work / "pages")
        finally:
            process.kill() if kill else process.terminate()
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
async def _window(
    app: _App, viewport: dict[str, int], scheme: str = "light", locale: str = "zh-CN", refused: int | None = 0
) -> AsyncIterator[Page]:
    """The open window; on leaving, nothing may have been asked of another machine and no script have failed.

    Of what it sends, ``refused`` requests must have been refused by the server as unfit, which a browser logs; None for
    any number.
    """
    seen = _Seen()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_SWITCHES)
        context = await browser.new_context(
            viewport=viewport, color_scheme=scheme, locale=locale, reduced_motion="reduce"
        )
        context.on("page", seen.watch)
        page = await context.new_page()
        await page.goto(app.url)
        await expect(_box(page)).to_be_visible(timeout=120_000)
        yield page
        await browser.close()
    assert seen.foreign == []
    unfit = [line for line in seen.errors if re.search("status of (422|507)", line)]
    assert seen.errors == unfit
    assert refused in {len(unfit), None}


def _box(page: Page) -> Locator:
    return page.locator("#wj-box")


def _answers(page: Page) -> Locator:
    return page.get_by_test_id("bot")


async def _ask(page: Page, question: str) -> None:
    """Ask and wait until the answer stands."""
    before = await page.locator(".wj-meta").count()
    await _box(page).fill(question)
    await _box(page).press("Enter")
    await expect(page.locator(".wj-meta")).to_have_count(before + 1, timeout=60_000)


async def _go(page: Page, name: str) -> None:
    await page.locator(".wj-nav button", has_text=name).click()


async def _picture(page: Page, name: str) -> None:
    if folder := os.environ.get("WENJU_SCREENSHOTS"):
        await page.wait_for_timeout(600)
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def _fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return await page.evaluate(
        "[...document.querySelectorAll('html, .wj-scroll, .wj-sheet, .wj-library, .wj-settings')]"
        ".every(e => e.scrollWidth <= e.clientWidth + 1)"
    )


async def _is_accessible(page: Page) -> list[str]:
    """What axe-core finds fault with, by the rules of WCAG 2.2 AA."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}
    found = await Axe().run(page, context="#wj", options=rules)
    assert len(found["passes"]) > 10  # it has looked
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]


async def test_an_answer_opens_its_evidence_beside_it_with_the_quote_in_sight(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _picture(page, "start")
        await _ask(page, _QUESTION)
        answer = await _answers(page).inner_text()
        assert "4户" in answer
        await expect(page.locator(".wj-block strong")).to_have_text("4户")
        mark = page.locator(".wj-reader mark")
        await expect(mark.first).to_be_in_viewport()
        marked = "".join(await mark.all_text_contents())
        assert marked in answer
        await expect(page.locator(".wj-about")).to_contain_text("第 57 行")
        await expect(page.locator(".wj-sure")).to_contain_text("把握")
        await expect(page.locator(".wj-torn").first).to_have_attribute("aria-label", re.compile("断开"))
        assert await _fits(page)
        await _picture(page, "chat-window")


async def test_evidence_opens_and_closes_from_the_keyboard_alone(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await expect(_box(page)).to_be_focused()
        await page.keyboard.type("第一行")
        await page.keyboard.press("Shift+Enter")
        await expect(_box(page)).to_have_value("第一行\n")
        await _ask(page, _QUESTION)
        await page.keyboard.press("Escape")
        await expect(page.locator(".wj-reader")).to_be_hidden()
        chip = page.locator(".wj-chip").first
        await chip.focus()
        assert await chip.evaluate("e => e.matches(':focus-visible') && getComputedStyle(e).outlineStyle") == "solid"
        await page.keyboard.press("Enter")
        await expect(page.locator(".wj-reader mark").first).to_be_in_viewport()


async def test_a_question_without_answer_is_refused_beside_the_nearest_passages(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, "谁发明了电话？")
        await expect(_answers(page)).to_contain_text("没有找到")
        await expect(page.locator(".wj-reader")).to_be_hidden()  # nothing is near
        await expect(page.locator(".wj-source-quote")).to_have_count(0)
        await page.locator(".wj-source").first.click()
        await expect(page.locator(".wj-reader-title")).to_contain_text("最接近的段落（没有读到答案）")
        assert await page.locator(".wj-loose .wj-source").count() >= 1
        await expect(page.locator(".wj-chip")).to_have_count(0)
        await page.locator(".wj-tab").nth(1).click()
        await expect(page.locator(".wj-tab").nth(1)).to_have_attribute("aria-pressed", "true")
        await _picture(page, "refusal")


async def test_examples_follow_ups_edits_and_a_fresh_start(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        example = page.locator(".wj-example").first
        question = await example.inner_text()
        await example.click()
        await expect(page.get_by_test_id("user")).to_have_text(question)
        await expect(page.locator(".wj-chip").first).to_be_visible()
        await _ask(page, _QUESTION)
        await page.locator(".wj-source").first.click()  # of the answer before
        await expect(page.locator(".wj-reader mark").first).to_be_in_viewport()
        await page.locator(".wj-edit").first.click()
        await page.locator(".wj-editbox").fill(_QUESTION)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("user")).to_have_text(_QUESTION)
        await expect(_answers(page)).to_contain_text("4户")
        await page.get_by_role("link", name="看原来的对话").click()  # what came after is not gone
        await expect(page.get_by_test_id("user")).to_have_text([question, _QUESTION])
        await page.go_back()
        await expect(page.get_by_test_id("user")).to_have_text(_QUESTION)
        await page.get_by_role("button", name="重答").click()
        await expect(_answers(page)).to_have_count(1)
        await expect(page.locator(".wj-meta")).to_have_count(1)
        await page.locator("#wj-new").click()
        await expect(page.get_by_test_id("user")).to_have_count(0)
        await expect(example).to_have_text(question)


async def test_copies_feedback_and_files(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await _ask(page, _QUESTION)
        for name, words in (("复制", "\n[1] "), ("复制 Markdown", "[^1]: ")):
            await page.get_by_role("button", name=name, exact=True).click()
            await expect(page.get_by_role("button", name="已复制")).to_be_visible()
            assert words in await page.evaluate("navigator.clipboard.readText()")
            await expect(page.get_by_role("button", name="已复制")).to_have_count(0)
        for link, kind in (("证据文件", "wenju-evidence.json"), ("导出对话", "wenju-conversation.zip")):
            async with page.expect_download() as waiting:
                await page.get_by_role("link", name=link).click()
            assert (await waiting.value).suggested_filename == kind
        await page.get_by_role("button", name="没用").click()
        await page.locator(".wj-word").fill("不是这个数")
        await page.get_by_role("button", name="提交").click()
        await expect(page.locator(".wj-feedback")).to_contain_text("记下了")


async def test_rubbish_is_turned_down_in_plain_words_and_stays_in_the_box(seeds_app: _App) -> None:
    async with _window(seeds_app, _PHONE) as page:
        for rubbish, words in (("？？？", "问题是空的"), ("长" * 100_000, "最多能查 2,000 字")):
            await _box(page).fill(rubbish)
            await _box(page).press("Enter")
            await expect(page.locator(".wj-box-trouble")).to_contain_text(words)
            assert len(await _box(page).input_value()) == len(rubbish)
        await _ask(page, f"\x01<b>粗</b>{_HOSTILE}")
        await _ask(page, "w" * 1500)
        assert await _fits(page)
        await expect(page.locator(".wj-turns :is(b, img)")).to_have_count(0)


async def test_a_running_answer_stops_for_good_and_the_next_question_waits_its_turn(slow_app: _App) -> None:
    async with _window(slow_app, _DESKTOP) as page:
        _SlowModel.left.clear()
        await _box(page).fill(_QUESTION)
        await _box(page).press("Enter")
        await expect(page.locator(".wj-stop")).to_be_visible()
        await _box(page).fill("谁发明了电话？")  # taken while the first is being answered
        await _box(page).press("Enter")
        await expect(_answers(page).last).to_contain_text("等上一个问题答完")
        await page.wait_for_timeout(1500)
        await page.keyboard.press("Escape")
        await expect(_answers(page).first).to_contain_text("已停止")
        await expect(page.locator(".wj-stop")).to_be_hidden()
        assert await asyncio.to_thread(_SlowModel.left.wait, 30)  # the model was hung up on
        await _go(page, "设置")
        await page.get_by_role("radio", name="摘引原文").check()
        await _go(page, "问答")
        await _ask(page, _QUESTION)
        await expect(_answers(page).last).to_contain_text("4户")


async def test_on_a_phone_the_evidence_opens_over_the_chat_and_goes_back(seeds_app: _App) -> None:
    async with _window(seeds_app, _PHONE) as page:
        await _picture(page, "start-phone")
        await _ask(page, _QUESTION)
        await expect(page.locator(".wj-reader")).to_be_hidden()
        await _picture(page, "chat-window-phone")
        for leave in ("Escape", "back", "button"):
            await page.locator(".wj-source").first.click()
            await expect(page.locator(".wj-reader mark").first).to_be_in_viewport()
            assert await page.locator(".wj-ask").evaluate("e => e.inert")
            assert await _fits(page)
            if leave == "Escape":
                await _picture(page, "chat-window-phone-article")
                await page.keyboard.press("Escape")
            elif leave == "back":
                await page.evaluate("history.back()")
            else:
                await page.get_by_role("button", name="关闭").click()
            await expect(page.locator(".wj-reader")).to_be_hidden()
        await expect(_box(page)).to_be_in_viewport()


@pytest.mark.parametrize(("viewport", "scheme"), [(_DESKTOP, "light"), (_MIDDLE, "dark"), (_PHONE, "light")])
async def test_every_view_passes_axe_and_needs_no_sideways_scroll(
    seeds_app: _App, viewport: dict[str, int], scheme: str
) -> None:
    async with _window(seeds_app, viewport, scheme) as page:
        name = f"{viewport['width']}-{scheme}"
        faults = await _is_accessible(page)
        await _ask(page, _QUESTION)
        faults += await _is_accessible(page)
        await _picture(page, f"answer-{name}")
        await _ask(page, "谁发明了电话？")
        faults += await _is_accessible(page)
        await _picture(page, f"refusal-{name}")
        for tab, file in (("资料库", "library"), ("设置", "settings")):
            await _go(page, tab)
            if file == "library":
                await expect(page.locator(".wj-table tbody tr")).to_have_count(5)
            faults += await _is_accessible(page)
            assert await _fits(page)
            await _picture(page, f"{file}-{name}")
        assert faults == []


async def test_a_hostile_page_shows_as_text_and_reaches_no_other_machine(hostile_app: _App) -> None:
    async with _window(hostile_app, _DESKTOP) as page:
        await _ask(page, "石桥村的果园今年收了多少吨苹果？")
        await expect(_answers(page)).to_contain_text("40吨苹果<img src=")
        await expect(page.locator(".wj-reader mark").first).to_be_in_viewport()
        assert _HOSTILE.partition("**")[0] in (await page.locator(".wj-paper").text_content() or "")
        await _go(page, "资料库")
        await page.locator(".wj-words").fill("苹果")
        await page.locator(".wj-words").press("Enter")
        await page.locator(".wj-hit-text").first.click()
        await expect(page.locator(".wj-paper")).to_contain_text("![图](http://far.example/b.png)")
        await expect(page.locator("#wj :is(img, script, iframe)")).to_have_count(0)


async def test_the_browser_itself_would_let_nothing_out(seeds_app: _App) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_SWITCHES)
        page = await browser.new_page()
        await page.goto(seeds_app.url)
        blocked = await page.evaluate(
            """async () => { const told = [];
               addEventListener("securitypolicyviolation", e => told.push(e.violatedDirective));
               document.body.append(Object.assign(new Image(), {src: "http://far.example/a.png"}));
               await fetch("http://far.example/").catch(() => 0);
               await new Promise(done => setTimeout(done, 300)); return told; }"""
        )
        await browser.close()
    assert {"img-src", "connect-src"} <= set(blocked)


async def test_files_are_added_asked_and_removed_without_leaving(empty_app: _App, tmp_path: Path) -> None:
    async with _window(empty_app, _DESKTOP, refused=1) as page:
        await expect(page.locator(".wj-hero")).to_have_text("资料库还是空的")
        await _picture(page, "empty")
        await page.get_by_role("button", name="打开资料库").click()
        await expect(page.locator(".wj-drop")).to_contain_text(".docx")
        files = [
            {
                "name": "白塔.txt",
                "mimeType": "text/plain",
                "buffer": "# 白塔镇建图书馆\n\n本报记者 王五\n\n白塔镇图书馆藏书9000册，下月开馆。\n".encode(),
            },
            {"name": "bild.txt", "mimeType": "text/plain", "buffer": b"\x89PNG\r\n\x1a\n"},
            {"name": "x.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"},
        ]
        await page.locator("input[type=file]").set_input_files(files)
        await expect(page.locator(".wj-job")).to_contain_text("重建完成", timeout=60_000)
        told = await page.locator(".wj-uploads li").all_inner_texts()
        assert "已加入" in told[0]
        assert "PNG" in told[1]
        assert ".docx" in told[2]
        await expect(page.locator(".wj-table tbody tr")).to_have_count(1)
        await page.locator(".wj-table .wj-link").click()
        await page.locator(".wj-articlerow").click()
        await expect(page.locator(".wj-paper")).to_contain_text("藏书9000册")
        await _go(page, "问答")
        await _ask(page, "白塔镇图书馆藏书多少册？")
        await expect(_answers(page)).to_contain_text("9000册")
        await _go(page, "资料库")
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.get_by_role("button", name="移出 白塔.txt").click()
        await expect(page.locator(".wj-job")).to_contain_text("已移出")
    assert not list(empty_app.pages.glob("*.txt"))


async def test_english_by_the_language_of_the_browser(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP, locale="en-GB") as page:
        await expect(page.locator(".wj-hero")).to_have_text("Ask the archive.")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await _ask(page, _QUESTION)
        await expect(page.locator(".wj-meta")).to_contain_text("sure")
        await _go(page, "Settings")
        await page.get_by_role("combobox", name="Language").select_option("zh")
        await expect(page.locator(".wj-settings h1")).to_have_text("设置")
        await _go(page, "问答")
        await expect(page.get_by_test_id("user")).to_have_text(_QUESTION)  # the conversation is kept


async def test_a_port_that_is_taken_is_one_clear_line(seeds_app: _App) -> None:
    second = await asyncio.to_thread(
        subprocess.run, seeds_app.command, capture_output=True, text=True, check=False, timeout=120
    )
    assert second.returncode == 1
    (line,) = [line for line in second.stderr.splitlines() if line.strip()]
    assert re.search(r"127\.0\.0\.1:\d+ .*--port", line)


async def test_a_reload_keeps_the_conversation_and_the_draft(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, _QUESTION)
        await _box(page).fill("它的")
        await page.reload()
        await expect(page.locator(".wj-question")).to_have_text([_QUESTION])
        await expect(_box(page)).to_have_value("它的")
        await page.locator(".wj-source").first.click()
        await expect(page.locator(".wj-paper mark").first).to_be_visible()
        await page.locator("#wj-new").click()
        await page.reload()
        await expect(page.locator(".wj-hero")).to_be_visible()
        await expect(page.locator(".wj-question")).to_have_count(0)


async def test_a_reload_in_the_middle_of_an_answer_shows_it_and_asks_what_waits(slow_app: _App) -> None:
    async with _window(slow_app, _DESKTOP) as page:
        for question in (_QUESTION, "谁发明了电话？"):
            await _box(page).fill(question)
            await _box(page).press("Enter")
        await expect(_answers(page).last).to_contain_text("等上一个问题答完")
        await expect(page).to_have_url(re.compile(r"\?c="))
        await page.reload()
        await expect(page.get_by_test_id("user")).to_have_text([_QUESTION, "谁发明了电话？"])
        await expect(page.locator(".wj-stop")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator(".wj-stop")).to_be_hidden()
        await page.reload()
        await expect(_answers(page).last).to_have_text("没有答完。")


async def test_conversations_are_found_named_pinned_deleted_and_brought_back(
    seeds_app: _App,
) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        rows = page.locator(".wj-talk-link")
        await _ask(page, "豐台有多少個名老中醫工作室？")
        await page.locator("#wj-new").click()
        await _ask(page, "新发地市场在哪里？")
        await page.get_by_label("搜索对话").fill("老中医工作室")  # the other script
        await expect(rows).to_have_text(["豐台有多少個名老中醫工作室？"])
        await page.locator(".wj-talk-more").click()
        await page.get_by_role("button", name="改名").click()
        await page.get_by_role("textbox", name="改名").fill("名医工作室")
        await page.keyboard.press("Enter")
        await expect(rows).to_have_text(["名医工作室"])
        await page.locator(".wj-talk-more").click()
        await page.get_by_role("button", name="置顶对话").click()
        await page.get_by_label("搜索对话").fill("")
        await expect(rows.first).to_have_text("名医工作室")
        await expect(page.locator(".wj-talks-list h2").first).to_have_text("置顶")
        assert await _is_accessible(page) == []
        await page.locator(".wj-talk-more").first.click()
        await page.get_by_role("button", name="删除").click()
        await expect(page.get_by_text("名医工作室", exact=True)).to_have_count(0)
        await page.get_by_role("button", name="撤销").click()
        await rows.first.click()
        await expect(page.get_by_test_id("user")).to_have_text("豐台有多少個名老中醫工作室？")
        await _picture(page, "conversations")


async def test_two_tabs_agree(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, _QUESTION)
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(_answers(other)).to_contain_text("4户")
        await _ask(other, "谁发明了电话？")
        await expect(page.get_by_test_id("user")).to_have_text([_QUESTION, "谁发明了电话？"])
        await expect(_answers(page).last).to_contain_text("没有找到")
        await other.locator("#wj-new").click()
        await _ask(other, "新发地市场在哪里？")
        await expect(other).to_have_url(re.compile(r"[?&]c="))
        conversation = parse_qs(urlsplit(other.url).query)["c"][0]
        row = page.locator(f'.wj-talk-link[data-talk="{conversation}"]')
        await expect(row).to_have_text("新发地市场在哪里？")
        await expect(page.get_by_test_id("user")).to_have_count(2)


async def test_an_answer_that_ends_while_a_tab_begins_to_follow_it_is_shown(seeds_app: _App) -> None:
    told_as_running: list[str] = []

    async def once_too_early(route: Route) -> None:
        response = await route.fetch()
        found = await response.json()
        if not told_as_running:
            found["turns"][-1] |= {"state": "running", "told": {}}
            told_as_running.append(found["turns"][-1]["id"])
        await route.fulfill(response=response, json=found)

    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, _QUESTION)
        await page.route("**/window/conversation?*", once_too_early)
        await page.reload()
        await expect(_answers(page)).to_contain_text("4户")
        assert len(told_as_running) == 1


async def test_on_a_phone_the_list_lies_over_the_chat(seeds_app: _App) -> None:
    async with _window(seeds_app, _PHONE) as page:
        await _ask(page, _QUESTION)
        await expect(page.locator(".wj-talks")).to_be_hidden()
        opener = page.get_by_role("button", name="对话记录")
        for leave in ("Escape", "button", "row"):
            await opener.click()
            await expect(page.locator(".wj-talks")).to_be_visible()
            assert await page.locator(".wj-ask").evaluate("e => e.inert")
            if leave == "Escape":
                assert await _is_accessible(page) == []
                await page.keyboard.press("Escape")
            elif leave == "button":
                await page.locator(".wj-talks-close").click()
            else:
                await page.locator(".wj-talk-link").first.click()
            await expect(page.locator(".wj-talks")).to_be_hidden()
        await expect(_box(page)).to_be_in_viewport()


async def test_every_state_has_an_address_that_can_be_gone_back_to_and_sent(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, "昌平和青岛哪个聘请的劳模导师更多？")
        mark = page.locator(".wj-reader mark strong")
        await expect(mark).to_have_text("42位")
        await page.locator(".wj-chip", has_text="2").first.click()
        await expect(mark).to_have_text("114名")
        cited = page.url
        await _go(page, "资料库")
        await expect(page.locator(".wj-reader")).to_be_hidden()
        await page.locator(".wj-words").fill("技能竞赛")
        await page.locator(".wj-words").press("Enter")
        await page.locator(".wj-hit-text").first.click()
        await expect(page.locator(".wj-paper mark").first).to_be_in_viewport()
        found = page.url
        await page.go_back()
        await expect(page.locator(".wj-reader")).to_be_hidden()
        await expect(page.locator(".wj-hit").first).to_be_visible()
        await page.go_back()
        await expect(page.locator(".wj-table")).to_be_visible()
        await page.go_back()
        await expect(mark).to_have_text("114名")
        for _ in range(3):
            await page.go_forward()
        await expect(page.locator(".wj-paper mark").first).to_be_in_viewport()
        await _go(page, "设置")
        await page.reload()
        await expect(page.locator(".wj-settings h1")).to_be_visible()
    async with _window(seeds_app, _PHONE) as colleague:
        await colleague.goto(found)
        await expect(colleague.locator(".wj-paper mark").first).to_be_in_viewport()
        await colleague.get_by_role("button", name="关闭").click()
        await expect(colleague.locator(".wj-words")).to_have_value("技能竞赛")
        await expect(colleague.locator(".wj-hit").first).to_be_visible()
        await colleague.goto(cited)
        await expect(colleague.locator(".wj-reader mark strong")).to_have_text("114名")
        await colleague.keyboard.press("Escape")
        await expect(colleague.get_by_test_id("user")).to_have_text("昌平和青岛哪个聘请的劳模导师更多？")


async def test_the_archive_by_paper_and_day_and_a_search_that_may_find_nothing(tmp_path: Path) -> None:
    for number, seed in enumerate(sorted((_ROOT / "seeds").glob("*.txt")), start=1):
        folder = tmp_path / "pages" / ("晨报" if number < 4 else "晚报")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(seed, folder / f"2026-0{number}-15.txt")
    with contextmanager(_start)(tmp_path) as app:
        async with _window(app, _DESKTOP) as page:
            await _go(page, "资料库")
            await expect(page.locator(".wj-headlines h3")).to_have_text("2026年5月15日，5 篇")
            await page.get_by_label("报纸").select_option("晨报")
            await expect(page.locator(".wj-headlines h3")).to_contain_text("2026年3月15日")
            await page.get_by_role("button", name="上一个月").click()
            await page.get_by_role("link", name="2026年2月15日").click()
            await expect(page.locator(".wj-headlines h3")).to_contain_text("2026年2月15日")
            assert await _is_accessible(page) == []
            assert await _fits(page)
            await _picture(page, "archive")
            row = page.locator(".wj-daypage .wj-articlerow").first
            title = await row.locator(".wj-hit-title").inner_text()
            await row.click()
            await expect(page.locator(".wj-about-title")).to_have_text(title)
            await page.go_back()
            await page.go_back()
            await expect(page.locator(".wj-headlines h3")).to_contain_text("2026年3月15日")
            await page.locator(".wj-words").fill("量子纠缠")
            await page.locator(".wj-words").press("Enter")
            await expect(page.locator(".wj-hits")).to_contain_text("没有找到与“量子纠缠”有关的文章")
            await page.locator(".wj-words").fill("技能竞赛")
            await page.get_by_label("排序").select_option("由旧到新")
            await page.locator(".wj-words").press("Enter")
            await expect(page.locator(".wj-hit strong").first).to_contain_text("技能")
            dates = re.findall(
                r"2026-\d\d-\d\d(?!\.)", " ".join(await page.locator(".wj-source-where").all_inner_texts())
            )
            assert len(dates) > 3
            assert dates == sorted(dates)
            assert await _is_accessible(page) == []
        async with _window(app, _PHONE) as phone:
            await _go(phone, "资料库")
            await phone.get_by_role("link", name="2026年5月15日").click()
            assert await _is_accessible(phone) == []
            assert await _fits(phone)


async def test_what_could_be_asked_next_is_answered_and_a_refusal_names_the_nearest_headlines(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, "昌平和青岛哪个聘请的劳模导师更多？")
        offered = page.locator(".wj-nextone")
        await expect(offered).to_have_count(3, timeout=60_000)
        assert await _is_accessible(page) == []
        await _picture(page, "next")
        question = await offered.first.inner_text()
        await offered.first.click()
        await expect(page.get_by_test_id("user").last).to_have_text(question)
        await expect(page.locator(".wj-meta")).to_have_count(2)
        await expect(page.locator(".wj-chip").last).to_be_visible()
        await page.locator("#wj-new").click()
        await _ask(page, "谁发明了电话？")
        await expect(offered.first).to_contain_text("讲了什么？", timeout=60_000)
        headlines = await page.locator(".wj-source-title").all_inner_texts()
        told = await offered.all_inner_texts()
        assert all(any(f"《{headline}》" in text for headline in headlines) for text in told)
        await page.reload()
        await expect(offered).to_have_text(told)


async def test_after_a_crash_a_rebuild_and_damage_no_answer_is_lost(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    page_file = tmp_path / "pages" / "a.txt"
    page_file.write_text("# 白塔镇建图书馆\n\n本报记者 王五\n\n白塔镇图书馆藏书9000册，下月开馆。\n", encoding="utf-8")
    question = "白塔镇图书馆藏书多少册？"
    with contextmanager(_start)(tmp_path, kill=True) as app:
        async with _window(app, _DESKTOP) as page:
            await _ask(page, question)
            address = urlsplit(page.url).query
    page_file.write_text(page_file.read_text(encoding="utf-8").replace("9000", "9500"), encoding="utf-8")
    with contextmanager(_start)(tmp_path) as app:
        async with _window(app, _DESKTOP) as page:
            await page.goto(f"{app.url}?{address}")
            await expect(_answers(page)).to_contain_text("9000册")
            await expect(page.locator(".wj-note-changed")).to_contain_text("a.txt")
            await page.locator(".wj-source").click()
            await expect(page.locator(".wj-changed")).to_contain_text("这句引文已不在上面")
            await expect(page.locator(".wj-paper mark strong")).to_have_text("9000册")
            await page.get_by_role("button", name="看现在的文章").click()
            await expect(page.locator(".wj-paper")).to_contain_text("9500册")
            await page.get_by_role("button", name="有用").first.click()
            async with page.expect_download():
                await page.get_by_role("link", name="导出对话").click()
    for file in (tmp_path / "store").glob("conversations.sqlite*"):  # its log too, which could mend it
        file.write_bytes(b"damaged " * 1000)
    with contextmanager(_start)(tmp_path) as app:
        async with _window(app, _DESKTOP, refused=None) as page:
            await _ask(page, question)
            await expect(_answers(page)).to_contain_text("9500册")
            await expect(page.locator(".wj-unkept")).to_contain_text("conversations.sqlite 坏了")
            await page.locator(".wj-source").click()
            await expect(page.locator(".wj-paper mark strong")).to_have_text("9500册")
            await page.get_by_role("button", name="没用").click()


async def test_an_address_asks_once_and_the_last_question_is_recalled(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await page.goto(f"{seeds_app.url}?q={_QUESTION}")
        await expect(page.locator(".wj-direct")).to_be_visible()
        assert "q=" not in page.url
        await page.reload()
        await expect(page.locator(".wj-question")).to_have_text([_QUESTION])
        await page.locator(".wj-question").click()
        await page.keyboard.press("/")
        await page.keyboard.press("ArrowUp")
        await expect(_box(page)).to_have_value(_QUESTION)


async def test_a_comparison_is_a_table_of_two_sides(seeds_app: _App) -> None:
    async with _window(seeds_app, _DESKTOP) as page:
        await _ask(page, "昌平和青岛哪个聘请的劳模导师更多？")
        await expect(page.locator(".wj-sides tr")).to_have_text([re.compile("昌平.*42位"), re.compile("青岛.*114名")])
        await expect(page.locator(".wj-wins th")).to_have_text("青岛")


async def test_a_printed_page_is_shown_with_the_quote_boxed(make_pdf: Callable[..., bytes], tmp_path: Path) -> None:
    rows = [
        (60, 700, 24, "白塔镇启用新车站"),
        (60, 660, 10, "白塔镇汽车站上月启用，"),
        (60, 645, 10, "每天发车四十二班。"),
    ]
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.pdf").write_bytes(make_pdf(rows))
    with contextmanager(_start)(tmp_path) as app:
        async with _window(app, _DESKTOP) as page:
            await _ask(page, "白塔镇汽车站每天发车多少班？")
            await page.get_by_role("button", name="看版面").click()
            picture = page.locator(".wj-printed img")
            await expect(picture).to_be_visible()
            assert (
                await picture.evaluate("image => image.complete ? image.naturalWidth : image.decode().then(() => 1)")
                > 0
            )
            assert await page.locator(".wj-place").count() == 2  # the sentence goes over two lines of print
            sheet = await picture.bounding_box()
            box = await page.locator(".wj-place").first.bounding_box()
            assert box["x"] - sheet["x"] == pytest.approx(60 / 600 * sheet["width"], abs=4)
            assert box["y"] - sheet["y"] == pytest.approx((800 - 669) / 800 * sheet["height"], abs=6)
            await page.get_by_role("button", name="看文字").click()
            await expect(page.locator(".wj-paper mark").first).to_be_visible()
