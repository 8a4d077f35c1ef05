"""Buckets for tests of shared datasets: servers on loopback that speak the protocols of S3 and Azure."""

import base64
import hashlib
import hmac
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from email.utils import formatdate
from importlib.util import find_spec

import pytest
import requests

from other_libraries import IN_CI, installed

BUCKET = "finance"
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's account and key, which are published: they open nothing else."""


@contextmanager
def listening(command):
    """Start a server that prints its address on loopback; give the address, and end the server."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        too_late = threading.Timer(60, server.kill)
        too_late.start()
        try:
            lines = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stdout)
            found = next(filter(None, lines), None)
            too_late.cancel()
            assert found, f"{command[0]} does not start"
            threading.Thread(target=server.stdout.read, daemon=True).start()  # a full pipe would stop it
            yield found[0]
        finally:
            too_late.cancel()
            server.terminate()
            server.wait(30)


@contextmanager
def folder(_request, _tmp_path_factory):
    """No bucket: results are on this disk."""
    yield None


def _skip_without(*names):
    """Skip if a library is not installed, but never in CI."""
    missing = [name for name in names if find_spec(name) is None]
    if missing and not IN_CI:
        pytest.skip(f"{missing[0]} is not installed")


@contextmanager
def s3(_request, _tmp_path_factory):
    """The address and the options of a bucket in moto's server."""
    _skip_without("moto", "flask", "obstore")
    with listening([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]) as url:
        requests.put(f"{url}/{BUCKET}", timeout=30).raise_for_status()
        yield (
            f"s3://{BUCKET}",
            {
                "aws_endpoint_url": url,
                "aws_access_key_id": "the access key",
                "aws_secret_access_key": "the secret access key",
                "aws_region": "us-east-1",
                "aws_allow_http": True,
            },
        )


@contextmanager
def azure(request, tmp_path_factory):
    """The address and the options of a container in Azurite, which npm installs."""
    _skip_without("obstore")
    if not IN_CI and not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node, which runs Azurite, is not installed")
    there = "node_modules/.bin/azurite-blob"
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "azurite@3", "--prefix"]
    azurite = installed(request, tmp_path_factory, "azurite", there, npm) / there
    options = ["--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    with listening([str(azurite), *options]) as url:
        account = f"{url}/{AZURE_ACCOUNT}"
        _create_container(account)
        yield (
            f"az://{BUCKET}",
            {
                "azure_storage_account_name": AZURE_ACCOUNT,
                "azure_storage_account_key": AZURE_KEY,
                "azure_storage_endpoint": account,
                "azure_allow_http": True,
            },
        )


def _create_container(account):
    """Create the container, which obstore cannot."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "\n".join(
        [
            "PUT",
            *[""] * 11,
            *(f"{name}:{value}" for name, value in headers.items()),
            f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{BUCKET}",
            "restype:container",
        ]
    )
    digest = hmac.new(base64.b64decode(AZURE_KEY), signed.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    address = f"{account}/{BUCKET}?restype=container"
    requests.put(address, headers=headers, timeout=30).raise_for_status()


PLACES = {"folder": folder, "s3": s3, "az": azure}


def empty(bucket, new_folder):
    """An empty place in a bucket or in a folder, and its options."""
    return (f"{bucket[0]}/{new_folder.name}", bucket[1]) if bucket else (new_folder / "ds", None)


def glob(place):
    """The pattern of all files below ``data/``."""
    return f"{place}/data/**/*.parquet"
