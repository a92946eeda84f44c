"""The client of the storage, made from environment variables; each thing that is missing is named."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from vmevalkit_core.errors import ConfigError, MissingCredential, MissingExtra
from vmevalkit_core.uploads.variables import ENDPOINTS, KEY_ID, KEY_SECRET, KEY_TOKEN, PROFILE, REGION, S3_BUCKET

CONNECT_SECONDS, READ_SECONDS = 10, 60
ATTEMPTS = 3
FIRST_REGION = "us-east-1"
"""What servers with an address of their own go by, unless they are told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where pictures go, as far as variables and arguments say."""

    bucket: str
    region: str | None
    endpoint: str | None


def place_of(env: Mapping[str, str], bucket: str | None, region: str | None, endpoint: str | None) -> Place:
    """The bucket and its whereabouts; MissingCredential when no bucket is named."""
    bucket = bucket or env.get(S3_BUCKET)
    if not bucket:
        hint = f"set {S3_BUCKET} to the name of a bucket of yours, in the environment or in .env"
        raise MissingCredential(f"{S3_BUCKET} is not set, so pictures cannot be uploaded", hint=hint)
    named = endpoint or next((env[name] for name in ENDPOINTS if env.get(name)), None)
    return Place(bucket=bucket, region=region or env.get(REGION) or None, endpoint=named)


def new_client(place: Place, env: Mapping[str, str]) -> Any:
    """A boto3 client that signs by SigV4; MissingExtra, MissingCredential or ConfigError names what is missing."""
    try:
        import boto3
    except ImportError as error:
        hint = "pip install 'vmevalkit-core[s3]'"
        raise MissingExtra("uploads to S3 need boto3, which is not installed", hint=hint) from error
    _hide_signatures()
    session = _session(boto3, env)
    region = place.region or session.region_name or (FIRST_REGION if place.endpoint else None)
    if not region:
        raise MissingCredential(f"{REGION} is not set", hint=f"set it to the region of the bucket {place.bucket}")
    client = _client(session, place, env, region, {})
    if "amazonaws.com" not in client.meta.endpoint_url:
        return client
    # Else a link would lead to the address of all regions, which redirects, and its signature would be wrong there.
    return _client(session, place, env, region, {"addressing_style": "virtual"})


def _client(session: Any, place: Place, env: Mapping[str, str], region: str, style: Mapping[str, str]) -> Any:
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",  # links are signed by the version before it otherwise
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        # The store compares the hash that is signed; checksums on top of it are not understood everywhere.
        request_checksum_calculation="when_required",
        s3={"payload_signing_enabled": True, **style},
    )
    try:
        return session.client("s3", region_name=region, endpoint_url=place.endpoint, config=config)
    except ValueError as error:
        name = next((one for one in ENDPOINTS if env.get(one)), "the endpoint")
        raise ConfigError(f"{name} is no address: {error}", hint="it is like https://s3.example.com") from error


def _session(boto3: Any, env: Mapping[str, str]) -> Any:
    """A session with the keys of the variables, else by boto3's own chain: profile, SSO, role of the machine."""
    from botocore.exceptions import BotoCoreError

    given = [name for name in (KEY_ID, KEY_SECRET) if env.get(name)]
    if len(given) == 1:
        other = KEY_SECRET if given[0] == KEY_ID else KEY_ID
        raise MissingCredential(f"{given[0]} is set and {other} is not", hint=f"set {other} as well, or neither")
    try:
        if given:
            return boto3.Session(env[KEY_ID], env[KEY_SECRET], env.get(KEY_TOKEN) or None)
        session = boto3.Session(profile_name=env.get(PROFILE) or None)
        found = session.get_credentials()
    except BotoCoreError as error:
        raise ConfigError(f"the AWS credentials cannot be read: {error}", hint=_CHAIN_HINT) from error
    if found is None:
        raise MissingCredential("no AWS credentials are found, so pictures cannot be uploaded", hint=_CHAIN_HINT)
    return session


@cache
def _hide_signatures() -> None:
    """At the level of DEBUG the client logs what it signs, and the signature: together they are the link."""
    for name in ("botocore.auth", "botocore.endpoint", "botocore.parsers"):
        logging.getLogger(name).addFilter(lambda line: line.levelno > logging.DEBUG)


_CHAIN_HINT = f"set {KEY_ID} and {KEY_SECRET}, or name a profile of yours in {PROFILE}"
