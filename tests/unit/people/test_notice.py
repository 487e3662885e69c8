"""Notices: the words a person was shown, known by their digest."""

import hashlib
from importlib.resources import files

import pytest

from countenance.errors import UsageError
from countenance.people.notice import LANGUAGES, VERSION, Notice, load_notice
from countenance.people.purpose import Purpose

# What consents in somebody's library point to. A changed text is a new file, not a new digest here.
DIGESTS = {
    ("en", 1): "376d05a1f3b9b00796e6dc3702bd401d5257d3112f6ee0927873d58d88859a0a",
    ("sv", 1): "3550626a36929c85818f037ba3d66d185f6fc81f647b5bf4d3d4f518fe1612ed",
    ("en", 2): "6628acc0290b06451b166143c6afe79badfbd595ff899c86d9228809a8058889",
    ("sv", 2): "0da21a8ad610eda2fcf9b3f3a35ef9a84a6cac7f258b056b4e7b57dd98b718e4",
}


@pytest.mark.promise("P17")
@pytest.mark.parametrize(("language", "version"), DIGESTS)
def test_the_digest_is_of_the_exact_text(language: str, version: int) -> None:
    """A consent leads to the very bytes that were shown, today and with the next release."""
    notice = load_notice(language, version=version)
    expected = DIGESTS[language, version]
    assert notice.digest == hashlib.sha256(notice.text.encode()).hexdigest() == expected
    assert Notice(language, notice.text + " ").digest != notice.digest


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_names_every_purpose(language: str) -> None:
    """Whoever is asked reads what each purpose means before they choose."""
    text = load_notice(language).text
    assert [purpose for purpose in Purpose if f"\n  {purpose} " not in text] == []


@pytest.mark.parametrize("language", ["de", "", "../sv", "EN"])
def test_a_language_without_a_notice_is_refused(language: str) -> None:
    """There is no falling back to words that the person may not understand."""
    with pytest.raises(UsageError, match="en, sv"):
        load_notice(language)


def test_every_text_has_its_language() -> None:
    """The folder holds the languages that are offered, in every version, and no others."""
    folder = files("countenance.people") / "notices"
    known = {f"{one}{'' if version == 1 else f'-{version}'}.txt" for one, version in DIGESTS}
    assert {file.name for file in folder.iterdir()} == known
    assert set(DIGESTS) == {(one, i) for one in LANGUAGES for i in range(1, VERSION + 1)}
