"""Which environment variables uploads read; a spec names them, so that its generator gets them."""

from __future__ import annotations

S3_BUCKET = "S3_BUCKET"
REGION = "AWS_DEFAULT_REGION"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""The first that is set counts; none means Amazon's own."""
PROFILE = "AWS_PROFILE"
KEY_ID, KEY_SECRET, KEY_TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"

S3_SETTINGS = (REGION, *ENDPOINTS, PROFILE)
"""For `ModelSpec.settings` of a model whose pictures are uploaded; `S3_BUCKET` belongs into its `needs`."""
S3_SECRETS = (KEY_ID, KEY_SECRET, KEY_TOKEN)
"""For `ModelSpec.secrets` of a model whose pictures are uploaded."""
