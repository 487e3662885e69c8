"""A server on loopback that gives what it was told to: documents and images of IIIF, for tests."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEVEL2 = "http://iiif.io/api/image/2/level2.json"


@dataclass(slots=True)
class IiifServer:
    """
    A server that is up at `url`.

    `answers` are bodies by path; a number is a status without one. `asked` are the paths that were
    asked for, in their order.
    """

    url: str
    answers: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, document: object) -> str:
        """Answer with `document`, JSON unless it is bytes or a status. Gives its address."""
        raw = isinstance(document, bytes | int)
        self.answers[path] = document if raw else json.dumps(document).encode()  # type: ignore[assignment]
        return f"{self.url}{path}"

    def service_2(self, path: str, image: bytes, **info: object) -> dict[str, object]:
        """An image service of version 2, level 2, whose every size is `image`."""
        said = {"@context": "http://iiif.io/api/image/2/context.json", "profile": [LEVEL2]}
        self.put(f"{path}/info.json", said | {"width": 4000, "height": 3000} | info)
        self.put(f"{path}/full/!1600,1600/0/default.jpg", image)
        return {"@context": said["@context"], "profile": LEVEL2, "@id": f"{self.url}{path}"}

    def service_3(self, path: str, image: bytes, **info: object) -> dict[str, object]:
        """An image service of version 3, level 2, whose every size is `image`."""
        said = {"type": "ImageService3", "profile": "level2"}
        self.put(f"{path}/info.json", said | {"width": 4000, "height": 3000} | info)
        self.put(f"{path}/full/!1600,1600/0/default.jpg", image)
        return {**said, "id": f"{self.url}{path}"}

    def manifest_2(
        self, path: str, bodies: Mapping[str, Mapping[str, object]], **more: object
    ) -> dict[str, object]:
        """A manifest of version 2, of one sequence, with a canvas for each body, by its name."""
        canvases = [
            {
                "@id": f"{self.url}{path}/canvas/{name}",
                "@type": "sc:Canvas",
                "label": f"leaf {name}",
                "width": 4000,
                "height": 3000,
                "images": [
                    {"@type": "oa:Annotation", "resource": {"@type": "dctypes:Image", **body}}
                ],
            }
            for name, body in bodies.items()
        ]
        made = {
            "@context": "http://iiif.io/api/presentation/2/context.json",
            "@id": f"{self.url}{path}",
            "@type": "sc:Manifest",
            "label": "Gala",
            "sequences": [{"@type": "sc:Sequence", "canvases": canvases}],
        } | more
        self.put(path, made)
        return made

    def manifest_3(
        self, path: str, bodies: Mapping[str, Mapping[str, object]], **more: object
    ) -> dict[str, object]:
        """A manifest of version 3 with a canvas for each body, by its name."""
        canvases = [
            {
                "id": f"{self.url}{path}/canvas/{name}",
                "type": "Canvas",
                "label": {"none": [f"leaf {name}"]},
                "width": 4000,
                "height": 3000,
                "items": [
                    {
                        "type": "AnnotationPage",
                        "items": [
                            {
                                "type": "Annotation",
                                "motivation": "painting",
                                "body": {"type": "Image", **body},
                            }
                        ],
                    }
                ],
            }
            for name, body in bodies.items()
        ]
        made = {
            "@context": "http://iiif.io/api/presentation/3/context.json",
            "id": f"{self.url}{path}",
            "type": "Manifest",
            "label": {"en": ["Gala"]},
            "items": canvases,
        } | more
        self.put(path, made)
        return made


@contextmanager
def iiif_server() -> Iterator[IiifServer]:
    """A server, for as long as this is entered."""
    server = IiifServer("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append(self.path)
            body = server.answers.get(self.path, 404)
            data = body if isinstance(body, bytes) else b""
            self.send_response(200 if isinstance(body, bytes) else body)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing is written down."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
