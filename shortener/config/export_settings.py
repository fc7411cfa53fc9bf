"""The settings of exports: where files are written, and how that storage is reached."""

from functools import cached_property

import pydantic
from pydantic import Field, ValidationInfo

from shortener.config.types import Buckets, ExportUrl, StorageOptions
from shortener.rules import export_place
from shortener.rules.export_place import Place


class ExportSettings(pydantic.BaseModel):
    """The part of the settings that is about exports."""

    export_url: ExportUrl | None = Field(
        None,
        description="Where exports are written: `s3://bucket/folder`, `gs://bucket/folder`, "
        "`az://container/folder` or `file:///folder`. Each account has a folder of its own in it.",
    )
    export_buckets: Buckets = Field(
        (), description="Further buckets (comma-separated) of the same storage that accounts may choose."
    )
    export_options: StorageOptions | None = Field(
        None,
        repr=False,
        description="Credentials and options of the storage, as `name=value` with spaces between: "
        "`access_key_id=… secret_access_key=… region=… endpoint=https://…`. What is not given here is read from the "
        "usual variables, such as `AWS_ACCESS_KEY_ID`.",
    )

    @pydantic.field_validator("export_buckets")
    @classmethod
    def _are_of_the_same_storage(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        url = info.data.get("export_url")
        if value and (url is None or export_place.parse(url).scheme == export_place.FOLDER):
            raise ValueError("needs a bucket in SHORTENER_EXPORT_URL")
        return value

    @cached_property
    def export_places(self) -> dict[str, Place]:
        """The places that exports may be written to, by their buckets, the default one first; empty without exports."""
        if self.export_url is None:
            return {}
        first = export_place.parse(self.export_url)
        return {bucket: first.in_bucket(bucket) for bucket in (first.bucket, *self.export_buckets)}

    @property
    def storage_options(self) -> dict[str, str]:
        """The options of the storage by their names."""
        pairs = (option.partition("=") for option in (self.export_options or "").split())
        return {name: value for name, _, value in pairs}
