"""A signature is of one key and of one seal."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from rag.errors import BundleError
from rag.signing import Signature, check_signature, sign

SEAL = "ab" * 32


def _write(folder, name, private, encryption=None):
    encryption = encryption or NoEncryption()
    (folder / f"{name}.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)
    return folder / f"{name}.pem", folder / f"{name}.pub"


@pytest.fixture
def keys(tmp_path):
    return _write(tmp_path, "ours", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_what_is_signed_holds_for_its_key_and_no_other(keys, tmp_path):
    signature = sign(SEAL, keys[0])
    # RFC 8032 fixes the public key of 32 zero bytes.
    assert signature.public_key == "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    assert check_signature(SEAL, signature) == check_signature(SEAL, signature, keys[1]) == []
    _, other = _write(tmp_path, "other", ed25519.Ed25519PrivateKey.generate())
    assert check_signature(SEAL, signature, other) == ["签名用的是另一把密钥（3b6a27bcceb6a42d…）。"]


def test_another_seal_and_another_signature_are_told(keys):
    signature = sign(SEAL, keys[0])
    assert check_signature("cd" * 32, signature) == ["签名不符：签名之后被改动过。"]
    flipped = signature.model_copy(update={"value": "00" + signature.value[2:]})
    assert check_signature(SEAL, flipped, keys[1]) == ["签名不符：签名之后被改动过。"]


def test_no_signature_is_a_fault_only_where_a_key_is_asked_for(keys):
    assert check_signature(SEAL, None) == []
    assert check_signature(SEAL, None, keys[1]) == ["没有签名。"]


def test_what_is_no_key_is_told(keys, tmp_path):
    with pytest.raises(BundleError, match="cannot be read"):
        sign(SEAL, tmp_path / "none.pem")
    with pytest.raises(BundleError, match="is no key that can be used"):
        sign(SEAL, keys[1])  # the public half
    locked, _ = _write(tmp_path, "locked", ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(b"word"))
    with pytest.raises(BundleError, match="is no key that can be used"):
        sign(SEAL, locked)
    other, _ = _write(tmp_path, "x", x25519.X25519PrivateKey.generate())
    with pytest.raises(BundleError, match="is a key of another kind"):
        sign(SEAL, other)


def test_without_the_package_it_says_what_to_install(keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(BundleError, match=r"pip install 'wenju\[sign\]'"):
        sign(SEAL, keys[0])


@pytest.mark.parametrize("value", ["", "zz" * 64, "AB" * 64, "ab" * 63])
def test_a_signature_is_hexadecimal_of_its_length(value):
    with pytest.raises(ValueError, match="value"):
        Signature(public_key="ab" * 32, value=value)
