"""Where a bucket is: its address, and the server that has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from countenance.errors import UsageError

SCHEMES = ("s3", "gs", "az")
"""Of S3 and what speaks like it, of Google Cloud Storage, and of Azure Blob Storage."""

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """
    Where a bucket is: `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

    `endpoint` is the address of the server, for what speaks like S3; empty, it is that of the
    service itself. `region` is of S3, and `account` of Azure.

    Raises `UsageError` if the address is none of these, or the endpoint no `http` address.
    """

    address: str
    endpoint: str = ""
    region: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in SCHEMES or not self.bucket or "@" in parts.netloc:
            raise UsageError(
                f"{self.address}: no address of a bucket",
                hint="such as s3://bucket/prefix, gs://bucket/prefix or az://container/prefix",
            )
        server = urlsplit(self.endpoint)
        if self.endpoint and (server.scheme not in {"http", "https"} or "@" in server.netloc):
            raise UsageError(f"{self.endpoint}: expected the http address of a server")
        if self.scheme == "az" and not (self.account or self.endpoint):
            raise UsageError(f"{self.address}: of which account? --account says it")
        if any(name in {".", ".."} for name in self.prefix.split("/")) or "//" in self.prefix:
            raise UsageError(f"{self.address}: no path of proper names")

    @classmethod
    def read(cls, options: Mapping[str, str]) -> "BucketPlace":
        """The place that `options` made these options of."""
        return cls(**options)

    @property
    def options(self) -> Mapping[str, str]:
        """All of it, to be kept with a source. There is no secret in it."""
        said = {
            "address": self.location_here,
            "endpoint": self.endpoint,
            "region": self.region,
            "account": self.account,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def location(self) -> str:
        """What tells this place from every other, in words."""
        server = self.endpoint or self.account
        return f"{self.location_here} at {server}" if server else self.location_here

    @property
    def location_here(self) -> str:
        """The address without what makes no difference in it."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    @property
    def scheme(self) -> str:
        return self.address.partition("://")[0]

    @property
    def bucket(self) -> str:
        return self.address.partition("://")[2].partition("/")[0]

    @property
    def prefix(self) -> str:
        """Without a slash at either end."""
        return self.address.partition("://")[2].partition("/")[2].strip("/")

    @property
    def name(self) -> str:
        """What people would call it."""
        return PurePosixPath(self.prefix).name or self.bucket

    def overlaps(self, other: "BucketPlace") -> bool:
        """Whether a key of one may be a key of the other."""
        mine, theirs = PurePosixPath(self.prefix), PurePosixPath(other.prefix)
        return (self.scheme, self.bucket, self.endpoint, self.account) == (
            other.scheme,
            other.bucket,
            other.endpoint,
            other.account,
        ) and (mine.is_relative_to(theirs) or theirs.is_relative_to(mine))
