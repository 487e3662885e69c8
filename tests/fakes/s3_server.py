"""An S3 server on loopback, in a process of its own: moto's, which keeps its objects in memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import httpx2

KEY, SECRET = "AKIDEXAMPLE", "a-secret-that-nobody-may-log"
"""What opens everything until `only_for_users` is called."""

# Whose signature it is nobody looks at, until `only_for_users`; that there is one is looked at.
_SIGNED = {"Authorization": f"AWS {KEY}:none"}

_PROGRAM = """
import logging, sys
logging.getLogger("werkzeug").disabled = True
from werkzeug.serving import make_server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server that is up, at the address `url`."""

    url: str

    def make(self, bucket: str) -> None:
        self._ask("PUT", f"/{bucket}")

    def put(self, bucket: str, objects: Mapping[str, bytes], *, public: bool = False) -> None:
        """Keep `objects`, by key; any key, also one that is no path."""
        headers = _SIGNED | ({"x-amz-acl": "public-read"} if public else {})
        with httpx2.Client(base_url=self.url, headers=headers, trust_env=False) as client:
            for key, data in objects.items():
                client.put(f"/{bucket}/{_path(key)}", content=data).raise_for_status()

    def delete(self, bucket: str, key: str) -> None:
        self._ask("DELETE", f"/{bucket}/{_path(key)}")

    def only_for_users(self) -> tuple[str, str]:
        """From here on only one may ask, who may do everything: with this key and secret."""
        import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415  it is slow

        iam = botocore.session.Session().create_client(
            "iam",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )
        iam.create_user(UserName="reader")
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        allowed = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        iam.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=allowed)
        made = iam.create_access_key(UserName="reader")["AccessKey"]
        self._ask("POST", "/moto-api/reset-auth", b"0")
        return made["AccessKeyId"], made["SecretAccessKey"]

    def for_everybody(self) -> None:
        """Nobody's signature is looked at any more."""
        self._ask("POST", "/moto-api/reset-auth", b"inf")

    def _ask(self, method: str, path: str, body: bytes = b"") -> None:
        with httpx2.Client(base_url=self.url, headers=_SIGNED, trust_env=False) as client:
            client.request(method, path, content=body).raise_for_status()


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server, for as long as this is entered."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PROGRAM],
        env=environment | {"AWS_EC2_METADATA_DISABLED": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield S3Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


def _path(key: str) -> str:
    return quote(key, safe="/~")
