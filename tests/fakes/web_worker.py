"""
A web worker of its own at a library: the whole server but its port, with a fake vision.

    python -m tests.fakes.web_worker LIBRARY TOKEN

For each name on its standard input it asks the API for that person's pictures, and writes how many
there are, or the status. It has the library open all the time, as a server has.
"""

import json
import sys
from pathlib import Path

from starlette.testclient import TestClient

from countenance.api.problems import AT
from countenance.web.app import make_app
from tests.fakes.clock import FakeClock
from tests.fakes.gala import open_library
from tests.fakes.vision import FakeVision


def main() -> None:
    root, token = Path(sys.argv[1]), sys.argv[2]
    app = make_app(lambda: open_library(root, FakeClock(), FakeVision()), threads=2)
    with TestClient(app, "http://127.0.0.1") as client:
        _say("ready")
        for line in sys.stdin:
            headers = {"Authorization": f"Bearer {token}"}
            heard = client.post(f"{AT}/searches", json={"text": line.strip()}, headers=headers)
            document = heard.json()
            _say(json.dumps([heard.status_code, len(document.get("items", []))]))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
