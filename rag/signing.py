"""Whose bundle is it? An Ed25519 signature over its seal, with a key of the newsroom's own.

A key is made once, and its public half given to whoever checks::

    openssl genpkey -algorithm ed25519 -out newsroom.pem
    openssl pkey -in newsroom.pem -pubout -out newsroom.pub

``pip install 'wenju[sign]'`` brings what is needed.

References:
    RFC 8032: Edwards-Curve Digital Signature Algorithm (2017).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from rag.errors import BundleError

__all__ = ["Signature", "check_key", "check_signature", "sign"]

_PURPOSE = b"wenju-evidence:"  # a key that signs other things too must not be fooled into signing a bundle
_INSTALL = "Run `pip install 'wenju[sign]'`."


class Signature(BaseModel):
    """A signature and the public key that it is of, both in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    value: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{128}$")]


def sign(seal: str, key: Path) -> Signature:
    """Sign a seal.

    Args:
        seal: The hash of what is signed.
        key: A file with an Ed25519 private key, PEM without a password.

    Raises:
        BundleError: The file is no such key, or the package that signs is not installed.
    """
    private = _private(key)
    public = private.public_key().public_bytes_raw().hex()
    return Signature(public_key=public, value=private.sign(_PURPOSE + seal.encode()).hex())


def check_signature(seal: str, signature: Signature | None, key: Path | None = None) -> list[str]:
    """What is wrong with the signature of a seal, a line each; empty when it is the key's.

    Args:
        seal: The hash that should be signed.
        signature: What was found with it.
        key: A file with the public key that it must be of, PEM; None for any.

    Raises:
        BundleError: The file is no such key, or the package that checks is not installed.
    """
    wanted = _load(key, "load_pem_public_key", "Ed25519PublicKey").public_bytes_raw().hex() if key else None
    if signature is None:
        return ["没有签名。"] if key else []
    if wanted not in (None, signature.public_key):
        return [f"签名用的是另一把密钥（{signature.public_key[:16]}…）。"]
    keys, _ = _library()
    from cryptography.exceptions import InvalidSignature

    public = keys.Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
    try:
        public.verify(bytes.fromhex(signature.value), _PURPOSE + seal.encode())
    except InvalidSignature:
        return ["签名不符：签名之后被改动过。"]
    return []


def check_key(key: Path) -> None:
    """Find out whether a file can sign, before there is anything to sign; errors as for :func:`sign`."""
    _private(key)


def _private(key: Path) -> Any:
    return _load(key, "load_pem_private_key", "Ed25519PrivateKey", password=None)


def _load(file: Path, loader: str, kind: str, **how: Any) -> Any:
    """A key from a file."""
    keys, formats = _library()
    try:
        key = getattr(formats, loader)(file.read_bytes(), **how)
    except OSError as error:
        raise BundleError(f"{file} cannot be read ({error.strerror}).", "Name the file of the key.") from error
    except (ValueError, TypeError) as error:  # TypeError: it has a password
        raise BundleError(f"{file} is no key that can be used.", "Give an Ed25519 key, PEM, no password.") from error
    if not isinstance(key, getattr(keys, kind)):
        raise BundleError(f"{file} is a key of another kind.", "Give an Ed25519 key, PEM, no password.")
    return key


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise BundleError("Signatures need the package `cryptography`.", _INSTALL) from error
    return ed25519, serialization
