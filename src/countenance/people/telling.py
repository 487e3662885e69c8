"""
What is written to who asked to be told of new pictures: few words, a link, never a picture.

A message names nobody: whoever else reads the box learns that somebody asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language. In braces stand the number, the link and its days."""

    confirm: str
    confirming: str
    one: str
    many: str
    telling: str
    again: str
    asking: str


def to_confirm(language: str, *, link: str, days: int) -> tuple[str, str]:
    """Subject and text of the message that asks whether an address is the right one."""
    words = _words(language)
    return words.confirm, words.confirming.format(link=link, days=days)


def of_new(language: str, *, pictures: int, link: str, days: int) -> tuple[str, str]:
    """Subject and text of the message that there are new pictures."""
    words = _words(language)
    subject = (words.one if pictures == 1 else words.many).format(pictures=pictures)
    return subject, words.telling.format(subject=subject, link=link, days=days)


def to_enrol_again(language: str, *, link: str, days: int) -> tuple[str, str]:
    """Subject and text of the message that a picture is needed anew."""
    words = _words(language)
    return words.again, words.asking.format(link=link, days=days)


# --------------------------------------------------------------------------------------------


def _words(language: str) -> _Words:
    return _WORDS.get(language, _WORDS["en"])


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        confirm="Is this your address?",
        confirming="""\
Somebody wants to be told at this address when there are new pictures of
them. If that was you, open this page and press the button:

{link}

It holds for {days} days. If it was not you, do nothing: then nothing more
is sent here, and the address is forgotten.
""",
        one="A new picture that you may be in",
        many="{pictures} new pictures that you may be in",
        telling="""\
{subject}:

{link}

The link leads to your page for {days} days. Whoever has it can see your
pictures, and can delete you: do not pass it on.

You get this because you asked for it. On that page you can stop it, or
delete everything about you.
""",
        again="A picture of you is needed again",
        asking="""\
How pictures are searched here has changed, and no picture of you is kept
that will do. To go on being found, give one again on this page; nothing
else of what you agreed to has changed:

{link}

The link leads to your page for {days} days. Whoever has it can see your
pictures, and can delete you: do not pass it on.

If you do nothing, no new pictures are found for you.
""",
    ),
    "sv": _Words(
        confirm="Är det här din adress?",
        confirming="""\
Någon vill få veta på den här adressen när det finns nya bilder på sig.
Om det var du, öppna den här sidan och tryck på knappen:

{link}

Den gäller i {days} dagar. Om det inte var du, gör ingenting: då skickas
inget mer hit, och adressen glöms.
""",
        one="En ny bild som du kanske är med på",
        many="{pictures} nya bilder som du kanske är med på",
        telling="""\
{subject}:

{link}

Länken leder till din sida i {days} dagar. Den som har den kan se dina
bilder och kan radera dig: lämna den inte vidare.

Du får det här för att du har bett om det. På den sidan kan du stoppa det,
eller radera allt om dig.
""",
        again="En bild av dig behövs igen",
        asking="""\
Sättet att söka i bilderna här har ändrats, och det finns ingen sparad bild
av dig som duger. För att fortsätta hittas behöver du lämna en på nytt på
den här sidan; inget annat av det du har sagt ja till har ändrats:

{link}

Länken leder till din sida i {days} dagar. Den som har den kan se dina
bilder och kan radera dig: lämna den inte vidare.

Om du inte gör något hittas inga nya bilder åt dig.
""",
    ),
}
