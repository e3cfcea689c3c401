"""Internal: the environment variables with which clients find the server."""

from __future__ import annotations


def client_environment(endpoint_url: str) -> dict[str, str]:
    """The environment variables with which a client in any language finds the server."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint_url,
        "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",  # boto3 reads only this one
        "AWS_REGION": "us-east-1",
    }
