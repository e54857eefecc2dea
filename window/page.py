"""What carries the window to the browser? A Gradio page, with Gradio's queue behind its ``ask`` endpoint.

The one door to gradio. The page holds an empty place that ``window/web/main.js`` fills, because what Gradio's own chat
shows is Markdown, which loads remote pictures, and because it takes no question while it answers one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rag.chain import AnswerChain
from rag.errors import WenjuError
from window.export import as_plain

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks

__all__ = ["POLICY", "make_page", "mount_page"]

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",  # Gradio's page holds its settings in a script; none is made of text
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""Content-Security-Policy of the window. No foreign host is in it: nothing is loaded from one or sent to one."""

_TITLE = "文据 Wenju"
_HEAD = """
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/window/web/base.css">
<link rel="stylesheet" href="/window/web/chat.css">
<link rel="stylesheet" href="/window/web/conversations.css">
<link rel="stylesheet" href="/window/web/reader.css">
<link rel="stylesheet" href="/window/web/library.css">
<script type="module" src="/window/web/main.js"></script>
"""
_OPENING = {"zh": "正在打开…", "en": "Opening…"}


def make_page(chain: Callable[[], AnswerChain]) -> Blocks:
    """The page.

    Args:
        chain: Gives the chain that answers now.
    """
    gr = _gradio()
    words = _words(gr)
    with gr.Blocks(title=_TITLE, fill_height=True, fill_width=True, analytics_enabled=False) as page:
        gr.Markdown(words("opening"), elem_id="wenju")  # gr.HTML would need a policy that lets scripts be made of text
        gr.api(_asker(gr, chain), api_name="ask", concurrency_limit=2)
    queued: Blocks = page.queue(max_size=60)
    return queued


def mount_page(app: FastAPI, page: Blocks) -> None:
    """Put the page at the root of an application; routes that are there already go before it."""
    gr = _gradio()
    gr.mount_gradio_app(
        app, page, path="/", ssr_mode=False, run_history=False, footer_links=[], max_file_size="1kb",
        show_error=False, theme=gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]), head=_HEAD,
        i18n=_words(gr), pwa=False, enable_monitoring=False,
    )  # fmt: skip


def _asker(gr: Any, chain: Callable[[], AnswerChain]) -> Callable[[str], str]:
    def ask(question: str) -> str:
        """Answer one question with cited quotes of the pages.

        Args:
            question: The question, in Chinese or English.

        Returns:
            The answer, then one line per source: its number, headline, file and lines.
        """
        try:
            return as_plain(chain().invoke(question))
        except WenjuError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return ask


def _words(gr: Any) -> Any:
    return gr.I18n(**{language: {"opening": text} for language, text in _OPENING.items()})


def _gradio() -> Any:
    """The gradio module, imported when a window is made: it takes seconds."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at the import, which would else look up a host
    import gradio

    return gradio
