"""What carries the window to the browser? A Gradio page, with Gradio's queue behind its endpoints for programs.

The one door to gradio. The page holds an empty place that ``window/web/main.js`` fills, because what Gradio's own chat
shows is Markdown, which loads remote pictures, and because it takes no question while it answers one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from rag.errors import WenjuError
from window.endpoints import Endpoint

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


def make_page(endpoints: Sequence[Endpoint]) -> Blocks:
    """The page.

    Args:
        endpoints: What Gradio's clients may call, each by its name.
    """
    gr = _gradio()
    words = _words(gr)
    with gr.Blocks(title=_TITLE, fill_height=True, fill_width=True, analytics_enabled=False) as page:
        gr.Markdown(words("opening"), elem_id="wenju")  # gr.HTML would need a policy that lets scripts be made of text
        for endpoint in endpoints:  # how many at once is for the queue of work, which they share with all others
            gr.api(_told(gr, endpoint), api_name=endpoint.__name__, concurrency_limit=None)
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


def _told(gr: Any, endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors are told to whoever calls it."""

    @wraps(endpoint)
    async def telling(*args: Any, **kwargs: Any) -> Any:
        try:
            return await endpoint(*args, **kwargs)
        except WenjuError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return telling


def _words(gr: Any) -> Any:
    return gr.I18n(**{language: {"opening": text} for language, text in _OPENING.items()})


def _gradio() -> Any:
    """The gradio module, imported when a window is made: it takes seconds."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at the import, which would else look up a host
    import gradio

    return gradio
