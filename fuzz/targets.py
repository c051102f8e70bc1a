"""The table of what is fuzzed. A reader of something from outside joins by a line here."""

from typing import Final

from fuzz import (
    addresses,
    answers,
    lists,
    manifests,
    onepassword,
    pages,
    recorded,
    reports,
    states,
    values,
    workflows,
    worlds,
)
from fuzz.target import Target

TARGETS: Final[dict[str, Target]] = {
    "manifest": manifests.TARGET,
    "lists": lists.TARGET,
    "state": states.STATE,
    "journal": states.JOURNAL,
    "answers": answers.TARGET,
    "recorded": recorded.TARGET,
    "addresses": addresses.TARGET,
    "onepassword": onepassword.TARGET,
    "pages": pages.TARGET,
    "reports": reports.TARGET,
    "values": values.VALUES,
    "texts": values.TEXTS,
    "worlds": worlds.TARGET,
    **workflows.TARGETS,
}
