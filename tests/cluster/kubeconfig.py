"""The text of a kubeconfig."""

import json
from pathlib import Path


def kubeconfig(url: str, ca: Path, user: str, token: str) -> str:
    """One cluster, one user with a bearer token, one context `local`; JSON, so YAML too."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "local", "cluster": {"server": url, "certificate-authority": str(ca)}}
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": user}}],
        "current-context": "local",
    }
    return json.dumps(content, indent=1)
