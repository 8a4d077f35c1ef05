"""The place of a dataset: a folder on this machine, or a bucket of an object store.

The few things that a dataset needs are the same for both: objects are listed, read, written if they do not
exist yet, moved and removed. An object is complete as soon as it exists.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

__all__ = ["NO_OPTIONS", "Found", "Place", "StorageOptions"]


class StorageOptions(dict[str, str]):
    """Options of an object store, in polars' terms. They hold secrets, so no value is displayed."""

    def __repr__(self) -> str:
        return f"StorageOptions({', '.join(sorted(self))})"

    __str__ = __repr__

    def hide_in(self, text: str) -> str:
        """Replace the values of these options in a text."""
        for name, value in self.items():
            if len(value) > _SHORT:  # "true", "us-east-1"
                text = text.replace(value, f"({name})")
        return text

    @classmethod
    def of(cls, options: Mapping[str, object] | None) -> StorageOptions:
        """Return the options with values as text, as polars takes them."""
        return cls({str(name): _text(value) for name, value in (options or {}).items() if value is not None})


NO_OPTIONS = StorageOptions()

_SHORT = 5


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Found:
    """An object in a list.

    Attributes:
        name: Below the place, with slashes.
        size: In bytes.
        modified: When it was written, by the clock of the place.
    """

    name: str
    size: int
    modified: datetime


class Place(ABC):
    """Where the objects of a dataset are; names are relative to it.

    Raises:
        StoreError: From any method: it cannot be read or written; the message says why, without any secret.
    """

    options: StorageOptions

    @abstractmethod
    def __str__(self) -> str:
        """The place as users write it."""

    @property
    def address(self) -> str:
        """The place as another process finds it."""
        return str(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    @abstractmethod
    def for_polars(self, name: str) -> str:
        """Return the path or address of an object for polars, which also takes ``options``."""

    @abstractmethod
    def objects(self, folder: str) -> Iterator[Found]:
        """List the objects below a folder, at any depth; none if there is no such folder."""

    @abstractmethod
    def folders(self, folder: str) -> list[str]:
        """List the names of the folders directly in a folder, sorted."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return the contents of a small object; None if it does not exist."""

    @abstractmethod
    def write_new(self, name: str, content: bytes) -> bool:
        """Write an object; return False, and change nothing, if it exists already."""

    @abstractmethod
    def upload_new(self, file: Path, name: str) -> bool:
        """Copy a file to an object; return False, and change nothing, if it exists already."""

    @abstractmethod
    def digest(self, name: str) -> tuple[int, str] | None:
        """Return the size and the SHA-256 of an object; None if it does not exist."""

    @abstractmethod
    def move(self, name: str, to: str) -> bool:
        """Move an object, replacing another; return False if it does not exist (any more)."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove an object, if it exists."""

    @abstractmethod
    def prepare(self, name: str) -> None:
        """Prepare for polars to write an object of this name."""
