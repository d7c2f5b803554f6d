"""The API server: credentials, a client, and kopf as the host of the operator's tasks."""
