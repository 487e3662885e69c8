from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from starlette.requests import Request

from countenance.web import languages
from countenance.web.languages import catalogue, chosen, read_languages

WEB = Path(languages.__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": None,
    "message": None,
    "count": (1, 2),
    "N_": None,
}


def used() -> dict[object, str]:
    """Every message of the pages, with the file that says it."""
    found = extract_from_dir(str(WEB), method_map=METHODS, keywords=KEYWORDS)
    return {message: file for file, _line, message, _comments, _context in found if message}


@pytest.mark.parametrize("tag", [one for one in read_languages() if one != "en"])
def test_every_message_is_translated(tag: str) -> None:
    """A language is complete: nothing is missing, empty, fuzzy, or left over."""
    known = {one.id: one for one in catalogue(WEB / "locale", tag) if one.id}
    wanted = used()
    assert {one: file for one, file in wanted.items() if one not in known} == {}
    assert [one for one in known if one not in wanted] == []
    for message in known.values():
        texts = message.string if isinstance(message.string, list | tuple) else [message.string]
        assert all(texts), message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("tag", [one for one in read_languages() if one != "en"])
def test_translations_keep_their_places(tag: str) -> None:
    """What is filled into a sentence in English is filled in here too."""
    for message in catalogue(WEB / "locale", tag):
        if message.id and message.python_format:
            assert list(message.check()) == [], message.id


def ask(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", f"language={cookie}".encode()), (b"accept-language", accept.encode())]
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("request_", "tag"),
    [
        (ask(), "en"),
        (ask(accept="sv-SE,sv;q=0.9,en;q=0.8"), "sv"),
        (ask(accept="fi,sv;q=0.5"), "sv"),
        (ask(accept="fi"), "en"),
        (ask(cookie="en", accept="sv"), "en"),
        (ask(query="lang=sv", cookie="en"), "sv"),
        (ask(query="lang=../x", cookie="xx", accept="\xff;,;;q=x"), "en"),
    ],
)
def test_the_language_is_chosen(request_: Request, tag: str) -> None:
    """What is asked for wins over what was chosen before, and that over what the browser says."""
    assert chosen(request_, ["en", "sv"]) == tag
