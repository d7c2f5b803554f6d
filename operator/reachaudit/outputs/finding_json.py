"""Findings as JSON, with all text of others made safe."""

from reachaudit.findings.finding import Finding
from reachaudit.model.names import Ref
from reachaudit.outputs.text import safe

Json = dict[str, object]


def finding_json(finding: Finding) -> Json:
    """A finding."""
    return {
        "fingerprint": finding.fingerprint,
        "check": finding.check,
        "severity": finding.severity.value,
        "cause": ref_json(finding.cause),
        "field": safe(finding.field),
        "target": safe(finding.target),
        "message": safe(finding.message),
        "fix": safe(finding.fix),
        "path": [safe(hop) for hop in finding.path],
        "rules": list(finding.rules),
    }


def ref_json(ref: Ref) -> Json:
    """An object's name."""
    return {"kind": ref.kind, "namespace": safe(ref.namespace), "name": safe(ref.name)}
