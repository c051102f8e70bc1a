"""Programs that FlowForge runs: where it looks for them, and which variables none of them gets."""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from flowforge.tokens import TOKENS

_GITHUB: Final = frozenset({"GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"})
_ONEPASSWORD: Final = re.compile(r"OP_SERVICE_ACCOUNT_TOKEN|OP_CONNECT_TOKEN|OP_SESSION(_.*)?")
# With a token of these, a program can reach what FlowForge can. A key of Anthropic's may be what a program needs.
_POWERFUL: Final = frozenset({"GitHub", "1Password"})


def trusted_path(environ: Mapping[str, str]) -> str:
    """Return PATH without its relative entries. An empty entry is one of them."""
    # They begin in the folder that a program is started in. The author of a pull request could put a program named `op`
    # or `gh` beside the manifest.
    path = environ.get("PATH", os.defpath)
    return os.pathsep.join(filter(os.path.isabs, path.split(os.pathsep))) or os.defpath


def withheld(name: str, text: str = "") -> str:
    """Return why no program that a manifest chooses gets a variable, as a clause; empty if one may. text: its value."""
    # With such a variable, whoever may change the manifest could do all that FlowForge may do.
    if name.startswith("FLOWFORGE_"):
        return "variables that begin with FLOWFORGE_ are for FlowForge alone"
    if name in _GITHUB:
        return "it holds a token of GitHub's"
    if _ONEPASSWORD.fullmatch(name):
        return "it holds a token of 1Password's"
    return next((why for form, why in _looks() if form.search(text)), "")


@cache
def _looks() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the patterns of powerful tokens, each with its reason; most runs start no program and need none."""
    return tuple(
        (re.compile(each.anywhere, re.IGNORECASE), f"it holds a token of {each.issuer}'s")
        for each in TOKENS
        if each.issuer in _POWERFUL
    )
