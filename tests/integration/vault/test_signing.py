"""The signing key: made once, whole or not at all, closed to others, and named when damaged."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from countenance.errors import Unavailable, VerificationError
from countenance.vault.signing import SigningKey, SigningKeyFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return folder


def test_a_key_is_read_as_it_was_made(folder: Path) -> None:
    """The file gives the key that signed, closed to others, and its signatures verify."""
    made = SigningKeyFile(folder).create()
    read = SigningKeyFile(folder).read()
    assert SigningKeyFile(folder).exists()
    assert (read.public, read.sign(b"a")) == (made.public, made.sign(b"a"))
    Ed25519PublicKey.from_public_bytes(read.public).verify(read.sign(b"a"), b"a")
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_signatures_are_those_of_the_rfc() -> None:
    """The first test vector of RFC 8032, section 7.1."""
    key = SigningKey(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e0")


@pytest.mark.promise("P27")
def test_a_damaged_key_is_named(folder: Path) -> None:
    """With any byte changed, cut short or lengthened the file gives no key."""
    SigningKeyFile(folder).create()
    (file,) = folder.iterdir()
    good = file.read_bytes()
    flipped = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(len(good))]
    for bad in (*flipped, *(good[:at] for at in range(len(good))), good + b"\0"):
        file.write_bytes(bad)
        with pytest.raises(VerificationError, match="signing key is damaged"):
            SigningKeyFile(folder).read()


def test_a_key_is_not_used_in_an_open_folder(folder: Path) -> None:
    """Neither made nor read while others may enter."""
    SigningKeyFile(folder).create()
    folder.chmod(0o755)
    for use in (SigningKeyFile(folder).create, SigningKeyFile(folder).read):
        with pytest.raises(Unavailable, match="open to others"):
            use()


def test_a_key_that_is_not_there_is_unavailable(folder: Path) -> None:
    """Also where the whole folder is away."""
    assert not SigningKeyFile(folder).exists()
    with pytest.raises(Unavailable, match="not here"):
        SigningKeyFile(folder).read()
    for use in (SigningKeyFile(folder / "away").create, SigningKeyFile(folder / "away").read):
        with pytest.raises(Unavailable):
            use()


@pytest.mark.promise("P28")
def test_no_half_key_stays_on_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that cannot be written is refused, and nothing is left of it."""

    def full(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        SigningKeyFile(folder).create()
    assert list(folder.iterdir()) == []
