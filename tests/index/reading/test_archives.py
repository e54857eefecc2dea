"""Is an archive opened with care, and does a damaged part cost that part alone?"""

from __future__ import annotations

import io
import zipfile

import pytest

from index.errors import SourceError
from index.reading.archives import open_archive


def archive_of(**parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_damaged_part_is_lost_and_the_others_are_read():
    data = archive_of(a=b"first", b=b"second").replace(b"second", b"sEcond", 1)
    with open_archive(data, "x.epub") as archive:
        assert (archive.read("a"), archive.read("B"), archive.read("c")) == (b"first", None, None)
        assert archive.lost == [
            "x.epub: the part B cannot be read (Bad CRC-32 for file 'b').",
            "x.epub: the part c cannot be read (it is missing).",
        ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no archive", "is no archive that can be read"),
        (b"\xd0\xcf\x11\xe0", "has a password, or is an old Word file"),
        (archive_of(a=b"1")[:-4], "is no archive that can be read"),
    ],
)
def test_archives_that_cannot_be_read(data, reason):
    with pytest.raises(SourceError, match=rf"x\.docx {reason}"), open_archive(data, "x.docx"):
        pass


def test_a_part_that_grows_two_hundredfold_is_no_page():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 20_000_000)
    refused = pytest.raises(SourceError, match="unpacks to 20 MB in 1 files, which no page does")
    with refused, open_archive(stream.getvalue(), "x.epub"):
        pass
