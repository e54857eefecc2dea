"""How well are printed pages of many layouts read? Lays articles out as newspapers do, prints them, reads them back.

Run: ``python -m benchmarks.printed_pages --news news.jsonl.xz --out pages --chromium /usr/bin/chromium``. For each
layout ``NAME.pdf`` and ``NAME.gold.json`` are written, and how many of the articles came back whole. It needs Chromium
and a Chinese font. The texts are public news, cut into paragraphs; their headlines are words of their first sentence.
"""

from __future__ import annotations

import argparse
import html
import json
import lzma
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

import numpy as np

from index.reading.pages import read_layout
from index.reading.paper.pdf import opened, picture_of
from index.reading.source import read_page
from index.schema import Article

_STYLE = """
@page { size: 390mm 545mm; margin: 14mm }
* { box-sizing: border-box; margin: 0; padding: 0 }
body { font: 14px/21px 'Noto Serif CJK SC'; text-align: justify; position: relative }
p { text-indent: 2em }
h1, h2, h3, .v { font-family: 'Noto Sans CJK SC'; font-weight: bold; text-align: left }
h1 { font-size: 38px; line-height: 48px }
h2 { font-size: 24px; line-height: 34px }
h3 { font-size: 19px; line-height: 28px }
h4 { font: bold 14px/21px 'Noto Sans CJK SC' }
.kicker, .subhead { font-size: 17px; line-height: 26px; text-indent: 0 }
.by { text-align: center; text-indent: 0 }
.cols { column-gap: 24px; column-rule: 1px solid #999 }
.mast { border-bottom: 3px solid #000; margin-bottom: 14px; display: flex; justify-content: space-between }
.mast b { font-size: 30px; line-height: 44px }
.box { border: 1.5px solid #000; padding: 10px }
.tint { background: #e8e8e8; padding: 10px }
.pic { background: #bbb }
.small { font-size: 12px; line-height: 17px; text-indent: 0 }
.row { display: flex; gap: 24px; margin-bottom: 16px; align-items: flex-start }
.v { writing-mode: vertical-rl; font-size: 32px; line-height: 42px }
"""
_SENTENCE = re.compile("[^。！？]+[。！？]+[”’」』）]*")


@dataclass(frozen=True, slots=True)
class Told:
    """One article as it is laid out."""

    headline: str
    paragraphs: tuple[str, ...]
    byline: str = ""
    kicker: str = ""


def articles(file: Path, *, skip: int = 0) -> Iterator[Told]:
    """Articles of some length from public news, with a headline from their own words."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(islice(lines, skip, None)):
            text = re.sub(r"\s+", " ", json.loads(line)["text"]).strip()
            sentences = _SENTENCE.findall(text)
            if not 220 < len(text) < 900 or len(sentences) < 4 or len("".join(sentences)) < len(text) - 40:
                continue
            clauses = [c for c in re.split("[，。：；、！？“”《》（） ]", sentences[1]) if 8 <= len(c) <= 20]
            if not clauses:
                continue
            paragraphs = tuple("".join(sentences[i : i + 2]).strip() for i in range(0, len(sentences), 2))
            writer = f"（记者 {'王李张刘陈杨'[number % 6]}{'明晓文'[number % 3]}{'东华'[number % 2]}）"
            lead = f"本报讯{writer} {paragraphs[0]}"
            yield Told(clauses[0], (lead, *paragraphs[1:]), writer)


def _p(told: Told) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in told.paragraphs)


def _piece(told: Told, columns: int, tag: str = "h2", *, kicker: str = "", subhead: str = "", inner: str = "") -> str:
    above = f"<p class=kicker>{kicker}</p>" if kicker else ""
    below = f"<p class=subhead>{subhead}</p>" if subhead else ""
    text = _columns(columns, inner + _p(told))
    return f"<div>{above}<{tag}>{told.headline}</{tag}>{below}{text}</div>"


def _columns(count: int, inner: str) -> str:
    return f"<div class=cols style='column-count:{count}'>{inner}</div>"


def _mast(page: str = "第3版") -> str:
    return f"<div class=mast><span>2026年3月9日 星期一</span><b>城市日报</b><span>{page} 要闻</span></div>"


def _row(*cells: tuple[int, str], gap: int = 24) -> str:
    inner = "".join(f"<div style='flex:{share}'>{cell}</div>" for share, cell in cells)
    return f"<div class=row style='gap:{gap}px'>{inner}</div>"


def _boxes(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Bordered and tinted boxes beside and below other articles."""
    body = _mast() + _piece(t[0], 4, "h1", kicker="本市推出多项新措施 年内全部落地") + "<br>"
    body += _row(
        (2, _piece(t[1], 2)),
        (1, f"<div class=box>{_piece(t[2], 1, 'h3')}</div>"),
        (1, f"<div class=tint>{_piece(t[3], 1, 'h3')}</div>"),
    )
    body += _row((1, f"<div class=box>{_piece(t[4], 2)}</div>"), (1, _piece(t[5], 2)))
    return body, list(t[:6])


def _three_beside_two(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Three columns beside two, and narrow gutters without rules."""
    body = _mast() + "<style>.cols{column-rule:none;column-gap:15px}</style>"
    body += _row(
        (3, _piece(t[0], 3, "h1") + "<br>" + _piece(t[1], 3)),
        (2, _piece(t[2], 2) + "<br>" + _piece(t[3], 2, subhead="各地反响热烈")),
    )
    body += _row((2, _piece(t[4], 2)), (3, _piece(t[5], 3)))
    return body, list(t[:6])


def _vertical_heads(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Headlines that run down, left or right of their text."""

    def piece(told: Told, columns: int, height: int, *, right: bool = False) -> str:
        head = f"<div class=v style='height:{height}px'>{told.headline}</div>"
        text = f"<div class=cols style='flex:1;column-count:{columns}'>{_p(told)}</div>"
        return f"<div style='display:flex;gap:20px'>{text + head if right else head + text}</div>"

    body = _mast() + _piece(t[0], 4, "h1") + "<br>"
    body += _row((1, piece(t[1], 2, 330)), (1, _piece(t[2], 2)))
    body += _row((1, piece(t[3], 4, 330))) + _row((1, piece(t[4], 2, 330, right=True)), (1, _piece(t[5], 2)))
    return body, list(t[:6])


def _insets(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Pictures inside the text, section heads, a byline below the headline, a caption."""
    picture = "<div class=pic style='height:170px;margin:6px 0'></div><p class=small>图为活动现场。本报记者 周文 摄</p>"
    with_heads = "<h4>完善机制</h4>".join(
        "".join(f"<p>{html.escape(p)}</p>" for p in part) for part in (t[0].paragraphs[:2], t[0].paragraphs[2:])
    )
    body = f"{_mast()}<h1>{t[0].headline}</h1><p class=subhead>——来自基层一线的报告</p><p class=by>本报记者 林晓东</p>"
    body += f"{_columns(4, with_heads)}<br><h2>{t[1].headline}</h2>"
    body += _row((2, _columns(2, _p(t[1]))), (1, picture))
    body += _row((1, _piece(t[2], 2, inner=picture)), (1, _piece(t[3], 2)))
    return body, [Told(t[0].headline, ("".join(t[0].paragraphs),), "本报记者 林晓东"), *t[1:4]]


def _two_sheets(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """An article that goes on on a second sheet, with marks."""
    half = len(t[0].paragraphs) // 2 or 1
    first, second = t[0].paragraphs[:half], t[0].paragraphs[half:]
    first = (*first, "（下转第4版）")
    body = (
        _mast("第3版") + _piece(Told(t[0].headline, first), 3, "h1") + _row((1, _piece(t[1], 2)), (1, _piece(t[2], 2)))
    )
    body += "<div style='break-before:page'></div>" + _mast("第4版")
    body += _row(
        (
            1,
            "<p>（上接第3版）</p>" + _columns(2, "".join(f"<p>{html.escape(x)}</p>" for x in second)),
        ),
        (1, _piece(t[3], 2)),
    )
    body += _piece(t[4], 4)
    return body, [Told(t[0].headline, first, t[0].byline), Told("", ("（上接第3版）", *second)), *t[1:5]]


def _overflow(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """A column of articles that runs over the foot of the sheet onto the next, in the middle of one of them."""
    body = _mast() + "".join(_piece(told, 1, "h2") + "<br>" for told in t[:9])
    return f"<style>@page{{size:200mm 270mm}}</style>{body}", list(t[:9])


def _vertical_text(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Text that runs down from right to left, in bands."""
    pieces = "".join(f"<h2 style='margin-left:10px'>{told.headline}</h2><div>{_p(told)}</div>" for told in t[:4])
    return f"<div style='writing-mode:vertical-rl;height:1500px;columns:3;column-gap:28px'>{pieces}</div>", list(t[:4])


def _dense(t: Sequence[Told]) -> tuple[str, list[Told]]:
    """Five columns with gutters of one character, single-column briefs with small heads below each other."""
    body = (
        _mast()
        + "<style>.cols{column-rule:none;column-gap:14px}</style>"
        + _piece(t[0], 5, "h1", kicker="记者从会议上获悉")
    )
    body += "<br>" + _row(
        (1, _piece(t[1], 1, "h3") + _piece(t[2], 1, "h3")),
        (1, _piece(t[3], 1, "h3") + _piece(t[4], 1, "h3")),
        (3, _piece(t[5], 3, "h2") + "<br>" + _piece(t[6], 3, "h2")),
        gap=14,
    )
    return body, list(t[:7])


LAYOUTS: dict[str, Callable[[Sequence[Told]], tuple[str, list[Told]]]] = {
    "boxes": _boxes,
    "three-beside-two": _three_beside_two,
    "vertical-heads": _vertical_heads,
    "insets": _insets,
    "two-sheets": _two_sheets,
    "overflow": _overflow,
    "vertical-text": _vertical_text,
    "dense": _dense,
}


def print_pages(news: Path, out: Path, chromium: str, skip: int) -> None:
    """Write each layout as a PDF file, with what should be read from it."""
    from playwright.sync_api import sync_playwright

    source = articles(news, skip=skip)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium or None)
        for name, layout in LAYOUTS.items():
            body, told = layout(list(islice(source, 9)))
            page = browser.new_page()
            page.set_content(f"<meta charset=utf-8><style>{_STYLE}</style><body>{body}</body>")
            page.pdf(path=out / f"{name}.pdf", prefer_css_page_size=True, print_background=True)
            page.close()
            rows = [
                {"headline": t.headline, "kicker": [], "byline": t.byline, "paragraphs": list(t.paragraphs)}
                for t in told
            ]
            (out / f"{name}.gold.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        browser.close()


def scan(printed: Path) -> Path:
    """A PDF file as a scanner gives it: 200 dpi, a third of a degree askew, with noise; one picture a sheet."""
    shades = np.random.default_rng(1)
    pictures = []
    with opened(printed.read_bytes(), printed.name) as document:
        for number in range(len(document)):
            sheet = picture_of(document, number, 200 / 72).convert("L").rotate(-0.35, fillcolor=255, resample=3)
            grey = np.asarray(sheet, np.float32) + shades.normal(0, 10, (sheet.height, sheet.width))
            pictures.append(sheet.copy())
            pictures[-1].frombytes(grey.clip(0, 255).astype(np.uint8).tobytes())
    path = printed.with_suffix(".tif")
    pictures[0].save(path, save_all=True, append_images=pictures[1:], compression="jpeg")
    return path


def _bare(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace(",", "，")


def _common(one: str, other: str) -> int:
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= 4)


def whole(gold: Sequence[Told], read: Sequence[Article]) -> tuple[int, int, float]:
    """How many articles came back whole and alone, with their headline, and the mean share of text in order."""
    found = headed = 0
    covered = 0.0
    for told in gold:
        body = _bare("".join(told.paragraphs))
        held, best = max(((_common(body, _bare(a.text)), a) for a in read), key=lambda item: item[0])
        covered += held / len(body)
        head = len(_bare(told.headline)) + 40
        found += held >= 0.9 * len(body) and held >= 0.85 * (len(_bare(best.text)) - head)
        headed += bool(told.headline) and _bare(told.headline) in _bare(best.title)
    return found, headed, covered / len(gold)


def main() -> None:
    """Print the layouts, read them, and tell how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--news", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--chromium", default="")
    parser.add_argument("--skip", type=int, default=0, help="lines of the news to pass over, for other texts")
    parser.add_argument("--read-only", action="store_true", help="read the pages that lie there")
    parser.add_argument("--scan", action="store_true", help="read pictures of the pages, a little turned, with noise")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.read_only:
        print_pages(args.news, args.out, args.chromium, args.skip)
    for name in LAYOUTS:
        rows = json.loads((args.out / f"{name}.gold.json").read_text(encoding="utf-8"))
        gold = [Told(row["headline"], tuple(row["paragraphs"]), row["byline"]) for row in rows]
        printed = args.out / f"{name}.pdf"
        read = list(read_layout(read_page(scan(printed) if args.scan else printed)).articles)
        found, headed, covered = whole(gold, read)
        titled = sum(bool(told.headline) for told in gold)
        print(
            f"{name:18} articles {len(gold)} read {len(read)} whole {found} headlines {headed}/{titled}"
            f" in order {covered:.3f}"
        )


if __name__ == "__main__":
    main()
