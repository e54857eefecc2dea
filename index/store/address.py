"""Which address names a store in Milvus, and what does it say?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from index.errors import StoreError

__all__ = ["Address", "is_milvus", "parse_address"]

_FORMS = "milvus://HOST:PORT/COLLECTION, or milvus:FILE.db/COLLECTION for milvus-lite"
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,179}")  # what we add to it fits into Milvus's 255
_LITE = re.compile(r"milvus:(?!//)(?P<file>.+\.db)/(?P<collection>[^/]+)")
_SCHEMES = {"milvus": "http", "milvus+tls": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store lies in Milvus.

    Attributes:
        uri: What the client connects to: a URL, or the file of milvus-lite.
        collection: The name under which the generation in use is found.
        token: ``user:password`` or a key; empty without one. It is never shown.
        local: Whether milvus-lite runs it in this process.
    """

    uri: str
    collection: str
    token: str = field(default="", repr=False)
    local: bool = False

    def __str__(self) -> str:
        if self.local:
            return f"milvus:{self.uri}/{self.collection}"
        scheme = next(ours for ours, theirs in _SCHEMES.items() if self.uri.startswith(f"{theirs}://"))
        return f"{scheme}://{self.uri.split('://')[1]}/{self.collection}"


def is_milvus(text: str) -> bool:
    """Whether an address names Milvus, rather than a folder."""
    return text.startswith(tuple(f"{scheme}:" for scheme in _SCHEMES))


def parse_address(text: str, token: str = "") -> Address:
    """Take an address apart.

    Args:
        text: ``milvus://[USER:PASSWORD@]HOST:PORT/COLLECTION`` (``milvus+tls://`` over TLS) or
            ``milvus:FILE.db/COLLECTION``.
        token: Goes before a user and password in the address.

    Raises:
        StoreError: It is no such address.

    Example:
        >>> parse_address("milvus://localhost:19530/news").uri
        'http://localhost:19530'
    """
    if lite := _LITE.fullmatch(text):
        return Address(lite["file"], _checked(text, lite["collection"]), token, local=True)
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:  # a port that is no number, brackets that do not close
        port = host = None
    if not (host and port) or parts.scheme not in _SCHEMES or parts.query or parts.fragment:
        raise StoreError(f"{_without_password(text)!r} is no address of a store in Milvus.", f"Write {_FORMS}.")
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    place = f"[{host}]" if ":" in host else host
    collection = _checked(text, parts.path.removeprefix("/"))
    return Address(f"{_SCHEMES[parts.scheme]}://{place}:{port}", collection, token or login)


def _checked(text: str, collection: str) -> str:
    if not _COLLECTION.fullmatch(collection):
        raise StoreError(
            f"{collection!r} in {_without_password(text)!r} cannot be the name of a collection.",
            "Take Latin letters, digits and _, a letter first, 180 at most.",
        )
    return collection


def _without_password(text: str) -> str:
    return re.sub("//.*@", "//", text)
