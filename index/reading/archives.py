"""What is in a ZIP archive (.docx, .epub), and can each part be read? A part that is damaged costs that part alone."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.errors import SourceError

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Archive", "open_archive", "parse_xml", "reading"]

_MOST_UNPACKED = 256 * 1024 * 1024  # bytes of a .docx or .epub after unpacking
_MOST_RATIO = 200  # unpacked to packed; text packs to a tenth
_MOST_MEMBERS = 10_000


class Archive:
    """An open archive: its parts by name, each read once; what cannot be read is remembered.

    Attributes:
        lost: Why parts could not be read, a sentence each.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._names = {each.filename.replace("\\", "/").lower(): each for each in archive.infolist()}
        self.lost: list[str] = []

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def names(self) -> list[str]:
        """Names of all parts."""
        return [each.filename for each in self._names.values()]

    def read(self, part: str) -> bytes | None:
        """The bytes of a part; None where it is missing or damaged, which ``lost`` then tells."""
        try:
            return self._archive.read(self._names[part.lower()])
        except KeyError:
            self.lose(part, "it is missing")
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            self.lose(part, str(error) or type(error).__name__)
        return None

    def lose(self, part: str, why: str) -> None:
        """Remember a part that could not be read."""
        self.lost.append(f"{self._name}: the part {part} cannot be read ({why}).")


@contextmanager
def reading(name: str, kind: str) -> Iterator[None]:
    """Around a library that is fed a file: a broken one makes it raise almost anything.

    Raises:
        SourceError: It raised something.
    """
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise SourceError(f"{name} is no {kind} that can be read ({reason}).", f"Save it again as {kind}.") from None


@contextmanager
def open_archive(data: bytes, name: str) -> Iterator[Archive]:
    """Open a ZIP archive after asking how large it is unpacked; ``zipfile`` reads no more than that of a member.

    Raises:
        SourceError: It is no archive, has a password, or unpacks to more than any page does.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(f"{name} has a password, or is an old Word file.", "Save it as .docx without a password.")
    with reading(name, "archive"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MOST_UNPACKED or len(members) > _MOST_MEMBERS or unpacked > _MOST_RATIO * max(len(data), 50_000):
        raise SourceError(
            f"{name} unpacks to {unpacked / 1e6:,.0f} MB in {len(members):,} files, which no page does.", "Remove it."
        )
    if any(member.flag_bits & 1 for member in members):
        raise SourceError(f"{name} has a password.", "Save it without one.")
    with archive:
        yield Archive(archive, name)


def parse_xml(data: bytes) -> _Element:
    """The root of an XML document; entities stay what they are, and nothing is fetched."""
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
