"""The public JSON of a status. Every text from outside is made printable here, once."""

from typing import Any

from flowforge.errors import printable
from flowforge.life.model import Evidence
from flowforge.life.status import CredentialStatus, SecretStatus, StatusReport


def status_body(report: StatusReport) -> dict[str, Any]:
    """Return what stands behind the head of the document."""
    return {
        "complete": report.complete,
        "today": report.today.isoformat(),
        "credentials": [_credential(each) for each in report.credentials],
        "secrets": [_secret(each) for each in report.secrets],
        "differs": [printable(str(each)) for each in report.differs],
        "warnings": [printable(each) for each in report.warnings],
    }


def _credential(status: CredentialStatus) -> dict[str, Any]:
    declared = status.declared
    return {
        "name": printable(declared.name),
        "type": printable(declared.type),
        "source": printable(declared.source),
        "owner": printable(declared.owner) or None,
        "places": status.places,
        "value_since": status.value_since or None,
        "issued_at": declared.issued.isoformat() if declared.issued else None,
        "expires_at": status.expires_at.isoformat() if status.expires_at else None,
        "expiry_basis": status.basis.value if status.basis else None,
        "days_left": status.days_left,
        "older": [printable(str(each)) for each in status.older],
    }


def _secret(status: SecretStatus) -> dict[str, Any]:
    address = status.address
    return {
        "address": printable(str(address)),
        "repo": printable(str(address.scope.repo)),
        "store": printable(address.scope.place),
        "secret": printable(address.secret),
        "credential": printable(status.credential) or None,
        "state": status.state.value,
        "sentence": printable(status.sentence) or None,
        "written_at": status.written_at or None,
        "value_since": status.value_since or None,
        "life": status.verdict.life.value,
        "why": printable(status.verdict.why) or None,
        "evidence": _evidence(status.verdict.evidence),
        "last_good": _evidence(status.verdict.last_good),
    }


def _evidence(evidence: Evidence | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "workflow": printable(evidence.workflow),
        "run": evidence.run,
        "url": printable(evidence.url),
        "concluded_at": printable(evidence.concluded_at),
        "conclusion": printable(evidence.conclusion),
    }
