"""The place that users write: a folder, or the address of a bucket."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from stripe_reports.errors import ParameterError
from stripe_reports.storage.datasets.bucket import SCHEMES, Bucket
from stripe_reports.storage.datasets.folder import Folder
from stripe_reports.storage.datasets.layout import HIVE_KEYS
from stripe_reports.storage.datasets.place import Place, StorageOptions

__all__ = ["place_of"]

_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FOLDER = re.compile(r"[A-Za-z0-9_.=+-][A-Za-z0-9_.=+ -]*")


def place_of(place: str | os.PathLike[str], storage_options: Mapping[str, object] | None = None) -> Place:
    """Return the place that a user writes; nothing is read or created.

    Raises:
        ParameterError: It is not a folder, ``s3://…``, ``az://…`` or ``gs://…``; or a folder with options.
    """
    if not isinstance(place, str | os.PathLike):
        raise ParameterError(
            f"The place of a dataset is a folder or an address such as 's3://finance/stripe'; got a "
            f"{type(place).__name__}.",
            param="into",
        )
    if not os.fspath(place).strip():
        raise ParameterError(
            "The place of a dataset is empty. Name a folder or an address; '.' is the present folder.",
            param="into",
        )
    options = StorageOptions.of(storage_options)
    address = _ADDRESS.fullmatch(os.fspath(place))
    if address is not None:
        found: Place = _bucket(address["scheme"].lower(), address["rest"].strip("/"), options)
    elif options:
        raise ParameterError(
            "storage_options are for object stores; the place is a folder.", param="storage_options"
        )
    else:
        found = Folder(Path(place).expanduser().absolute())
    hidden = re.search(rf"(?:^|[/\\])({'|'.join(HIVE_KEYS)})=", found.address)
    if hidden:
        raise ParameterError(
            f"The folders above a dataset must not be named {hidden[1]}=…: readers would take it for a "
            "column of the results.",
            param="into",
        )
    return found


def _bucket(scheme: str, rest: str, options: StorageOptions) -> Bucket:
    if scheme not in SCHEMES:
        raise ParameterError(
            f"{scheme}:// is not supported. Write a folder, s3://…, az://… or gs://….", param="into"
        )
    bucket, _, prefix = rest.partition("/")
    folders = prefix.split("/") if prefix else []
    # The address is not shown: it may hold a password or a signature.
    if not _BUCKET.fullmatch(bucket) or not all(map(_FOLDER.fullmatch, folders)) or ".." in folders:
        raise ParameterError(
            f"The address must be {scheme}://bucket/folder, in letters, digits and . _ - = +. Credentials "
            "are not part of it: they are in the environment or in storage_options.",
            param="into",
        )
    return Bucket(scheme, bucket, prefix, options)
