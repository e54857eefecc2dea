"""Is a picture of a printed page read, with the place of each character, and is one that cannot be read told?"""

from __future__ import annotations

import io
import math
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from index.errors import SourceError
from index.reading.paper import reading, scans
from index.reading.paper.reading import doubtful_notes, read_pdf, read_scan
from index.reading.paper.scans import pictures_of, recognise
from index.reading.paper.shapes import Box, Pose
from index.reading.source import read_page
from index.schema import Imprint, Note, Sheet, Stretch


def png(picture):
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def scan(data_folder):
    """A corner of a page that was printed and scanned: a headline, and two lines of its article."""
    return read_page(data_folder / "scan.jpg")


def test_a_scan_is_read_with_its_headline_and_marks_as_wide_as_printed(scan):
    lines = [line for line in scan.text.split("\n") if line]
    assert lines[0].startswith("首都工匠学院体系建设")
    assert lines[1].startswith(
        "本报讯（记者盛丽）近日，首都工匠学院体系建设工作推进会在北京市总工会职工服务中心召开。会议"
    )
    assert (scan.encoding, scan.imprint.sheets) == ("scan", (Sheet(696, 165, scanned=True),))


def test_each_character_of_a_scan_has_its_place_in_pixels(scan):
    start = scan.text.index("首都工匠学院")
    (box,) = scan.imprint.boxes(start, start + 6)
    assert box.x0 == pytest.approx(12, abs=8)
    assert box.x1 == pytest.approx(375, abs=15)
    assert box.y0 == pytest.approx(5, abs=15)
    assert box.y1 == pytest.approx(65, abs=15)
    start = scan.text.index("召开")
    (box,) = scan.imprint.boxes(start, start + 2)
    assert box.x0 == pytest.approx(537, abs=12)
    assert box.y0 == pytest.approx(127, abs=12)


def test_a_scan_inside_a_pdf_file_is_read_in_points(scan, data_folder, tmp_path):
    Image.open(data_folder / "scan.jpg").save(tmp_path / "scan.pdf", resolution=100)
    text, imprint = read_pdf((tmp_path / "scan.pdf").read_bytes(), "scan.pdf")
    assert "首都工匠学院体系建设工作推进会在北京市总工会" in text
    (sheet,) = imprint.sheets
    assert (sheet.width, sheet.height, sheet.scanned, sheet.problem) == (501.1, 118.8, True, "")
    start = text.index("召开")
    (box,) = imprint.boxes(start, start + 2)
    assert box.x0 == pytest.approx(537 * 0.72, abs=10)


def test_without_text_recognition_it_is_said_how_to_get_it(data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "can_recognise", lambda: False)
    told = r"text recognition is not installed\. Install it: pip install 'wenju\[ocr\]'"
    with pytest.raises(SourceError, match=rf"scan\.jpg is a picture, and {told}"):
        read_page(data_folder / "scan.jpg")
    Image.open(data_folder / "scan.jpg").save(tmp_path / "scan.pdf")
    with pytest.raises(SourceError, match=rf"scan\.pdf is a scanned PDF, and {told}"):
        read_page(tmp_path / "scan.pdf")


@pytest.mark.parametrize("mode", ["1", "L", "RGBA", "CMYK", "P"])
def test_a_white_sheet_in_any_colours_shows_no_text(mode):
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "white").convert(mode).save(file, "TIFF")
    with pytest.raises(SourceError, match=r"a\.tif shows no text that can be recognised"):
        read_scan(file.getvalue(), "a.tif")


def bomb(width, height):
    """A PNG file that declares its size and has next to nothing inside."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a picture", "is no picture that can be read"),
        (bomb(50_000, 50_000), "(has 50,000 × 50,000 pixels; at most 120 million|is no picture that can be read)"),
        (bomb(12_000, 11_000), "has 12,000 × 11,000 pixels; at most 120 million pixels are read"),
        (bomb(300, 200), "is no picture that can be read"),
    ],
)
def test_pictures_that_cannot_be_read(data, reason):
    with pytest.raises(SourceError, match=rf"a\.png {reason}"):
        list(pictures_of(data, "a.png"))


def test_a_larger_picture_is_made_smaller():
    (picture,) = pictures_of(png(Image.new("L", (6400, 100), 255)), "a.png")
    assert (picture.size, picture.mode) == ((3200, 50), "RGB")


@pytest.mark.parametrize("angle", [0.0, 0.01, -0.02])
def test_boxes_are_read_straight_and_put_back_askew(angle):
    pose = Pose(angle=angle, scale=2.5)
    x, y = pose.read(500, 300)
    back = pose.on_sheet(Box(x - 2, y - 1, x + 2, y + 1))
    assert back == pytest.approx((495, 297.5, 505, 302.5))
    x1, y1 = pose.read(500 + 100 * math.cos(angle), 300 + 100 * math.sin(angle))
    assert (x1 - x, y1 - y) == pytest.approx((40, 0))  # along a line of text that falls by the angle


def test_a_line_that_runs_down_is_cut_between_its_characters():
    strip = np.full((170, 40, 3), 255, np.uint8)
    tops = (4, 46, 84, 125)
    for top in tops:
        strip[top : top + 36, 4:36] = 0
    cells = scans._cells(strip)
    assert len(cells) == 4
    assert all(a <= top and top + 36 <= b for (a, b), top in zip(cells, tops, strict=True))


def test_sizes_that_are_measured_alike_are_one_size():
    def line(text, size):
        return scans._Found(text, ((0.0, 0.0),) * len(text), (1.0,) * len(text), size, 0.0, 1.0)

    body = [line("本报讯记者近日从区里获悉", size) for size in (26.0, 28.0, 30.0, 27.5)]
    found = scans._of_few_sizes([*body, line("两镇启用新车站和馆", 54.0), line("通会。", 21.0)])
    assert {each.size for each in found[:4]} == {found[5].size} == {28.0}
    assert found[4].size == 54


@pytest.mark.parametrize(
    ("told", "printed"),
    [
        ("会上,北京市(国防)工会", "会上，北京市（国防）工会"),
        ("9:30开门", "9:30开门"),
        ("GDP(亿元)", "GDP（亿元）"),
        ("a,b", "a,b"),
    ],
)
def test_marks_of_a_chinese_text_are_wide(told, printed):
    assert scans._wide_marks(told) == printed


def test_lines_that_are_doubtful_are_told():
    sure, unsure = (Stretch(at, 1, 0, 0, 9, 9, (0, 3, 6, 9), sure=how) for at, how in ((0, 0.99), (4, 0.61)))
    imprint = Imprint((Sheet(9, 9, scanned=True),), (sure, unsure), (1,), ())
    assert doubtful_notes("甲乙丙\n丁戊己\n", imprint) == (Note(2, "文字识别没有把握（0.61）", doubtful=True),)


def test_nothing_is_found_on_a_white_picture():
    assert recognise(Image.new("RGB", (300, 200), "white")).lines == ()
