"""What the subject of a repo's OIDC tokens looks like, in each form of the answer that GitHub gives or has given."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flowforge.github.actions_facts import SubjectForm, immutable_subject, subject_form
from flowforge.github.http import Client
from flowforge.plan.address import Repo

MakeClient = Callable[..., Client]
API = Repo.parse("acme/api")
NAMES, IDS = "repo:acme/api", "repo:acme@12/api@345"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": NAMES},
            SubjectForm(NAMES, immutable=False),
        ),
        (
            {"use_default": True, "use_immutable_subject": True, "sub_claim_prefix": IDS},
            SubjectForm(IDS, immutable=True),
        ),
        # Seen in the wild: the flag says one thing, and the prefix, which tokens have, another.
        (
            {"use_default": True, "use_immutable_subject": False, "sub_claim_prefix": IDS},
            SubjectForm(IDS, immutable=True),
        ),
        # As GitHub Enterprise Server answers, which has neither field, and as github.com did before.
        ({"use_default": True}, SubjectForm("", immutable=None)),
        ({"use_default": True, "use_immutable_subject": True}, SubjectForm("", immutable=True)),
        (
            {"use_default": False, "include_claim_keys": ["repo", "context"], "sub_claim_prefix": NAMES},
            SubjectForm(NAMES, immutable=False, claims=("repo", "context")),
        ),
        ({"use_default": True, "include_claim_keys": ["repo"]}, SubjectForm("", immutable=None)),
        ({"use_default": "yes", "sub_claim_prefix": 7, "use_immutable_subject": "no"}, SubjectForm("", immutable=None)),
        (["not", "an", "object"], None),
    ],
)
def test_each_form(scripted: MakeClient, body: Any, expected: SubjectForm | None) -> None:  # noqa: ANN401 -- JSON
    """The prefix counts before the flag; a template is one only where it is in use; what lacks is not known."""
    client = scripted(lambda _: httpx.Response(200, json=body))
    assert expected == subject_form(client, API)
    assert (expected.immutable if expected else None) is immutable_subject(client, API)


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_not_known(scripted: MakeClient, status: int) -> None:
    """Without the permission nobody knows, and that is no error of the run."""
    client = scripted(lambda _: httpx.Response(status, json={"message": "Resource not accessible"}))
    assert (None, None) == (subject_form(client, API), immutable_subject(client, API))
