"""What does a person see who follows a link into the API? An article with the cited lines marked, or the guide.

Both are plain pages without a script, and everything in them is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from rag.api.models import ArticleOut, LineOut

__all__ = ["article_page", "guide_page"]

_TAGS = {"headline": "h1", "section": "h2"}
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 40em; margin: 2em auto; padding: 0 1em; font: 17px/1.9 "Noto Serif CJK SC", "Songti SC", serif; }
header, .n { color: GrayText; font: 14px/1.6 sans-serif; }
h1, h2 { line-height: 1.4; } p { margin: .4em 0; overflow-wrap: anywhere; } .n { float: left; margin-left: -3.2em; }
code, pre { font: 14px/1.6 monospace; } pre { overflow-x: auto; padding: .6em; border: 1px solid GrayText; }
mark { background: #f7e3a1; color: #222; } @media (max-width: 46em) { .n { float: none; margin: 0 .6em 0 0; } }
"""


def article_page(article: ArticleOut, lines: str | None = None) -> str:
    """An article as HTML; everything that comes from the page is escaped.

    Args:
        article: The article.
        lines: The lines to mark, as "12" or "12-14".
    """
    first, _, last = (lines or "0").partition("-")
    marked = range(int(first), int(last or first) + 1)
    told = " · ".join(filter(None, [article.file, article.date or "", article.byline]))
    body = "\n".join(_line(line, marked=line.number in marked) for line in article.lines)
    return (
        f'<!DOCTYPE html>\n<html lang="zh"><head><meta charset="utf-8"><title>{escape(article.headline)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><header>{escape(told)}</header>\n<article>\n{body}\n</article></body></html>\n"
    )


def _line(line: LineOut, *, marked: bool) -> str:
    tag, text = _TAGS.get(line.role, "p"), escape(line.text)
    shown = f"<mark>{text}</mark>" if marked else text
    return f'<{tag} id="L{line.number}"><span class="n">{line.number}</span>{shown}</{tag}>'


def guide_page(openapi: Mapping[str, Any]) -> str:
    """The description of the API as HTML.

    Args:
        openapi: The same as OpenAPI has it.
    """
    told = openapi["info"]
    routes = [
        part
        for path, methods in openapi["paths"].items()
        for method, route in methods.items()
        for part in _route(method.upper(), path, route, openapi)
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(told["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{escape(told['title'])} {escape(told['version'])}</h1>{_paragraphs(told['description'])}\n"
        f'<p><a href="openapi.json">openapi.json</a></p>\n{"".join(routes)}</body></html>\n'
    )


def _route(method: str, path: str, route: Mapping[str, Any], openapi: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2><code>{method} {escape(path)}</code> {escape(route.get('summary', ''))}</h2>\n"
    yield _paragraphs(route.get("description", ""))
    for parameter in route.get("parameters", []):
        yield f"<p><code>{escape(parameter['name'])}</code> {escape(parameter.get('description', ''))}</p>\n"
    body = route.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    form = openapi["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
    for name, field in form.get("properties", {}).items():
        yield f"<p><code>{escape(name)}</code> {escape(field.get('description', ''))}</p>\n"
    for example in form.get("examples", []):
        yield f"<pre>{escape(json.dumps(example, ensure_ascii=False, indent=1))}</pre>\n"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>\n" for part in text.split("\n\n") if part.strip())
