"""What does a web page say, line by line? Headings marked, cells with ``|`` between them, menus and comments apart.

What a browser does not show is not read; of what it shows, nothing is dropped: menus, comments, lists of links and the
foot of the page become lines that belong to no article. Ruby readings stand beside their characters in print, so they
are left out of the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import SourceError
from index.reading.dates import parse_stamp
from index.reading.encodings import Decoded, decode, decode_as_declared
from index.reading.gathered import Gathered, Row
from index.schema import Note

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Document", "read_document", "read_html"]

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol p pre search section summary"
    " table tbody td tfoot th thead title tr ul xmp".split()
)
_UNSEEN = frozenset(
    "annotation annotation-xml area audio base basefont canvas col colgroup datalist defs desc embed frame frameset"
    " head iframe img input link map meta metadata noembed noframes noscript object option param rp rt rtc script"
    " select source style template textarea title track video".split()
)
_READINGS = frozenset({"rt", "rtc"})
_VERBATIM = frozenset({"pre", "listing", "xmp"})
_HEADING = re.compile("h([1-6])$")
_HEADLINE = re.compile("##? ")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_XML = re.compile(r"\A\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,20})|^\s*<\?xml[^>]{0,80}encoding=[\"']([A-Za-z0-9_-]{2,20})",
    re.IGNORECASE,
)
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_SHOWING = re.compile(r"display\s*:\s*(?!none)\w|visibility\s*:\s*visible", re.IGNORECASE)
_AT_RULES = re.compile(r"/\*.*?\*/|@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,2000})\}")
_CLASS = re.compile(r"[.#][\w-]+")
_SELECTOR = re.compile(r"([a-z0-9]*)([.#])([\w-]+)$", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)[^<>]*>")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_DEEPEST = 400  # elements inside one another; libxml2 gives up at 2,048
_FEWEST_LINKS = 3
_LINKED = 0.8  # share of a list's text that is links
_SOME_LINKED = 0.4  # the same where the list is called one by its class
_LONGEST_LABEL = 12  # characters of 热门新闻 above a list of links
_SHORTEST_PROSE = 15  # characters; a page that has less besides its links is a page of links
_LONGEST_CELL = 300  # characters; a longer one is a column of a layout
_NO_DATA = frozenset("table h1 h2 h3 h4 h5 h6 article section form pre".split())  # a table with these lays out a page
_MOST_COLUMNS = 100
_MOST_SPAN = 1000  # as browsers have it
_WORD = re.compile(r"[a-z]+")
_REMARKS = frozenset("comment comments pinglun reply replies feedback disqus".split())
_MENUS = frozenset(
    "nav navbar navigation menu submenu breadcrumb breadcrumbs crumb crumbs mbx foot footer copyright hot hotnews rank"
    " ranking related relate relevant recommend recommended tuijian sidebar aside share toolbar pagination pager login"
    " friendlink friendlinks links tags toplist".split()
)
_BY_TAG = {"nav": "导航", "footer": "网站页脚", "aside": "边栏", "button": "按钮"}
_BY_ROLE = {"navigation": "导航", "contentinfo": "网站页脚", "complementary": "边栏", "search": "搜索框"}
_COUNT = r"(?:\s*[(（]\d+[)）])?\s*[:：]?$"
_LABEL = re.compile(
    r"(?:(?:最新|更多|站内|本周|本月|今日|本网|精彩)(?:新闻|文章|阅读|专题|资讯|内容|话题|视频|图片)|网站导航|标签)"
    + _COUNT
)  # above links
_LIST_LABEL = re.compile(
    r"(?:(?:热门|热点|相关|推荐|精彩|延伸|点击|阅读|友情|编辑|为您|本周|今日|一周|\d+小时)*"
    r"(?:热门|热点|热榜|热文|推荐|排行榜?)(?:新闻|文章|阅读|专题|资讯|链接|内容|话题|标签|榜)?"
    r"|(?:相关|友情|延伸)(?:新闻|文章|阅读|推荐|专题|资讯|链接|内容|话题)|猜你喜欢|大家都在看)" + _COUNT
)  # above any list
_REMARK_LABEL = re.compile(
    r"(?:(?:网友|最新|热门|精彩|全部|用户|发表|文明)(?:评论|留言|跟帖|回复|热评)|评论区|网友跟帖|评论(?=\s*[(（]\d))"
    + _COUNT
)
_SITE = re.compile(r"\s*[_|｜]+\s*|\s+[-–—·»>]+\s+")
_SITE_NAMED = re.compile(
    r"[-–—]+\s*[\u4e00-\u9fffA-Za-z]{0,10}(?:网|网站|报|周刊|频道|在线|客户端|电视台|门户|新闻|之窗|网首页)$"
)
_NO_TITLE = frozenset({"无标题文档", "untitled document", "untitled", "首页", "home", "index"})
_TITLES = ("articletitle", "og:title")
_DATES = (
    "article:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish_date",
    "publishtime",
    "publish_time",
    "firstpublishedtime",
    "og:release_date",
    "weibo:article:create_at",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date",
    "dcterms.date",
    "date",
)
_PUBLISHED = re.compile(r'"datePublished"\s*:\s*"([^"]{4,40})"')


@dataclass(frozen=True)
class Document:
    """What a document says.

    Attributes:
        rows: Its lines.
        title: The title that it has beside its text; empty without one.
        date: ISO date of publication that it tells beside its text, or None.
        notes: What was left out.
    """

    rows: Sequence[Row]
    title: str
    date: str | None
    notes: tuple[Note, ...]

    def titled(self) -> list[Row]:
        """The lines; the title is the headline of a document that has none, or marks the line that says the same."""
        rows = list(self.rows)
        said = any(not row.why for row in rows)
        if not said or not self.title or any(_HEADLINE.match(row.text) and not row.why for row in rows):
            return rows
        wanted = _bare(self.title)
        for place, row in enumerate(rows):
            if not row.why and _bare(row.text.lstrip("# ")) == wanted:
                return [*rows[:place], Row("# " + row.text.lstrip("# "), gap=row.gap), *rows[place + 1 :]]
        return [Row(f"# {self.title}"), *rows]


def read_html(data: bytes, name: str, encoding: str | None) -> Decoded:
    """Read a web page.

    Raises:
        SourceError: It cannot be decoded.
    """
    declared = _CHARSET.search(data[:4096]) if encoding is None else None
    if declared:
        label = next(group for group in declared.groups() if group).decode()
        decoded = decode_as_declared(data, name, label, "网页声明")
    else:
        decoded = decode(data, name, encoding)
    document = read_document(decoded.text, name)
    text, aside = Gathered(document.titled()).page()
    return Decoded(text, decoded.encoding, decoded.why, document.date, aside, document.notes)


def read_document(source: str, name: str, *, xml: bool = False) -> Document:
    """Read HTML, or XHTML as a book has it.

    Args:
        source: The document.
        name: For the message.
        xml: Whether well-formed XHTML is read as such, where ``<title/>`` is a whole element.

    Raises:
        SourceError: It is no document.
    """
    tree = _as_xml(source) if xml else None
    if tree is None:
        tree = _as_html(source, name)
    return _Reader(tree).document() if tree is not None else Document((), "", None, ())


def _as_xml(source: str) -> _Element | None:
    from lxml import etree

    if "<!ENTITY" in source:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        return etree.fromstring(_XML.sub("", source, count=1).encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _as_html(source: str, name: str) -> _Element | None:
    from lxml import etree, html

    source = _XML.sub("", source, count=1)
    try:
        parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
        tree = html.document_fromstring(source, parser=parser)
        if any("depth" in entry.message for entry in parser.error_log):
            parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
            tree = html.document_fromstring(_flattened(source), parser=parser)
    except etree.ParserError:
        return None  # there is nothing in it
    except (etree.LxmlError, ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0][:120]
        raise SourceError(f"{name} is no HTML that can be read ({reason}).", "Save it again as HTML.") from None
    return tree


def _flattened(source: str) -> str:
    """The same document with the tags of elements far too deep inside one another turned into line breaks."""
    depth = 0

    def keep(match: re.Match[str]) -> str:
        nonlocal depth
        closes, tag = match.groups()
        if tag.lower() in _VOID:
            return match.group()
        depth = max(0, depth + (-1 if closes else 1))
        return match.group() if depth + bool(closes) <= _DEEPEST else "<br>"

    return _TAG.sub(keep, source)


class _Reader:
    """Reads one tree; the walk is a loop, since pages nest deeper than Python calls may."""

    def __init__(self, tree: _Element) -> None:
        self._tree = tree
        self._hidden_by = _hiding_selectors(tree)
        self._gathered = Gathered()
        self._unread = {"隐藏的文字": 0, "注音": 0}
        self._shown, self._linked, self._links, self._headed = _amounts(tree, self._is_hidden)
        self._apart = dict(self._set_apart())
        if not self._says_something():
            self._apart = {node: why for node, why in self._apart.items() if why in {"导航", "网站页脚", "评论"}}

    def document(self) -> Document:
        self._walk()
        unread = ((what, count) for what, count in self._unread.items() if count)
        notes = tuple(Note(0, f"{what} {count} 字未读") for what, count in unread)
        return Document(self._gathered.rows, _title(self._tree), self._date(), notes)

    def _walk(self) -> None:
        gathered, preformatted = self._gathered, 0
        todo: list[tuple[_Element, str, bool]] = [(self._tree, "", True)]
        while todo:
            node, why, opens = todo.pop()
            tag = _tag(node)
            if not opens:
                preformatted -= tag in _VERBATIM
                self._end(tag)
                gathered.set_apart(why)
                self._put(node.tail, preformatted)
                continue
            if self._skips(node, tag):
                self._put(node.tail, preformatted)
                continue
            gathered.set_apart(self._apart.get(node, why))
            if tag == "table" and (lines := self._table(node)):
                for line in lines:
                    gathered.line(line)
                gathered.set_apart(why)
                self._put(node.tail, preformatted)
                continue
            self._begin(node, tag)
            preformatted += tag in _VERBATIM
            self._put(node.text, preformatted)
            todo.append((node, why, False))
            todo += [(child, self._apart.get(node, why), True) for child in reversed(node)]

    def _skips(self, node: _Element, tag: str) -> bool:
        if tag and tag not in _UNSEEN and not self._is_hidden(node, tag):
            return False
        if tag in _READINGS:
            self._unread["注音"] += _length(node)
        elif tag and tag not in _UNSEEN:
            self._unread["隐藏的文字"] += _length(node)
        return True

    def _begin(self, node: _Element, tag: str) -> None:
        if tag == "br":
            if any(_HEADING.match(_tag(above)) for above in node.iterancestors()):
                self._gathered.put(" ")
            else:
                self._gathered.end(gap=False)
        elif tag in _BLOCKS:
            self._gathered.end()
        if heading := _HEADING.match(tag):
            self._gathered.put("#" * int(heading.group(1)) + " ")

    def _end(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._gathered.end()

    def _put(self, text: str | None, preformatted: int) -> None:
        if text:
            self._gathered.put(text.replace("\r\n", "\n") if preformatted else _SPACE.sub(" ", text))

    def _is_hidden(self, node: _Element, tag: str) -> bool:
        given = node.attrib
        if not given or tag in {"html", "body"}:  # scripts show what was hidden only while the page was loading
            return tag == "dialog"
        if given.get("hidden") is not None or _HIDING.search(given.get("style") or ""):
            return True
        if tag == "dialog" and given.get("open") is None:
            return True
        if not self._hidden_by:
            return False
        names = [(".", each) for each in (given.get("class") or "").split()] + [("#", given.get("id") or "")]
        return any(
            ("", mark + each) in self._hidden_by or (tag, mark + each) in self._hidden_by for mark, each in names
        )

    def _date(self) -> str | None:
        told = _metas(self._tree)
        stamps = [told[name] for name in _DATES if name in told]
        for script in self._tree.iter("{*}script"):
            if "ld+json" in (script.get("type") or ""):
                stamps += _PUBLISHED.findall(script.text or "")
        timed = [node for node in self._tree.iter("{*}time") if not self._is_apart(node)]
        stamps += [node.get("datetime") or "".join(node.itertext()) for node in timed[:1]]
        return next(filter(None, map(parse_stamp, stamps)), None)

    def _is_apart(self, node: _Element) -> bool:
        return node in self._apart or any(above in self._apart for above in node.iterancestors())

    # What belongs to no article.

    def _set_apart(self) -> Iterator[tuple[_Element, str]]:
        for node in self._tree.iter():
            tag = _tag(node)
            if tag in {"", "html", "body", "main", "article"}:
                continue
            if why := self._called(node, tag):
                yield node, why
            elif tag in {"ul", "ol", "dl", "div", "section", "table", "menu"} and self._is_links(node, _LINKED):
                yield node, "链接列表"
                yield from self._label_above(node)
            elif tag not in {"tr", "tbody", "td"} and (label := self._label(node)):
                yield from self._below_label(node, label)

    def _called(self, node: _Element, tag: str) -> str:
        """What an element's own name, role or class says it is; empty where that is nothing, or it has a headline."""
        why = _BY_TAG.get(tag) or _BY_ROLE.get(node.get("role") or "", "")
        words = set(_WORD.findall(f"{node.get('class') or ''} {node.get('id') or ''}".lower()))
        if not why and words & _REMARKS:
            why = "评论"
        if not why and words & _MENUS and (self._is_links(node, _SOME_LINKED) or words & {"copyright", "footer"}):
            why = "网站页脚" if words & {"copyright", "footer", "foot"} else "链接列表"
        if not why or node in self._headed:
            return ""
        return "" if tag == "footer" and any(_tag(above) == "article" for above in node.iterancestors()) else why

    def _is_links(self, node: _Element, share: float) -> bool:
        return self._links.get(node, 0) >= _FEWEST_LINKS and self._linked[node] >= share * self._shown[node] > 0

    def _label(self, node: _Element) -> re.Pattern[str] | None:
        """The pattern of labels that an element is one of."""
        if not 0 < self._shown.get(node, 0) <= _LONGEST_LABEL:
            return None
        text = _text(node)
        return next((label for label in (_REMARK_LABEL, _LIST_LABEL, _LABEL) if label.match(text)), None)

    def _label_above(self, node: _Element) -> Iterator[tuple[_Element, str]]:
        above = node.getprevious()
        if above is not None and self._label(above):
            yield above, "链接列表"

    def _below_label(self, node: _Element, label: re.Pattern[str]) -> Iterator[tuple[_Element, str]]:
        """The label of a list or of comments, and what it stands above."""
        remarks = label is _REMARK_LABEL
        found: list[_Element] = []
        for below in node.itersiblings():
            tag = _tag(below)
            lists = self._is_links(below, _LINKED) or (label is _LIST_LABEL and tag in {"ul", "ol", "dl", "menu"})
            if _HEADING.match(tag) or not (lists or (remarks and tag in _BLOCKS)):
                break
            found.append(below)
            if not remarks:
                break
        if found:
            yield from ((each, "评论" if remarks else "链接列表") for each in (node, *found))

    def _says_something(self) -> bool:
        """Whether text is left besides links and what is set apart; else the page is a table of contents."""
        outer = [node for node in self._apart if not any(above in self._apart for above in node.iterancestors())]
        apart = sum(self._shown.get(node, 0) - self._linked.get(node, 0) for node in outer)
        return self._shown.get(self._tree, 0) - self._linked.get(self._tree, 0) - apart >= _SHORTEST_PROSE

    # Tables.

    def _table(self, table: _Element) -> list[str]:
        """The lines of a table of data, spans carried; none for one that only lays out the page."""
        if table in self._headed or any(
            _tag(node) in _NO_DATA or node in self._apart for node in table.iterdescendants()
        ):
            return []
        rows = [row for row in table.iter("{*}tr") if not self._is_hidden(row, "tr")]
        captions = [node for node in table if _tag(node) == "caption"]
        cells = [[cell for cell in row if _tag(cell) in {"td", "th"}] for row in rows]
        inside = sum(self._shown.get(node, 0) for node in [*captions, *(cell for row in cells for cell in row)])
        if max(map(len, cells), default=0) < 2 or inside != self._shown.get(table, 0):
            return []
        if any(self._shown.get(cell, 0) > _LONGEST_CELL for row in cells for cell in row):
            return []
        grid = [[(cell, self._cell(cell)) for cell in row] for row in cells]
        lines = [*(self._cell(caption) for caption in captions), *_carried(grid)]
        return [line for line in lines if line.strip(" |")]

    def _cell(self, cell: _Element) -> str:
        if self._is_hidden(cell, _tag(cell)):
            self._unread["隐藏的文字"] += _length(cell)
            return ""
        parts: list[str] = []
        todo: list[tuple[_Element, bool]] = [(cell, True)]
        while todo:
            node, opens = todo.pop()
            tag = _tag(node)
            if node is not cell and opens and self._skips(node, tag):
                parts.append(node.tail or "")
                continue
            space = " " if tag in _BLOCKS or tag == "br" else ""
            if opens:
                parts += [space, node.text or ""]
                todo.append((node, False))
                todo += [(child, True) for child in reversed(node)]
            elif node is not cell:
                parts += [space, node.tail or ""]
        return _SPACE.sub(" ", "".join(parts)).strip()


def _carried(grid: Sequence[Sequence[tuple[_Element, str]]]) -> Iterator[str]:
    """Lines of a table: what spans several rows or columns stands in each of them, as a reader sees it."""
    widest = max(sum(min(_span(cell, "colspan"), _MOST_SPAN) for cell, _ in row) for row in grid)
    above: dict[int, tuple[int, str]] = {}  # column -> rows that it reaches down yet, and the text
    for row in grid:
        if len(row) == 1 and not above and min(_span(row[0][0], "colspan"), _MOST_SPAN) >= widest:
            yield row[0][1]
            continue
        line: list[str] = []
        cells = iter(row)
        below: dict[int, tuple[int, str]] = {}
        while len(line) < _MOST_COLUMNS:
            column = len(line)
            if column in above:
                left, text = above.pop(column)
                if left > 1:
                    below[column] = (left - 1, text)
                line.append(text)
                continue
            if (found := next(cells, None)) is None:
                if not above or max(above) < column:
                    break
                line.append("")
                continue
            cell, text = found
            down = _span(cell, "rowspan")
            for _ in range(min(_span(cell, "colspan"), _MOST_COLUMNS - column)):
                if down > 1:
                    below[len(line)] = (down - 1, text)
                line.append(text)
        line += [text for _, text in cells]
        above = below
        yield " | ".join(line)


def _span(cell: _Element, name: str) -> int:
    given = (cell.get(name) or "1").strip()
    if not (given.isascii() and given.isdecimal()):
        return 1
    whole = name == "rowspan" and not int(given[:6])  # 0 is down to the last row
    return _MOST_SPAN if whole else max(1, min(int(given[:6]), _MOST_SPAN))


def _amounts(
    tree: _Element, is_hidden: Callable[[_Element, str], bool]
) -> tuple[dict[_Element, int], dict[_Element, int], dict[_Element, int], set[_Element]]:
    """Of every element: how many characters it shows, how many of them are links, how many links; and who has an h1."""
    shown: dict[_Element, int] = {}
    linked: dict[_Element, int] = {}
    links: dict[_Element, int] = {}
    headed: set[_Element] = set()
    for node in reversed(list(tree.iter())):  # children come before their parents
        tag = _tag(node)
        if not tag or tag in _UNSEEN or is_hidden(node, tag):
            continue
        inside = [child for child in node if child in shown]
        shown[node] = _seen(node.text) + sum(_seen(child.tail) for child in node) + sum(shown[c] for c in inside)
        linked[node] = shown[node] if tag == "a" else sum(linked[child] for child in inside)
        links[node] = (tag == "a" and shown[node] > 0) + sum(links[child] for child in inside)
        if tag in {"h1", "article"} or any(child in headed for child in inside):
            headed.add(node)
    return shown, linked, links, headed


def _hiding_selectors(tree: _Element) -> frozenset[tuple[str, str]]:
    """Simple selectors (.class, #id, tag.class) that the page's style sheets hide, and never show."""
    hidden: set[tuple[str, str]] = set()
    shown: set[str] = set()
    for style in tree.iter("{*}style"):
        for selectors, rules in _RULE.findall(_AT_RULES.sub("", style.text or "")):
            if _SHOWING.search(rules):
                shown |= set(_CLASS.findall(selectors))
            elif _HIDING.search(rules):
                matches = (_SELECTOR.match(selector.strip()) for selector in selectors.split(","))
                hidden |= {(m.group(1).lower(), m.group(2) + m.group(3)) for m in matches if m}
    return frozenset(each for each in hidden if each[1] not in shown)


def _metas(tree: _Element) -> dict[str, str]:
    """Names of the document's meta elements, in lower case, and what the first of each says."""
    found: dict[str, str] = {}
    for meta in tree.iter("{*}meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        found.setdefault(name.lower(), meta.get("content") or "")
    return found


def _title(tree: _Element) -> str:
    """The document's title without the name of its site."""
    metas = _metas(tree)
    titles = (node for node in tree.iter("{*}title") if not any(_tag(above) == "svg" for above in node.iterancestors()))
    given = [*(metas.get(name, "") for name in _TITLES), *map(_text, titles)]
    whole = next((_SPACE.sub(" ", each).strip() for each in given if each.strip()), "")
    parts = [part.strip() for part in _SITE.split(whole) if part.strip()]
    title = _SITE_NAMED.sub("", parts[0]) if parts else ""
    return "" if title.lower() in _NO_TITLE else title


def _tag(node: _Element) -> str:
    return node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _text(node: _Element) -> str:
    return "".join(node.itertext()).strip()


def _length(node: _Element) -> int:
    return sum(map(_seen, node.itertext()))


def _seen(text: str | None) -> int:
    return len("".join(text.split())) if text else 0


def _bare(text: str) -> str:
    return "".join(text.split())
