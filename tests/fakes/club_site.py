"""A web site of a club, served on this machine, that grants; and a library that reads it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from countenance.library import Library
from countenance.sources.grant import GrantPurpose
from countenance.sources.site.grantfile import WELL_KNOWN, site_token
from countenance.sources.site.guard import Origin
from countenance.sources.site.newgrant import NewGrant, write_grant_file
from countenance.sources.source import Source
from tests.fakes.gala import GROUND
from tests.fakes.lying_site import LyingSite, answer, serving
from tests.fakes.vision import picture

GALLERY = "/gala/"
SIGNALS = ("/robots.txt", "/.well-known/tdmrep.json", "/ai.txt")
YEAR = timedelta(days=300)


@dataclass(slots=True)
class ClubSite:
    """What stands at the site; `web` is the server, which keeps what it was asked."""

    web: LyingSite
    library: Library
    grants: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        return Origin.parse(self.root)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.web.port}"

    @property
    def start(self) -> str:
        return self.root + GALLERY

    @property
    def host(self) -> str:
        return self.origin.authority

    def add(self) -> Source:
        """Add the site to the library, recognition on."""
        added, _ = self.library.add_site(self.start, ground=GROUND, private_network=True)
        return added.source

    def grant(self, at: datetime, **given: Any) -> Self:  # noqa: ANN401  the fields of NewGrant
        """Put a grant file there, given at `at` for the gallery, and `given` besides."""
        key = self.library.trail.key().public
        values: dict[str, Any] = {
            "host": self.origin,
            "token": site_token(key, self.origin),
            "name": "The club",
            "contacts": ("mailto:privacy@club.example",),
            "basis": "our own photographs",
            "operator": "https://finder.example/",
            "paths": (GALLERY,),
            "issued": at,
            "until": at + YEAR,
            "purposes": frozenset({GrantPurpose.MATCH}),
            **given,
        }
        self.grants = [write_grant_file(NewGrant(**values))]
        return self.file(WELL_KNOWN, self.grants[0], kind="application/json")

    def revoke(self, which: str) -> Self:
        """Name a grant of the file among those that ended before their time."""
        (said,) = self.grants
        document = json.loads(said) | {"revoked": [which]}
        return self.file(WELL_KNOWN, json.dumps(document).encode(), kind="application/json")

    def no_grant(self, status: int = 404) -> Self:
        self.web.at(WELL_KNOWN, answer(b"", status=status, kind="text/plain"))
        return self

    def file(self, path: str, body: bytes, *headers: str, kind: str = "text/plain") -> Self:
        self.web.at(path, answer(body, *headers, kind=kind))
        return self

    def picture(self, name: str, *identities: int, salt: int = 0) -> Self:
        """A picture in the gallery, whether a page shows it or not."""
        return self.file(GALLERY + name, picture(*identities, salt=salt), kind="image/png")

    def page(self, path: str, *pictures: str, links: tuple[str, ...] = (), head: str = "") -> Self:
        """A page of the gallery that shows `pictures`, each with words, and links to others."""
        shown = "".join(f'<img src="{one}" alt="words of {one}">' for one in pictures)
        linked = "".join(f'<a href="{one}">more</a>' for one in links)
        html = (
            f"<html><head><title>The gala</title>{head}</head><body>{shown}{linked}</body></html>"
        )
        return self.file(path, html.encode(), kind="text/html; charset=utf-8")

    def asked(self) -> list[str]:
        """The paths that were asked for since the last time, in their order."""
        paths = self.web.paths()
        self.web.heard.clear()
        return paths


@contextmanager
def club_site(library: Library) -> Iterator[ClubSite]:
    with serving(LyingSite()) as web:
        yield ClubSite(web, library)
