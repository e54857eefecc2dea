"""How does a person ask? A chat window: the conversation on the left, the pages that back it on the right.

Run ``python ui.py``. The first start builds the index of the pages, the next one reuses it. Everything that comes
from a page or from a person reaches the browser through :func:`inert`, so that no text can act as markup.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.build import build_store, is_current
from index.config import IndexConfig
from index.schema import Article, Kind, Line, Role, Segment
from index.store import Store, open_store
from rag.chain import AnswerChain
from rag.config import RagConfig
from rag.console import build_progress, confidence_words, place
from rag.errors import NewsQAError, RetrievalError, StoreError
from rag.question import LONGEST_QUERY
from rag.schema import Answer, Citation, Turn

if TYPE_CHECKING:
    from gradio import Blocks

__all__ = ["build_app", "examples", "inert", "main", "messages", "panel"]

_KEPT_TURNS = 20  # of a conversation that are shown, cited and known to the next question
_STEPS, _PAUSE = 24, 0.015  # an answer appears in so many steps, with so many seconds between two
_LONGEST_EXAMPLE = 24  # characters of a headline that fit on a button
_MARKER = re.compile(r"\[(\d+)\]")
_ACTIVE = re.compile(r"[!-/:-@\[-`{-~]")  # ASCII punctuation: all that Markdown, HTML, LaTeX and templates react to
_TAGS = {Role.HEADLINE: "h3", Role.SECTION: "h4"}


def main(argv: Sequence[str] | None = None) -> int:
    """Open the chat window and serve it until interrupted.

    Returns:
        0 when it has served, 1 when it cannot start (the reason then stands on stderr, in one line), 130 when it was
        interrupted before it served.
    """
    args = _parse(argv)
    try:
        config = RagConfig(store=args.store, index=IndexConfig(model=args.model))
        _serve(build_app(_ready_store(args.pages, config), config), args.host, args.port)
    except NewsQAError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build_app(store: Store, config: RagConfig) -> Blocks:
    """The chat window over an open store.

    Args:
        store: The store that answers.
        config: The settings.
    """
    gr = _gradio()
    window = _Window(store, config)
    with gr.Blocks(title="文据 Wenju", fill_height=True, fill_width=True, analytics_enabled=False) as app:
        answers = gr.State([])
        with gr.Row(elem_id="wj-head"):
            gr.HTML(_masthead(store), apply_default_css=False)
            fresh = gr.Button("新对话", size="sm", scale=0, min_width=88, elem_id="wj-fresh")
        with gr.Row(elem_id="wj-desk"):
            with gr.Column(scale=6, min_width=300, elem_id="wj-talk"):
                chat = gr.Chatbot(elem_id="wj-chat", **_CHAT)
                with gr.Row(elem_id="wj-chips", visible=bool(window.examples)) as chips:
                    buttons = [gr.Button(text, size="sm") for text in window.examples]
                box = gr.Textbox(elem_id="wj-box", **_BOX)
            with gr.Column(scale=5, min_width=300, elem_id="wj-side"):
                evidence = gr.HTML(panel(store, []), apply_default_css=False, elem_id="wj-panel")
        shown = [box, chat, answers, evidence, chips]
        limits = {"concurrency_limit": 2, "concurrency_id": "ask", "api_visibility": "private"}
        asking = [
            event(window.respond, [source, answers], shown, show_progress="hidden", **limits)
            for event, source in [(box.submit, box), *((button.click, button) for button in buttons)]
        ]
        box.stop(window.idle, None, box, cancels=asking, api_visibility="private", queue=False)
        fresh.click(window.restart, None, shown, cancels=asking, api_visibility="private", queue=False)
        gr.api(window.ask, api_name="ask", concurrency_limit=2, concurrency_id="ask")
    queued: Blocks = app.queue(max_size=20)
    return queued


class _Window:
    """What the window does when it is used.

    Its methods give the new states of the text box, the chat, the answers so far, the panel and the row of examples.
    """

    def __init__(self, store: Store, config: RagConfig) -> None:
        self.store = store
        self.chain = AnswerChain(store, config)
        self.examples = examples(self.chain)

    def respond(self, asked: str, answers: list[Answer]) -> Iterator[tuple[Any, ...]]:
        """Answer in the chat, a few characters at a time."""
        gr = _gradio()
        same = gr.skip()
        turns = [Turn(answer.question, answer.text) for answer in answers]
        box, shown = gr.Textbox(value="", submit_btn=False, stop_btn="停止"), 0
        try:
            for answer in self.chain.stream({"question": asked, "history": turns}):
                kept = [*answers, answer][-_KEPT_TURNS:]
                evidence = panel(self.store, kept)
                for text in _growing(answer.text, shown):
                    yield box, messages(kept, text), kept, evidence, gr.Row(visible=False)
                    box = evidence = same
                    time.sleep(_PAUSE)
                shown = len(answer.text)
        except NewsQAError as error:
            gr.Warning(inert(_in_chinese(error, asked)), title="没法回答")
        yield self.idle(), same, same, same, same

    def idle(self) -> Any:
        """The text box when nothing is being answered; what stands in it stays."""
        return _gradio().Textbox(submit_btn=_BOX["submit_btn"], stop_btn=False)

    def restart(self) -> tuple[Any, ...]:
        """Everything as it was at the start."""
        gr = _gradio()
        box = gr.Textbox(value="", submit_btn=_BOX["submit_btn"], stop_btn=False)
        return box, [], [], panel(self.store, []), gr.Row(visible=bool(self.examples))

    def ask(self, question: str) -> str:
        """Answer one question with cited quotes of the pages.

        Args:
            question: The question, in Chinese or English.

        Returns:
            The answer, then one line per source: its number, headline, file and lines.
        """
        try:
            return _as_text(self.chain.invoke(question))
        except NewsQAError as error:
            raise _gradio().Error(str(error), print_exception=False) from None


def examples(chain: AnswerChain, most: int = 4) -> list[str]:
    """Questions to begin with, made of the collection's headlines; each is one that its own article answers.

    Args:
        chain: Who will be asked.
        most: How many; from different pages where there are enough.
    """
    by_page: dict[str, list[Article]] = {}
    for article in chain.store.articles.values():
        if article.kind is Kind.NEWS and 0 < len(article.title) <= _LONGEST_EXAMPLE:
            by_page.setdefault(article.file, []).append(article)
    candidates = [article for row in zip_longest(*by_page.values()) for article in row if article][: most * 5]
    found = (question for article in candidates if (question := _example(chain, article)))
    return list(islice(found, most))


def _example(chain: AnswerChain, article: Article) -> str:
    question = f"《{article.title}》讲了什么？"
    told = chain.invoke(question).citations
    return question if any(c.article_id == article.article_id and c.quote != article.title for c in told) else ""


def inert(text: str) -> str:
    """Text that shows as it is, in Markdown and in HTML alike: every mark that could act becomes an entity.

    Example:
        >>> inert("<b>![甲](x)")
        '&#60;b&#62;&#33;&#91;甲&#93;&#40;x&#41;'
    """
    return _ACTIVE.sub(lambda mark: f"&#{ord(mark[0])};", text)


def messages(answers: Sequence[Answer], shown: str | None = None) -> list[dict[str, str]]:
    """A conversation as the chat component takes it.

    Args:
        answers: The turns, oldest first.
        shown: What is to be seen so far of the last answer; all of it when None.
    """
    told: list[dict[str, str]] = []
    for turn, answer in enumerate(answers, start=1):
        last = turn == len(answers)
        text = answer.text if shown is None or not last else shown
        printable = "".join(char if char.isprintable() else " " for char in answer.question)
        told.append({"role": "user", "content": inert(" ".join(printable.split()))})
        told.append({"role": "assistant", "content": _with_links(text, turn, {c.number for c in answer.citations})})
    return told


def panel(store: Store, answers: Sequence[Answer]) -> str:
    """The evidence of a conversation as HTML; that of the last answer is in view.

    Each citation is a ``<details>`` that opens its whole article, with the quote in ``<mark>``.
    """
    if not answers:
        return f'<section class="wj-turn wj-empty"><h2>依据</h2>{_EMPTY_PANEL}</section>'
    return "".join(
        _turn(store, answer, turn, hidden=turn < len(answers)) for turn, answer in enumerate(answers, start=1)
    )


def _with_links(text: str, turn: int, cited: set[int]) -> str:
    """Markdown of an answer; only the markers of its own citations act."""
    parts: list[str] = []
    end = 0
    for marker in _MARKER.finditer(text):
        if int(marker[1]) in cited:
            link = f'<a class="wj-cite" href="#wj-{turn}-{marker[1]}">&#91;{marker[1]}&#93;</a>'
            parts += [inert(text[end : marker.start()]), link]
            end = marker.end()
    return "".join([*parts, inert(text[end:])]).replace("\n", "\n\n")


def _turn(store: Store, answer: Answer, turn: int, *, hidden: bool) -> str:
    citations, title = answer.citations, "依据"
    note = confidence_words(answer.confidence)
    if answer.abstained:
        citations, title = answer.nearest, "最接近的段落（不是答案）"
        note = "" if citations else "没有接近的段落。"
    items = "".join(_item(store, citation, turn) for citation in citations)
    return (
        f'<section class="wj-turn{" wj-nearest" if answer.abstained else ""}"{" hidden" if hidden else ""}>'
        f'<h2>{title} <small>{note}</small></h2><p class="wj-asked">{inert(answer.question[:120])}</p>{items}</section>'
    )


def _item(store: Store, citation: Citation, turn: int) -> str:
    where = place(citation.file, citation.first_line, citation.last_line)
    return (
        f'<details class="wj-item" name="wj-{turn}" id="wj-{turn}-{citation.number}"><summary>'
        f'<b class="wj-number">{citation.number}</b><span class="wj-title">{inert(citation.headline) or "（无标题）"}'
        f'</span><span class="wj-where">{inert(where)}</span>'
        f'<q class="wj-quote">{inert(citation.quote)}</q></summary>'
        f"{_article(store.articles[citation.article_id], citation)}</details>"
    )


def _article(article: Article, citation: Citation) -> str:
    """The whole article in page order, with the quote marked; line numbers of the file stand in the margin."""
    paragraphs: list[tuple[Line, list[Segment]]] = []
    for line, segment in zip(article.lines, article.segments, strict=True):
        if line.joined:
            paragraphs[-1][1].append(segment)
        else:
            paragraphs.append((line, [segment]))
    start, end = _place(article, citation)
    body = "".join(
        f'<{(tag := _TAGS.get(line.role, "p"))} class="wj-{line.role}" data-line="{line.number}">'
        f"{_paragraph(article.text, segments, start, end)}</{tag}>"
        for line, segments in paragraphs
    )
    return f'<article lang="zh">{body}<a class="wj-back" href="#wj-chat">回到对话</a></article>'


def _place(article: Article, citation: Citation) -> tuple[int, int]:
    """Where the quote stands in the article's text: its spans, mapped back from the page."""
    first, last = citation.spans[0].start, citation.spans[-1].end - 1
    start, end = (
        next(s.start + at - s.page_start for s in article.segments if s.page_start <= at < s.page_start + s.length)
        for at in (first, last)
    )
    return start, end + 1


def _paragraph(text: str, segments: Sequence[Segment], start: int, end: int) -> str:
    """One paragraph; ``text[start:end]`` is marked in it, and so is each place where the layout tore it."""
    left, right = segments[0].start, segments[-1].start + segments[-1].length
    start, end = max(start, left), min(end, right)
    torn = {segment.start for segment in segments[1:]}
    marks = {start, end} if start < end else set()
    parts: list[str] = []
    for a, b in pairwise(sorted({left, right} | torn | marks)):
        parts.append(_TORN if a in torn else "")
        parts.append("<mark>" if marks and a == start else "")
        parts.append(inert(text[a:b]))
        parts.append("</mark>" if marks and b == end else "")
    return "".join(parts)


def _masthead(store: Store) -> str:
    size = f"{store.manifest.pages:,} 个版面 · {store.manifest.articles:,} 篇报道"
    return f"<h1>文据 <i>Wenju</i></h1><p>有据可查的报纸问答 <span>{size}</span></p>"


def _growing(text: str, shown: int) -> Iterator[str]:
    """Beginnings of a text from ``shown`` characters on, ending with all of it; no marker is ever cut."""
    units = re.findall(r"\[\d+\]|.", text[shown:], re.DOTALL)
    step = -(-len(units) // _STEPS) or 1
    for count in range(step, len(units) + step, step):
        yield text[:shown] + "".join(units[:count])


def _as_text(answer: Answer) -> str:
    sources = [
        f"[{c.number}] {c.headline}  {place(c.file, c.first_line, c.last_line)}"
        for c in answer.citations or answer.nearest
    ]
    return "\n".join([answer.text, "", *sources]).rstrip()


def _in_chinese(error: NewsQAError, asked: str) -> str:
    if not isinstance(error, RetrievalError):
        return str(error)
    if not any(char.isalnum() for char in asked):
        return "问题是空的。请输入一个问题。"
    return f"问题有 {len(asked):,} 字，最多能查 {LONGEST_QUERY:,} 字。请缩短后再问。"


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    beside = Path(__file__).parent / "seeds"
    parser = argparse.ArgumentParser(prog="ui.py", description="Open the chat window of Wenju.")
    parser.add_argument(
        "--pages", type=Path, default=beside if beside.is_dir() else Path("seeds"), help="folder of page files (seeds)"
    )
    parser.add_argument("--store", type=Path, default=Path("store"), help="folder of the index (store)")
    parser.add_argument("--model", default="builtin", help="embedding model (builtin)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, help="port to listen on (the first free one from 7860)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535")
    return int(text)


def _ready_store(pages: Path, config: RagConfig) -> Store:
    """The store of exactly these pages; built first where there is none that fits."""
    try:
        if is_current(pages, config.store, config.index):
            return open_store(config.store, config.index.model)
        why = f"The pages or the settings have changed since {config.store} was built."
    except StoreError as error:
        why = error.what
    _tell(f"{why} Building it from {pages}.")
    with build_progress(quiet=False) as report:
        build_store(pages, config.store, config.index, report)
    return open_store(config.store, config.index.model)


def _serve(app: Blocks, host: str, port: int | None) -> None:
    """Listen until interrupted.

    Raises:
        NewsQAError: The address cannot be listened on.
    """
    if not _is_loopback(host):
        _tell(f"Warning: with --host {host}, everyone who can reach this machine can ask and read all the pages.")
    for name in ("NO_PROXY", "no_proxy"):  # gradio asks itself once whether it is there, which no proxy can tell
        os.environ[name] = ",".join([*filter(None, [os.environ.get(name)]), "127.0.0.1", "localhost", host])
    try:
        _, url, _ = app.launch(
            server_name=host, server_port=port, share=False, ssr_mode=False, run_history=False, footer_links=["api"],
            quiet=True, prevent_thread_lock=True, max_file_size="1kb", theme=_theme(), css=_CSS,
            head=_HEAD, js=_JS,
        )  # fmt: skip
    except OSError as error:
        taken = f"{host}:{port}" if port else f"{host}, ports 7860 to 7959,"
        raise NewsQAError(f"{taken} cannot be listened on.", "Name a free one with --host and --port.") from error
    _tell(f"文据 Wenju: {url}  (Ctrl+C stops it)")
    app.block_thread()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _gradio() -> Any:
    """The gradio module, imported when a window is made: it takes seconds."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at the import, which would else look up a host
    import gradio

    return gradio


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _theme() -> Any:
    """Gradio's plain theme with the colours of ``_CSS``; both of its modes read the same variables."""
    colours = {
        "body_background_fill": "var(--wj-paper)",
        "body_text_color": "var(--wj-ink)",
        "background_fill_primary": "var(--wj-sheet)",
        "background_fill_secondary": "var(--wj-paper)",
        "border_color_primary": "var(--wj-rule)",
        "block_background_fill": "var(--wj-sheet)",
        "input_background_fill": "var(--wj-sheet)",
        "button_primary_background_fill": "var(--wj-accent)",
        "button_primary_text_color": "var(--wj-sheet)",
        "button_secondary_background_fill": "var(--wj-sheet)",
        "button_secondary_background_fill_hover": "var(--wj-wash)",
        "button_secondary_text_color": "var(--wj-ink)",
    }
    both = colours | {f"{name}_dark": value for name, value in colours.items()}
    return _gradio().themes.Base(font=_SANS, font_mono=["monospace"], radius_size="sm").set(**both)


_CHAT: dict[str, Any] = {
    "label": "对话",
    "show_label": False,
    "placeholder": "**想知道什么，直接问。**\n\n答案都是报纸上的原话，每一句都注明出处；\n报上没有的，会直说没有。",
    "height": "100%",
    "buttons": [],
    "feedback_options": None,
    "latex_delimiters": [],
    "allow_tags": False,
}
_BOX: dict[str, Any] = {
    "label": "问题",
    "show_label": False,
    "placeholder": "请输入问题，按回车提问",
    "submit_btn": "提问",
    "max_lines": 4,
    "autofocus": True,
}
_SANS = ("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "sans-serif")
_TORN = '<span class="wj-torn" role="img" aria-label="此处原版面断开" title="此处原版面断开"></span>'
_EMPTY_PANEL = (
    "<p>提问之后，这里列出答案的出处：哪一篇、哪个文件、第几行。<br>点开一条，就能读到整篇报道，引文已经标出。</p>"
)

_JS = """() => {
  const reveal = item => (item.querySelector("mark") || item).scrollIntoView({block: "center"});
  document.addEventListener("toggle", event => {
    if (event.target.matches(".wj-item") && event.target.open) reveal(event.target);
  }, true);
  document.addEventListener("click", event => {
    const link = event.target.closest("a[href*='#wj-']");
    const target = link && document.getElementById(link.href.split("#")[1]);
    if (!target) return;
    event.preventDefault();
    if (!target.matches(".wj-item")) return target.scrollIntoView({block: "end"});
    document.querySelectorAll(".wj-turn").forEach(turn => { turn.hidden = !turn.contains(target); });
    if (target.open) reveal(target);
    target.open = true;
    target.querySelector("summary").focus({preventScroll: true});
  }, true);
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") document.querySelector("#wj-box .stop-button")?.click();
  });
}"""

# Gradio sets its css below the window's contents, so what is around them goes into the page's head.
_HEAD = """<style>
gradio-app .gradio-container { overflow: clip; }
gradio-app .main.fillable { max-width: 1480px; margin: 0 auto; padding: 8px 24px 0; }
gradio-app footer { margin: 0; padding: 6px 0 10px; }
gradio-app footer .divider { display: none; }
gradio-app :is(button, summary, a, textarea):focus-visible { outline: 2px solid var(--wj-accent); outline-offset: 2px; }
.toast-header .toast-title { font-size: 0 !important; }  /* an English word; the message says it all */
@media (max-width: 860px) { gradio-app .main.fillable { padding: 4px 12px 0; } }
</style>"""

_CSS = """
:root {
  --wj-paper: #f5f1e8; --wj-sheet: #fffdf8; --wj-wash: #efe8d9; --wj-rule: #ddd3c0; --wj-ink: #24211c;
  --wj-soft: #6b6356; --wj-accent: #9c2b20; --wj-mark: #ffe7a0;
  --wj-serif: "Songti SC", "Noto Serif CJK SC", "Source Han Serif SC", "STSong", "SimSun", serif;
}
.dark {
  --wj-paper: #161412; --wj-sheet: #1f1c19; --wj-wash: #2b2722; --wj-rule: #3d362e; --wj-ink: #ebe4d6;
  --wj-soft: #aca08e; --wj-accent: #ec8f7d; --wj-mark: #65501a;
}
#wj-head { align-items: center; flex-wrap: nowrap; padding: 16px 0 10px; border-bottom: 3px double var(--wj-rule); }
#wj-head h1 { margin: 0; font: 700 30px/1.2 var(--wj-serif); letter-spacing: .08em; color: var(--wj-ink); }
#wj-head h1 i { font: 400 17px/1 var(--wj-serif); letter-spacing: .04em; color: var(--wj-accent); }
#wj-head p { display: flex; flex-wrap: wrap; gap: 0 1em; margin: 3px 0 0; font-size: 14px; color: var(--wj-soft); }
#wj-fresh { border: 1px solid var(--wj-rule); }

#wj-head .html-container, #wj-panel .html-container { padding: 0; }
#wj-desk { height: calc(100dvh - 166px); min-height: 440px; flex-wrap: nowrap; gap: 28px; }
#wj-talk { height: 100%; flex-wrap: nowrap; gap: 12px; }
#wj-chat { flex: 1 1 0 !important; min-height: 0; height: auto !important; border: 1px solid var(--wj-rule); }
#wj-desk [data-testid=status-tracker] { display: none; }  /* covers the whole chat, also after 停止 */
#wj-chat .icon-button-wrapper { display: none; }
#wj-chat .placeholder-content, #wj-chat .placeholder { text-align: center; color: var(--wj-soft); }
#wj-chat .message { font-size: 16px; line-height: 1.8; }
#wj-chat .message-content, #wj-chat .message-content * { color: var(--wj-ink); opacity: 1; }
#wj-chat .user { border: 0; box-shadow: none; background: var(--wj-wash); }
#wj-chat .bot { border: 0; box-shadow: none; background: none; font-family: var(--wj-serif); }
#wj-chat .bot.message { border-left: 3px solid var(--wj-accent); border-radius: 0; padding: 0 0 0 14px; }
#wj-chat .message-content .wj-cite { margin: 0 2px; padding: 1px 5px; border-radius: 4px; background: var(--wj-wash);
  color: var(--wj-accent); font: 600 13px/1 var(--font); text-decoration: none; }
#wj-chat .message-content .wj-cite:hover { background: var(--wj-accent); color: var(--wj-sheet); }
#wj-chips { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
#wj-chips button { display: block; min-width: 0; padding: 7px 12px; border: 1px solid var(--wj-rule);
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 13.5px; font-weight: 400;
  text-align: left; color: var(--wj-soft); }
#wj-chips button:hover { color: var(--wj-accent); border-color: var(--wj-accent); }
#wj-box textarea { font-size: 16px; }
#wj-box :is(.submit-button, .stop-button) { background: var(--wj-accent); color: var(--wj-sheet);
  border-radius: 4px; padding: 0 16px; }

#wj-side { height: 100%; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin; }
.wj-turn { padding: 2px; color: var(--wj-ink); }
.wj-turn[hidden] { display: none; }
.wj-turn h2 { margin: 6px 0 2px; font: 700 19px/1.5 var(--wj-serif); color: var(--wj-ink); }
.wj-turn h2 small { margin-left: .6em; font: 400 13.5px/1 var(--font); color: var(--wj-soft); }
.wj-asked { margin: 0 0 12px; font-size: 14px; color: var(--wj-soft); }
.wj-empty p { margin: 4px 0; font-size: 14.5px; line-height: 1.8; color: var(--wj-soft); }
.wj-item { margin: 0 0 12px; border: 1px solid var(--wj-rule); border-radius: 6px; background: var(--wj-sheet); }
.wj-item summary { display: grid; grid-template-columns: auto 1fr auto; gap: 2px 10px; padding: 12px 14px;
  cursor: pointer; list-style: none; border-radius: 6px; background: var(--wj-sheet); }
.wj-item[open] summary { position: sticky; top: 0; z-index: 1; border-radius: 6px 6px 0 0;
  border-bottom: 1px solid var(--wj-rule); }
.wj-item summary::-webkit-details-marker { display: none; }
.wj-item summary::after { content: "读全文"; grid-area: 1 / 3; font-size: 13px; color: var(--wj-accent); }
.wj-item[open] summary::after { content: "收起"; }
.wj-item summary:hover { background: var(--wj-wash); }
.wj-number { grid-row: 1; align-self: start; min-width: 24px; padding: 0 4px; border-radius: 4px; text-align: center;
  font: 600 13px/24px var(--font); background: var(--wj-accent); color: var(--wj-sheet); }
.wj-nearest .wj-number { background: var(--wj-wash); color: var(--wj-soft); }
.wj-title { font: 700 16.5px/1.5 var(--wj-serif); }
.wj-where { grid-column: 2 / -1; font-size: 13px; color: var(--wj-soft); overflow-wrap: anywhere; }
.wj-quote { grid-column: 2 / -1; margin-top: 4px; font: 400 15px/1.75 var(--wj-serif); quotes: none;
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.wj-item[open] .wj-quote { display: none; }

.wj-item article { position: relative; padding: 8px 30px 18px 52px;
  font: 400 16.5px/1.95 var(--wj-serif); text-align: justify; overflow-wrap: anywhere; }
.wj-item article > :is(p, h3, h4) { margin: 0 0 .7em; color: var(--wj-ink); }
.wj-item article > [data-line]::before { content: attr(data-line); position: absolute; left: 0; width: 38px;
  text-align: right; text-indent: 0; font: 400 11.5px/2.8 var(--font); color: var(--wj-soft); opacity: .75; }
.wj-item article > h3 { margin: .5em 0; font: 700 23px/1.5 var(--wj-serif); text-align: center; }
.wj-item article > h4 { margin: 1.2em 0 .6em; font: 700 17.5px/1.6 var(--wj-serif); }
.wj-item article > :is(.wj-kicker, .wj-column, .wj-subhead, .wj-byline) { text-align: center; color: var(--wj-soft);
  font-size: 15px; }
.wj-item article > .wj-body { text-indent: 2em; }
.wj-item article > :is(.wj-credit, .wj-continued) { text-align: right; color: var(--wj-soft); font-size: 15px; }
.wj-item mark { padding: 2px 0; background: var(--wj-mark); color: inherit; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; scroll-margin: 80px; }
.wj-nearest mark { background: none; border-bottom: 1.5px dashed var(--wj-soft); }
.wj-torn { display: inline-block; width: 7px; height: 5px; margin: 0 3px 4px; border-style: solid none;
  border-width: 1.5px; border-color: var(--wj-accent); transform: rotate(-32deg); cursor: help; }
.wj-item article .wj-back { display: none; font: 400 14px/2 var(--font); color: var(--wj-accent); }

@media (max-width: 860px) {
  #wj-head { padding: 10px 0 8px; }
  #wj-head h1 { font-size: 25px; }
  #wj-desk { display: block; height: auto; min-height: 0; }
  #wj-talk { height: 66dvh; min-height: 420px; margin-bottom: 22px; }
  #wj-chips { grid-template-columns: 1fr; }
  #wj-side { height: auto; overflow: visible; }
  .wj-item article { padding: 8px 14px 16px 34px; }
  .wj-item article > [data-line]::before { width: 26px; }
  .wj-item article .wj-back { display: block; text-align: right; }
}
"""

if __name__ == "__main__":
    raise SystemExit(main())
