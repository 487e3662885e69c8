"""What was found where a site lists its pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """
    A picture that a page or a sitemap points at; a film, where films are listed.

    `url` is absolute. `words` is what stood around it: title, alternative text, caption, heading.
    `page` is the address of the page it stood on. `creator` and `licence` are what the site says
    of its copyright, as words or an address; a licence is about the picture and permits nothing
    about the faces in it. All but `url` may be empty.
    """

    url: str
    words: str = ""
    page: str = ""
    creator: str = ""
    licence: str = ""
