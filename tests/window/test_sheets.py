"""Can a person see the printed page that a quote stands on, with the quote boxed, and is a changed file told?"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from index.build import build_store
from index.errors import SourceError
from index.store.opened import open_store
from window.shape import article_view
from window.sheets import Sheets, find_sheets

TEXT = "白塔镇汽车站上月启用，每天发车四十二班，可到邻近六县。"


@pytest.fixture
async def printed(backend, pages, make_pdf):
    """The collection with a printed page of two sheets, the second of them white."""
    rows = [(50, 700, 20, "白塔镇启用新车站"), (60, 660, 10, TEXT[:14]), (60, 645, 10, TEXT[14:])]
    (pages / "c.pdf").write_bytes(make_pdf(rows, []))
    build_store(pages, backend.library.store, backend.library.config)
    backend.live.refresh()
    return backend


async def test_a_sheet_is_a_picture_and_an_article_knows_its_boxes(client, printed):
    article = next(a for a in printed.filled().articles.values() if a.file == "c.pdf")
    told = (await client.get("/window/article", params={"article": article.article_id})).json()
    (sheet,) = told["sheets"]
    assert sheet["number"] == 1
    assert [(round(x0, 3), round(x1, 3)) for x0, _, x1, _ in sheet["boxes"]] == [
        (0.083, 0.35),
        (0.1, 0.333),
        (0.1, 0.308),
    ]
    response = await client.get("/window/sheet", params={"file": "c.pdf", "number": 1})
    assert response.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (1800, 2400)


@pytest.mark.parametrize(
    ("file", "number", "told"),
    [
        ("c.pdf", 3, "has no sheet 3"),
        ("c.pdf", 0, "has no sheet 0"),
        ("a.txt", 1, "has no picture"),
        ("../x", 1, "has no"),
    ],
)
async def test_what_has_no_picture_is_told(client, printed, file, number, told):
    response = await client.get("/window/sheet", params={"file": file, "number": number})
    assert response.status_code == 422
    assert told in response.json()["error"]["what"]


async def test_a_file_that_changed_is_not_shown(client, printed, pages):
    (pages / "c.pdf").write_bytes((pages / "c.pdf").read_bytes() + b"\n")
    response = await client.get("/window/sheet", params={"file": "c.pdf", "number": 1})
    assert "has changed since it was read, or is gone" in response.json()["error"]["what"]


def test_the_sheets_of_a_scan_and_pictures_are_kept(tmp_path, data_folder, model_folder, monkeypatch):
    from index.config import IndexConfig

    data = (data_folder / "scan.jpg").read_bytes()
    (tmp_path / "scan.jpg").write_bytes(data)
    build_store(tmp_path / "scan.jpg", tmp_path / "store", IndexConfig(model=str(model_folder)))
    store = open_store(tmp_path / "store")
    page, sheets = find_sheets(store, "scan.jpg"), Sheets(tmp_path / "scan.jpg")
    first = sheets.picture(page, 1)
    assert Image.open(io.BytesIO(first)).size == (696, 165)
    monkeypatch.setattr("window.sheets.sheet_picture", None)
    assert sheets.picture(page, 1) is first
    (article,) = store.articles.values()
    (sheet,) = article_view(article, page=page)["sheets"]
    assert all(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 for x0, y0, x1, y1 in sheet["boxes"])


def test_a_store_without_such_a_page_says_so(tiny_store):
    with pytest.raises(SourceError, match="nowhere has no picture"):
        find_sheets(tiny_store, "nowhere")
