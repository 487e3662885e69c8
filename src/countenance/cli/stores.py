"""`countenance source add archive|bucket|iiif`: pictures that are no files in a folder."""

from pathlib import Path
from typing import Unpack

import click

from countenance.cli.adding import Granting, answer_added, belonging, given_by, granted
from countenance.cli.command import Call, command

_CHANGES = (
    "the library's list of sources, and its collections if the one named is new; nothing at the "
    "source"
)


@command(
    "archive",
    changes=_CHANGES,
    example="countenance source add archive ~/gala-2019.zip --granted-by 'Ada, photographer' "
    "--until 2027-05-31",
)
@click.argument("location", type=click.Path(path_type=Path))
@granted
def add_archive(call: Call, *, location: Path, **granting: Unpack[Granting]) -> None:
    """
    Add a zip or a tar of pictures, under a grant.

    The pictures are read where they are, and the archive is never unpacked to the disk. A tar may
    be packed by gzip, bzip2 or xz. What is encrypted, and an archive within the archive, is not
    read, and named in the report.
    """
    with call.open() as library:
        added = library.add_archive(location, given_by(granting), **belonging(granting))
        at = library.now()
    answer_added(call, added, at=at)


@command(
    "bucket",
    changes=_CHANGES,
    example="countenance source add bucket s3://gala/2026 --endpoint https://minio.club.example "
    "--granted-by 'Ada, photographer' --until 2027-05-31",
)
@click.argument("location")
@click.option(
    "--endpoint",
    metavar="URL",
    default="",
    help="The server, if it is not the service's own: for MinIO, Ceph, R2 and the like.",
)
@click.option("--region", metavar="R", default="", help="Of S3. Else us-east-1.")
@click.option("--account", metavar="A", default="", help="Of Azure: whose containers they are.")
@granted
def add_bucket(
    call: Call,
    *,
    location: str,
    endpoint: str,
    region: str,
    account: str,
    **granting: Unpack[Granting],
) -> None:
    """
    Add a bucket of pictures, or a prefix of one, under a grant.

    LOCATION is s3://bucket/prefix, gs://bucket/prefix or az://container/prefix. Credentials are
    taken from the environment at each run and are stored nowhere: AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, or AZURE_STORAGE_ACCOUNT_KEY. Without
    them it is asked as anybody would ask.
    """
    from countenance.sources.bucket.place import BucketPlace

    place = BucketPlace(location, endpoint=endpoint, region=region, account=account)
    with call.open() as library:
        added = library.add_bucket(place, given_by(granting), **belonging(granting))
        at = library.now()
    answer_added(call, added, at=at)


@command(
    "iiif",
    changes=_CHANGES,
    example="countenance source add iiif https://archive.example/iiif/gala/manifest.json "
    "--granted-by 'Town archive' --until 2027-05-31",
)
@click.argument("location")
@click.option(
    "--server",
    "servers",
    metavar="URL",
    multiple=True,
    help="Another server that the grant names, such as that of the images. May be given several "
    "times.",
)
@click.option(
    "--private-network",
    is_flag=True,
    help="The servers may be on this machine or its network. Else only the public internet is "
    "asked.",
)
@granted
def add_iiif(
    call: Call,
    *,
    location: str,
    servers: tuple[str, ...],
    private_network: bool,
    **granting: Unpack[Granting],
) -> None:
    """
    Add a IIIF manifest or collection, under a grant.

    That a manifest is public, or has a free licence, is no grant: whoever may say so says it. Only
    the server of LOCATION is asked, and those named by --server.
    """
    with call.open() as library:
        added = library.add_iiif(
            location,
            given_by(granting),
            servers=servers,
            private_network=private_network,
            **belonging(granting),
        )
        at = library.now()
    answer_added(call, added, at=at)
