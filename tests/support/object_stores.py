"""A real S3 server on loopback, and what it holds."""

import contextlib
import itertools
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the server's own packages
    import boto3
    from botocore.config import Config
    from moto.server import ThreadedMotoServer

KEYS = {"access_key_id": "testing", "secret_access_key": "a-secret-of-the-storage", "region": "us-east-1"}
_numbers = itertools.count(1)


@dataclass
class ObjectStore:
    """An S3 server with a bucket that is empty at first."""

    endpoint: str
    bucket: str = field(default_factory=lambda: f"bucket-{next(_numbers)}")

    def __post_init__(self) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEYS["access_key_id"],
            aws_secret_access_key=KEYS["secret_access_key"],
            region_name=KEYS["region"],
            config=Config(s3={"addressing_style": "path"}),
        )
        self._client.create_bucket(Bucket=self.bucket)

    @property
    def options(self) -> str:
        """SHORTENER_EXPORT_OPTIONS for this server."""
        return " ".join(f"{name}={value}" for name, value in {**KEYS, "endpoint": self.endpoint}.items())

    def settings(self, prefix: str = "exports") -> dict[str, str]:
        """The settings for this server, by their fields."""
        return {"export_url": f"s3://{self.bucket}/{prefix}", "export_options": self.options}

    def names(self) -> list[str]:
        """The keys of all objects."""
        listed = self._client.list_objects_v2(Bucket=self.bucket)
        return [each["Key"] for each in listed.get("Contents", ())]

    def read(self, key: str) -> bytes:
        """An object's content."""
        content: bytes = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content

    def content_type(self, key: str) -> str:
        return str(self._client.head_object(Bucket=self.bucket, Key=key)["ContentType"])

    def uploads(self) -> list[str]:
        """The keys of uploads that are under way, or were never completed."""
        listed = self._client.list_multipart_uploads(Bucket=self.bucket)
        return [each["Key"] for each in listed.get("Uploads", ())]


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run the server; yields its endpoint."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
