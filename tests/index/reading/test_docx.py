"""Is every character that a Word document prints read once, and what is left out told?"""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from index.errors import SourceError
from index.reading.docx import read_docx
from index.reading.pages import read_layout
from index.schema import DateSource, Page, Role

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = (
    f'xmlns:w="{_W}" xmlns:r="{_RELATED}" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_NAMED = {"w": f"{{{_W}}}"}


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*content, style="", properties=""):
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    inner = "".join(each if each.startswith("<") else run(each) for each in content)
    return f"<w:p><w:pPr>{style}{properties}</w:pPr>{inner}</w:p>"


def table(*rows):
    cells = (
        "<w:tr>"
        + "".join(each if each.startswith("<w:tc>") else f"<w:tc>{paragraph(each)}</w:tc>" for each in row)
        + "</w:tr>"
        for row in rows
    )
    return f"<w:tbl>{''.join(cells)}</w:tbl>"


def cell(content, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def box(*content):
    return f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{''.join(content)}</w:txbxContent></v:textbox></v:shape></w:pict></w:r>"  # noqa: E501


def word(*body, parts=None, **more):
    """A document of blocks; ``parts`` are other parts, name -> XML inside their root."""
    parts = parts or {}
    kinds = {name: re.sub(r"\d+$", "", name) for name in parts}
    rels = "".join(
        f'<Relationship Id="{name}" Type="{_RELATED}/{kind}" Target="{name}.xml"/>' for name, kind in kinds.items()
    )
    files = {
        "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{_RELATED}/officeDocument" Target="word/document.xml"/>'  # noqa: E501
        "</Relationships>",
        "word/document.xml": f"<w:document {_SPACES}><w:body>{''.join(body)}</w:body></w:document>",
        "word/_rels/document.xml.rels": f"<Relationships>{rels}</Relationships>",
    } | {f"word/{name}.xml": f"<w:{kinds[name]} {_SPACES}>{inner}</w:{kinds[name]}>" for name, inner in parts.items()}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in (files | more).items():
            archive.writestr(name, text)
    return stream.getvalue()


def page_of(*body, **more):
    decoded = read_docx(word(*body, **more), "page.docx", None)
    return Page("page.docx", decoded.text, decoded.encoding, "", aside=decoded.aside, notes=decoded.notes)


def lines_of(*body, **more):
    return [line for line in page_of(*body, **more).text.split("\n") if line]


def told(*body, **more):
    return [note.what for note in page_of(*body, **more).notes]


_STYLES = """<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="a3"><w:name w:val="Title"/></w:style>
<w:style w:styleId="x"><w:name w:val="栏头"/><w:basedOn w:val="1"/></w:style>
<w:style w:styleId="y"><w:name w:val="小标"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>"""


def test_headings_paragraphs_and_tables():
    page = page_of(
        paragraph("鹿鸣大桥通车", style="1"),
        paragraph("本报讯（记者 秦一舟）大桥全长860米，双向四车道。"),
        table(("桥", "长", "宽"), ("新桥", "860", "20")),
        paragraph("<w:r><w:t>从东岸到西岸</w:t><w:br/><w:t>只要两分钟。</w:t></w:r>"),
        parts={"styles": _STYLES},
    )
    assert page.encoding == "docx"
    assert page.text.split("\n\n") == [
        "# 鹿鸣大桥通车",
        "本报讯（记者 秦一舟）大桥全长860米，双向四车道。",
        "桥 | 长 | 宽",
        "新桥 | 860 | 20",
        "从东岸到西岸\n只要两分钟。\n",
    ]
    (article,) = read_layout(page).articles
    assert [line.role for line in article.lines].count(Role.TABLE) == 2
    start = article.text.index("只要")
    (span,) = article.spans(start, start + 6)
    assert page.text[span.start : span.end] == "只要两分钟。"
    assert not page.notes


@pytest.mark.parametrize(
    ("properties", "line"),
    [
        ('<w:pStyle w:val="1"/>', "# 甲"),
        ('<w:pStyle w:val="a3"/>', "# 甲"),
        ('<w:pStyle w:val="x"/>', "# 甲"),  # based on a heading
        ('<w:pStyle w:val="y"/>', "### 甲"),
        ('<w:outlineLvl w:val="1"/>', "## 甲"),
        ('<w:outlineLvl w:val="9"/>', "甲"),  # body text
        ('<w:pStyle w:val="none"/>', "甲"),
    ],
)
def test_levels_of_headings(properties, line):
    assert lines_of(paragraph("甲", properties=properties), parts={"styles": _STYLES}) == [line]


_CHOICE = (
    "<mc:AlternateContent><mc:Choice Requires='wps'>{}</mc:Choice><mc:Fallback>{}</mc:Fallback></mc:AlternateContent>"
)
_WPS = "<w:drawing><wps:txbx><w:txbxContent>{}</w:txbxContent></wps:txbx></w:drawing>"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (paragraph("投资", '<w:del><w:r><w:delText>三</w:delText></w:r></w:del>', f"<w:ins>{run('四')}</w:ins>", "千万"), ["投资四千万"]),  # noqa: E501
        (paragraph("甲", f"<w:moveFrom>{run('旧')}</w:moveFrom>", f"<w:moveTo>{run('新')}</w:moveTo>"), ["甲新"]),
        (paragraph("甲", properties="<w:rPr><w:del/></w:rPr>") + paragraph("乙"), ["甲乙"]),  # the break was deleted
        (paragraph("见", f"<w:hyperlink>{run('公告')}</w:hyperlink>", "。"), ["见公告。"]),
        (paragraph(f"<w:fldSimple>{run('三十')}</w:fldSimple>", "人"), ["三十人"]),
        (paragraph("<w:r><w:fldChar/><w:instrText>PAGE</w:instrText></w:r>", "第1页"), ["第1页"]),
        (paragraph(f"<w:smartTag><w:smartTag>{run('东河镇')}</w:smartTag></w:smartTag>"), ["东河镇"]),
        (paragraph(f"<w:sdt><w:sdtContent>{run('十五元')}</w:sdtContent></w:sdt>", "一张"), ["十五元一张"]),
        (f"<w:sdt><w:sdtContent>{paragraph('甲')}<w:sdt><w:sdtContent>{paragraph('乙')}</w:sdtContent></w:sdt></w:sdtContent></w:sdt>", ["甲", "乙"]),  # noqa: E501
        (f"<w:customXml>{paragraph('甲')}</w:customXml>", ["甲"]),
        (paragraph("甲", box(paragraph("周一闭馆"), paragraph("门票十五元")), "乙"), ["甲乙", "周一闭馆", "门票十五元"]),  # noqa: E501
        (paragraph(box(table(("桥", "长"), ("新桥", "860")))), ["桥 | 长", "新桥 | 860"]),
        (paragraph("甲", box(paragraph("外", box(paragraph("内"))))), ["甲", "外", "内"]),
        (paragraph(f"<w:r>{_CHOICE.format(_WPS.format(paragraph('框')), box(paragraph('框')))}</w:r>"), ["框"]),
        (paragraph(f"<w:r>{_CHOICE.format('<w:drawing/>', box(paragraph('框')))}</w:r>"), ["框"]),
        (paragraph('<w:r><w:pict><v:shape><v:textpath string="河湾日报"/></v:shape></w:pict></w:r>', "甲"), ["甲", "河湾日报"]),  # noqa: E501
        (paragraph("<m:oMath><m:r><m:t>x+1</m:t></m:r></m:oMath>"), ["x+1"]),
        (paragraph("<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:noBreakHyphen/><w:t>丙</w:t><w:cr/><w:t>丁</w:t></w:r>"), ["甲\t乙-丙", "丁"]),  # noqa: E501
        (paragraph('<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>', "已交"), ["✓已交"]),
        (paragraph('<w:r><w:sym w:font="Symbol" w:char="F0B7"/></w:r>', "一"), ["•一"]),
        (paragraph('<w:r><w:sym w:font="Custom" w:char="F041"/></w:r>', "一"), ["\uf041一"]),
        (table(("甲", cell(paragraph("一") + paragraph("二"))), ("乙", "丙")), ["甲 | 一 二", "乙 | 丙"]),
        (table((cell(paragraph("单位：吨"), '<w:gridSpan w:val="2"/>'),), ("甲", "1")), ["单位：吨", "甲 | 1"]),
        (
            table(
                (cell(paragraph("北片"), '<w:vMerge w:val="restart"/>'), "东河乡", "1200"),
                (cell(paragraph(), "<w:vMerge/>"), "西岭乡", "900"),
            ),
            ["北片 | 东河乡 | 1200", "〃 | 西岭乡 | 900"],
        ),
        (table((cell(paragraph("甲") + table(("一", "二"))), "乙")), ["甲", "一 | 二", "乙"]),
        (f"<w:tbl><w:sdt><w:sdtContent><w:tr><w:sdt><w:sdtContent>{cell(paragraph('甲'))}</w:sdtContent></w:sdt>{cell(paragraph('乙'))}</w:tr></w:sdtContent></w:sdt></w:tbl>", ["甲 | 乙"]),  # noqa: E501
        (f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr>{cell(paragraph('甲'))}{cell(paragraph('乙'))}</w:tr></w:tbl>{paragraph('丙')}", ["丙"]),  # noqa: E501
        (table((cell(paragraph("本报讯 大桥通车。") + paragraph("长860米。")),)), ["本报讯 大桥通车。", "长860米。"]),
    ],
)  # fmt: skip
def test_every_character_is_read_once(body, lines):
    assert lines_of(body) == lines
    assert told(body) == []


def test_notes_stand_below_the_paragraph_that_names_them():
    body = (
        paragraph("老桥建于清代", '<w:r><w:footnoteReference w:id="2"/></w:r>', "，今年修缮。"),
        paragraph("新桥通车", '<w:r><w:endnoteReference w:id="2"/></w:r>', "。"),
    )
    parts = {
        "footnotes": f'<w:footnote w:id="0" w:type="separator">{paragraph("——")}</w:footnote>'
        f'<w:footnote w:id="2">{paragraph("据县志，建于乾隆十二年。")}</w:footnote>'
        f'<w:footnote w:id="9">{paragraph("无人提到。")}</w:footnote>',
        "endnotes": f'<w:endnote w:id="2">{paragraph("长860米。")}</w:endnote>',
    }
    expected = ["老桥建于清代，今年修缮。", "据县志，建于乾隆十二年。", "新桥通车。", "长860米。", "无人提到。"]
    assert lines_of(*body, parts=parts) == expected
    assert told(*body, parts=parts) == []


def test_page_headers_and_footers_belong_to_no_article_and_tell_the_date():
    section = '<w:sectPr><w:headerReference r:id="header1"/><w:headerReference r:id="header1"/><w:footerReference r:id="footer1"/></w:sectPr>'  # noqa: E501
    page = page_of(
        paragraph("庙会开市", properties='<w:outlineLvl w:val="0"/>'),
        paragraph("本报讯 庙会昨日开市。"),
        section,
        parts={"header1": paragraph("河湾日报　二○二五年十二月三十日"), "footer1": paragraph("第 3 版")},
    )
    layout = read_layout(page)
    (article,) = layout.articles
    assert (article.title, article.date, article.date_source) == ("庙会开市", "2025-12-30", DateSource.MASTHEAD)
    assert [(left.number, left.why) for left in layout.leftovers] == [(1, "页眉"), (7, "页脚")]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (paragraph("甲", run("看不见", "<w:vanish/>")), "隐藏的文字 3 字未读"),
        (
            paragraph(f"<w:r><w:ruby><w:rt>{run('tie')}</w:rt><w:rubyBase>{run('餮')}</w:rubyBase></w:ruby></w:r>"),
            "注音 3 字未读",
        ),
    ],
)
def test_what_is_left_out_is_told(body, what):
    assert told(body) == [what]


def test_a_run_that_is_not_hidden_after_all_is_read():
    assert lines_of(paragraph(run("甲", '<w:vanish w:val="0"/>'))) == ["甲"]


def test_what_cannot_be_read_is_told():
    assert told(paragraph("甲"), parts={"comments": paragraph("批"), "chart1": ""}) == [
        "图表中的文字未读",
        "批注中的文字未读",
    ]
    stray = f"<w:p><w:pPr>{run('乙丙')}</w:pPr>{run('甲')}</w:p>"  # no such place for text
    assert told(stray) == []
    assert told(f"<w:tbl><w:tr>{cell(paragraph('甲'))}{paragraph('丢了')}{cell(paragraph('乙'))}</w:tr></w:tbl>") == [
        "正文 4 字中只读到 2 字"
    ]


def test_a_damaged_part_is_named_and_the_rest_is_read():
    data = word(
        paragraph("大桥通车。"), parts={"footnotes": f'<w:footnote w:id="2">{paragraph("据县志")}</w:footnote>'}
    )
    decoded = read_docx(data.replace("据县志".encode(), "据县ABC".encode()[:9]), "page.docx", None)
    assert decoded.text == "大桥通车。\n"
    (lost,) = decoded.lost
    assert lost.startswith("page.docx: the part word/footnotes.xml cannot be read (Bad CRC-32")


def test_the_strict_form_is_read_too():
    data = word(
        **{"word/document.xml": f'<w:document xmlns:w="{_STRICT}"><w:body>{paragraph("甲")}</w:body></w:document>'}
    )
    assert read_docx(data, "page.docx", None).text == "甲\n"


@pytest.mark.parametrize("part", ["<broken", "", "<a/>&x;"])
def test_a_document_without_a_document(part):
    with pytest.raises(SourceError, match=r"page\.docx is no Word file that can be read"):
        read_docx(word(**{"word/document.xml": part}), "page.docx", None)


_TEXT = st.text(alphabet="甲乙丙，。一二A0", min_size=1, max_size=6)


def _inline(children):
    inner = st.lists(children, min_size=1, max_size=3).map("".join)
    tags = st.sampled_from(["ins", "hyperlink", "smartTag", "sdt", "moveTo", "fldSimple", "bdo"])
    return st.one_of(
        st.tuples(tags, inner).map(lambda each: f"<w:{each[0]}>{each[1]}</w:{each[0]}>"),
        inner.map(lambda each: box(paragraph(each))),
        inner.map(lambda each: f"<w:del>{each}</w:del>"),
        inner.map(lambda each: f"<w:r>{_CHOICE.format(_WPS.format(paragraph(each)), box(paragraph(each)))}</w:r>"),
    )


def _block(children):
    inner = st.lists(children, min_size=1, max_size=3).map("".join)
    return st.one_of(
        inner.map(lambda each: f"<w:sdt><w:sdtContent>{each}</w:sdtContent></w:sdt>"),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: table(tuple(map(cell, each)))),
    )


_PARAGRAPHS = st.recursive(_TEXT.map(run), _inline, max_leaves=5).map(paragraph)


@given(st.lists(st.recursive(_PARAGRAPHS, _block, max_leaves=6), min_size=1, max_size=3))
def test_the_characters_are_those_of_the_xml(blocks):
    page = page_of(*blocks)
    tree = etree.fromstring(f"<w:body {_SPACES}>{''.join(blocks)}</w:body>")
    for gone in tree.xpath("//w:del | //mc:Fallback", namespaces={"w": _W, "mc": tree.nsmap["mc"]}):
        gone.getparent().remove(gone)
    there = "".join(tree.xpath("//w:t/text()", namespaces={"w": _W}))
    layout = read_layout(page)
    lines = [line for article in layout.articles for line in article.lines] + list(layout.leftovers)
    read = "".join(page.text[line.span.start : line.span.end] for line in lines)
    assert sorted(re.sub(r"[\s|]", "", read)) == sorted(there)
    assert not [note for note in page.notes if "只读到" in note.what]
