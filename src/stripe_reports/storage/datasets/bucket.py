"""A dataset in a bucket of S3, Azure or Google Cloud, or of another store that speaks S3's protocol.

obstore and polars are built on the same library (Rust's ``object_store``), so both take the same options, and
a conditional write (``If-None-Match: *``) is one argument. fsspec was rejected: it needs a library and other
names of options for each cloud.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_reports.errors import MissingExtraError, StoreError, StripeReportsError
from stripe_reports.render.redaction import redacted
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.datasets.place import Found, Place, StorageOptions

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["SCHEMES", "Bucket"]

SCHEMES = {"s3": "S3Store", "az": "AzureStore", "gs": "GCSStore"}
"""The store of obstore for each scheme."""

LARGE = 64_000_000
"""Bytes above which a file is sent in parts: a condition can be sent only with a whole file, from memory."""

RETRIES = 2
"""Retries of a call, polars' default."""

_POLARS_ONLY = frozenset(
    {
        "file_cache_ttl",
        "max_retries",
        "retry_base_multiplier",
        "retry_init_backoff_ms",
        "retry_max_backoff_ms",
        "retry_timeout_ms",
    }
)
"""Options that polars takes and its library does not."""

_REMEDY = everywhere(
    "Check the name of the bucket, the credentials (in the environment or in storage_options) and what they "
    "allow."
)


class Bucket(Place):
    """A bucket, or a folder in it."""

    def __init__(self, scheme: str, bucket: str, prefix: str, options: StorageOptions) -> None:
        self.scheme, self.bucket, self.prefix, self.options = scheme, bucket, prefix, options

    def __str__(self) -> str:
        return "/".join(filter(None, (f"{self.scheme}://{self.bucket}", self.prefix)))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("_obstore", "_store")}

    def for_polars(self, name: str) -> str:
        """The path or address of an object, for polars."""
        return f"{self}/{name}"

    def objects(self, folder: str) -> Iterator[Found]:
        """List the objects below a folder."""
        with self._errors("list", folder):
            for page in self._obstore.list(self._store, folder):
                for each in page:
                    yield Found(each["path"], each["size"], each["last_modified"])

    def folders(self, folder: str) -> list[str]:
        """List the folders directly in a folder."""
        with self._errors("list", folder):
            found = self._obstore.list_with_delimiter(self._store, folder)
            return sorted(name.rpartition("/")[2] for name in found["common_prefixes"])

    def read(self, name: str) -> bytes | None:
        """Read a small object."""
        with self._errors("read", name):
            try:
                return bytes(self._obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def write_new(self, name: str, content: bytes) -> bool:
        """Write an object that does not exist yet."""
        with self._errors("write", name):
            return self._put_new(name, content)

    def upload_new(self, file: Path, name: str) -> bool:
        """Copy a file to an object that does not exist yet."""
        with self._errors("write", name):
            if file.stat().st_size <= LARGE:
                return self._put_new(name, file)
            try:
                self._obstore.head(self._store, name)
            except FileNotFoundError:
                self._obstore.put(self._store, name, file)
                return True
            return False

    def _put_new(self, name: str, content: bytes | Path) -> bool:
        try:
            self._obstore.put(self._store, name, content, mode="create")
        except self._obstore.exceptions.AlreadyExistsError:
            return False
        return True

    def digest(self, name: str) -> tuple[int, str] | None:
        """Return the size and the SHA-256 of an object."""
        size, hash_ = 0, hashlib.sha256()
        with self._errors("read", name):
            try:
                for block in self._obstore.get(self._store, name):
                    size += len(block)
                    hash_.update(block)
            except FileNotFoundError:
                return None
        return size, hash_.hexdigest()

    def move(self, name: str, to: str) -> bool:
        """Move an object."""
        with self._errors("move", name):
            try:
                self._obstore.rename(self._store, name, to)
            except FileNotFoundError:
                return False
        return True

    def remove(self, name: str) -> None:
        """Remove an object."""
        with self._errors("remove", name):
            try:
                self._obstore.delete(self._store, name)
            except FileNotFoundError:
                return

    def prepare(self, name: str) -> None:
        """Buckets have no folders."""

    @cached_property
    def _obstore(self) -> ModuleType:
        try:
            module = import_module("obstore")
            import_module("obstore.store")
            import_module("obstore.exceptions")
        except ModuleNotFoundError as error:
            if error.name != "obstore":
                raise
            raise MissingExtraError(
                f"A dataset at {self.scheme}:// needs obstore, which is not installed. "
                "Install it with: pip install 'stripe-reports[cloud]'"
            ) from None
        return module

    @cached_property
    def _store(self) -> Any:
        taken = {name: value for name, value in self.options.items() if name not in _POLARS_ONLY}
        store = getattr(self._obstore.store, SCHEMES[self.scheme])
        # As often as polars, not for three minutes, which would be obstore's default.
        retries = {"max_retries": int(self.options.get("max_retries", RETRIES))}
        return store(self.bucket, prefix=self.prefix or None, config=taken, retry_config=retries)

    @contextmanager
    def _errors(self, what: str, name: str) -> Iterator[None]:
        """Turn the errors of the store into ours. They are not chained, because they may hold secrets."""
        try:
            yield
        except StripeReportsError:
            raise
        except Exception as error:
            if not isinstance(error, self._obstore.exceptions.BaseError | OSError | ValueError):
                raise
            reason = redacted(self.options.hide_in(_reason(error)))
            raise StoreError(
                f"Could not {what} {name or 'objects'} in {self}: {reason}", remedy=_REMEDY
            ) from None


def _reason(error: Exception) -> str:
    """Return the message without the library's own description of it, and without queries of addresses."""
    text = str(error).partition("Debug source:")[0].strip() or type(error).__name__
    return " ".join(word.partition("?")[0] if "://" in word else word for word in text.split())[:500]
