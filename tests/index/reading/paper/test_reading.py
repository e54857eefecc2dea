"""Is a printed page read as it is laid out, in whatever order its lines were drawn? Where does each character stand?"""

from __future__ import annotations

import random

import pytest
from pypdf import PdfReader, PdfWriter

from index.errors import SourceError
from index.reading.pages import read_layout
from index.reading.paper import reading
from index.reading.paper.reading import read_pdf
from index.reading.source import read_page
from index.schema import Role, SheetBox

STATION = "白塔镇汽车站上月启用，每天发车四十二班，可到邻近六县。旅客可在候车厅内购票，也可以用手机预订。"
LIBRARY = "杏花镇图书馆昨天开放，读者三百余人前来借书。馆长说，周末将举办讲座，欢迎各界人士踊跃参加活动。"


def block(x, y, text, width=20, size=10, step=15):
    return [(x, y - step * row, size, text[row * width : (row + 1) * width]) for row in range(-(-len(text) // width))]


def two_columns():
    return [
        (50, 750, 24, "白塔镇启用新车站"),
        *block(50, 710, STATION),
        (320, 750, 24, "杏花镇图书馆开放"),
        *block(320, 710, LIBRARY),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_drawing_does_not_matter(make_pdf, seed):
    lines = two_columns()
    random.Random(seed).shuffle(lines)
    text, imprint = read_pdf(make_pdf(lines), "a.pdf")
    assert text.split("\n") == ["白塔镇启用新车站", STATION, "", "杏花镇图书馆开放", LIBRARY, ""]
    assert imprint.parts == (1, 4)
    assert dict(imprint.roles) == {1: Role.HEADLINE, 2: Role.BODY, 4: Role.HEADLINE, 5: Role.BODY}


def test_each_character_has_its_place(make_pdf):
    text, imprint = read_pdf(make_pdf(two_columns()), "a.pdf")
    start = text.index("四十二班")  # characters 15 to 18 of the first line, whose base line is at 710 of 800
    (box,) = imprint.boxes(start, start + 4)
    assert (box.sheet, box.x0, box.x1) == (1, 200, 240)
    assert box.y0 == pytest.approx(81, abs=1)
    assert box.y1 == pytest.approx(91, abs=1)
    start = text.index("二班，可到")  # the end of one line and the beginning of the next
    boxes = imprint.boxes(start, start + 5)
    assert [(box.x0, box.x1) for box in boxes] == [(220, 245), (50, 70)]  # a comma fills the left half of its place
    assert boxes[1].y0 - boxes[0].y0 == 15
    assert imprint.boxes(len(text) - 1, len(text)) == ()  # the last line break stands nowhere


def test_every_printed_character_is_read_once(make_pdf):
    text, imprint = read_pdf(make_pdf(two_columns(), two_columns()), "a.pdf")
    drawn = sorted("".join(line[3] for line in two_columns()) * 2)
    assert sorted(text.replace("\n", "")) == drawn
    assert sum(s.end - s.start for s in imprint.stretches) == len(drawn)
    assert {s.sheet for s in imprint.stretches} == {1, 2}


def test_the_page_is_cut_into_its_articles(make_pdf, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(two_columns()))
    layout = read_layout(read_page(path))
    assert [(article.title, article.text) for article in layout.articles] == [
        ("白塔镇启用新车站", f"白塔镇启用新车站\n{STATION}"),
        ("杏花镇图书馆开放", f"杏花镇图书馆开放\n{LIBRARY}"),
    ]


def test_text_goes_on_in_the_next_column_below_one_headline(make_pdf):
    longer = STATION + LIBRARY
    half = 60
    lines = [
        (50, 750, 30, "两镇启用新车站和图书馆"),
        *block(50, 700, longer[:half]),
        *block(300, 700, longer[half:]),
    ]
    text, _ = read_pdf(make_pdf(lines), "a.pdf")
    assert text.split("\n")[:2] == ["两镇启用新车站和图书馆", longer]


def test_radicals_are_read_as_the_characters_that_they_show(make_pdf):
    text, _ = read_pdf(make_pdf(block(50, 700, STATION.replace("车", "⻋").replace("手", "⼿"))), "a.pdf")
    assert text.strip() == STATION


def test_a_sheet_without_text_is_told_and_costs_only_itself(make_pdf):
    text, imprint = read_pdf(make_pdf(block(50, 700, STATION), []), "a.pdf")
    assert STATION in text
    assert len(imprint.sheets) == 2


def locked(data, password):
    writer = PdfWriter(clone_from=PdfReader(data))
    writer.encrypt(password)
    return writer


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7 and nothing more", "is no PDF that can be read"),
        (b"", "is no PDF that can be read"),
    ],
)
def test_what_is_no_pdf_is_told(data, reason):
    with pytest.raises(SourceError, match=rf"a\.pdf {reason}"):
        read_pdf(data, "a.pdf")


def test_empty_sheets_are_told(make_pdf):
    with pytest.raises(SourceError, match=r"a\.pdf holds no text that can be read"):
        read_pdf(make_pdf([], []), "a.pdf")


def test_a_text_layer_of_unknown_characters_is_refused(make_pdf, monkeypatch):
    monkeypatch.setattr(reading, "can_recognise", lambda: False)
    with pytest.raises(SourceError, match="its fonts do not say which characters they draw"):
        read_pdf(make_pdf(block(50, 700, "\ue123\ue124\ue125\ue126\ue127" * 12)), "a.pdf")


def test_boxes_of_one_line_of_print():
    from index.schema import Imprint, Sheet, Stretch

    across = Stretch(0, 1, 10, 20, 40, 30, (10, 20, 30, 40))
    down = Stretch(4, 2, 50, 10, 60, 30, (10, 20, 30), down=True)
    imprint = Imprint((Sheet(100, 100), Sheet(100, 100)), (across, down), (1,), ())
    assert imprint.boxes(1, 3) == (SheetBox(1, 20, 20, 40, 30),)
    assert imprint.boxes(2, 5) == (SheetBox(1, 30, 20, 40, 30), SheetBox(2, 50, 10, 60, 20))
    assert imprint.boxes(3, 4) == ()
    assert imprint.boxes(5, 6) == (SheetBox(2, 50, 20, 60, 30),)
