import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.core.canonical import canonical_json
from countenance.errors import UsageError, VerificationError
from countenance.vault.seal import seal, unseal

KEY = bytes(range(32))
BOUND = canonical_json(["library", "person", "find-me", "consent", "starter"])
OVERHEAD = 29

keys = st.binary(min_size=32, max_size=32)


@given(key=keys, plain=st.binary(max_size=2000), bound=st.binary(max_size=200))
def test_what_was_sealed_unseals(key: bytes, plain: bytes, bound: bytes) -> None:
    """Every content of every length comes back, at a fixed cost in bytes."""
    sealed = seal(key, plain, bound=bound)
    assert len(sealed) == len(plain) + OVERHEAD
    assert unseal(key, sealed, bound=bound) == plain


@given(plain=st.binary(min_size=8, max_size=200))
def test_sealed_bytes_do_not_hold_the_plain_ones(plain: bytes) -> None:
    """Nothing of the content can be read without the key, and no two seals are alike."""
    first, second = seal(KEY, plain, bound=BOUND), seal(KEY, plain, bound=BOUND)
    assert plain not in first
    assert first != second


@pytest.mark.promise("P27")
@given(plain=st.binary(max_size=40), data=st.data(), flip=st.integers(1, 255))
def test_a_changed_byte_is_found(plain: bytes, data: st.DataObject, flip: int) -> None:
    """Version, nonce, ciphertext and tag: no byte can be changed unseen."""
    sealed = bytearray(seal(KEY, plain, bound=BOUND))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= flip
    with pytest.raises(VerificationError):
        unseal(KEY, bytes(sealed), bound=BOUND)


@pytest.mark.promise("P27")
@pytest.mark.parametrize("plain", [b"", b"template"])
def test_a_cut_or_a_longer_seal_is_found(plain: bytes) -> None:
    """Every shorter beginning of sealed bytes, and one more byte, is refused."""
    sealed = seal(KEY, plain, bound=BOUND)
    for wrong in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(VerificationError):
            unseal(KEY, wrong, bound=BOUND)


@pytest.mark.promise("P5")
@pytest.mark.parametrize("field", range(5))
def test_another_purpose_does_not_open_it(field: int) -> None:
    """Neither another library, person, purpose, consent nor pack opens a reference."""
    words = ["library", "person", "find-me", "consent", "starter"]
    words[field] = "another"
    sealed = seal(KEY, b"template", bound=BOUND)
    with pytest.raises(VerificationError):
        unseal(KEY, sealed, bound=canonical_json(words))


@given(other=keys.filter(lambda key: key != KEY))
def test_another_key_does_not_open_it(other: bytes) -> None:
    """What one person's key sealed opens with no other key."""
    with pytest.raises(VerificationError):
        unseal(other, seal(KEY, b"template", bound=BOUND), bound=BOUND)


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_only_keys_of_256_bits_are_taken(length: int) -> None:
    """A shorter key is refused, also where AES would take it."""
    with pytest.raises(UsageError, match="expected 32 bytes"):
        seal(bytes(length), b"", bound=b"")
    with pytest.raises(UsageError, match="expected 32 bytes"):
        unseal(bytes(length), seal(KEY, b"", bound=b""), bound=b"")
