"""Recognise a credential written where a manifest should say where it comes from."""

import re
from typing import Final

# The shapes of kinds.TOKENS, with enough behind the prefix that a repo called `acme/ghs_tools` is none of them.
# GitHub's installation tokens are `ghs_<APPID>_<JWT>` since 2026-04.
LITERAL: Final = re.compile(
    r"sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]|gh[pousr]_[A-Za-z0-9]{16}|ghs_[0-9]+_[A-Za-z0-9]{8}|github_pat_[A-Za-z0-9]{8}"
)
