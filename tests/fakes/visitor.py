"""Somebody at the web pages of a small library, without a browser: for tests of whole walks."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from httpx2 import Response
from starlette.testclient import TestClient

from countenance.library import Issued
from countenance.web.app import make_app
from countenance.web.context import Web
from tests.fakes.gala import Gala, open_library
from tests.fakes.vision import FakeVision, picture

USE = re.compile('name="use" value="([^"]+)"')
"""The button "use this picture"."""

ADULT = {"name": "Ada", "band": "adult", "find": "1"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks. Forms come from our own pages, as a browser would say."""

    client: TestClient
    web: Web
    gala: Gala

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def post(self, path: str, **fields: str) -> Response:
        return self.client.post(path, data=fields, follow_redirects=False)

    def show(self, path: str, *pictures: bytes, **fields: str) -> Response:
        """A form with pictures: they are shown, with what is wrong with them."""
        files = [("picture", (f"{n}.jpg", one)) for n, one in enumerate(pictures)]
        return self.client.post(path, data=fields, files=files, follow_redirects=False)

    def give(self, path: str, *pictures: bytes, **fields: str) -> Response:
        """The same; and then "use this picture", where there is that button."""
        shown = self.show(path, *pictures, **fields)
        key = USE.search(shown.text)
        return self.post(path, **fields, use=key[1]) if key else shown

    def join(self, invitation: Issued, identity: int | None = 1, **fields: str) -> str:
        """Enrol by an invitation, with a picture or without one. Gives the path of one's own."""
        path, said = f"/i/{invitation.token}/picture", {**ADULT, **fields}
        if identity is None:
            answer = self.post(path, **said, without="1")
        else:
            answer = self.give(path, picture(identity), **said)
        assert answer.status_code == 303, answer.text
        self.searched()
        return str(answer.headers["location"]).partition("?")[0]

    def searched(self) -> None:
        """Wait until who enrolled has been searched for."""
        while self.web.searching.now is not None:
            time.sleep(0.005)

    def sightings(self, own: str) -> list[str]:
        """The ids of the pictures on one's page, each once, in the order of the page."""
        found = re.findall(r"/picture/(s_\w+)/(?:small|face)", self.get(own).text)
        return list(dict.fromkeys(found))


@contextmanager
def visiting(gala: Gala) -> Iterator[Visitor]:
    """The pages of the library of `gala`, which others go on using."""
    app = make_app(lambda: open_library(gala.root, gala.clock, FakeVision()), threads=2)
    own = {"Sec-Fetch-Site": "same-origin"}
    with TestClient(app, base_url="https://testserver", headers=own) as client:
        yield Visitor(client, app.state.web, gala)
