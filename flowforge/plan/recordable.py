"""What may be recorded: ids, times and names that GitHub can have given, and what CI says of a run.

The readers of GitHub's answers and of the state share these checks. If one took what the other refuses, FlowForge could
write a state that no later command can read.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

# What every reader of JSON holds exactly; GitHub's ids have ten digits.
LARGEST: Final = 2**53
# As GitHub writes times everywhere, https://docs.github.com/rest/using-the-rest-api/timezones-and-the-rest-api, and as
# its OpenAPI description has them (`format: date-time`, which is RFC 3339).
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# No time of GitHub's lies outside. Years and zones may be added to what lies within, and it stays in the calendar.
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(3000, 1, 1, tzinfo=UTC)
# As the manifest admits them, in the upper case in which GitHub stores them.
_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_ENVIRONMENT: Final = re.compile(
    r"(?!\.{1,2}\Z)[^\s\x00-\x1f\x7f\ud800-\udfff]"
    r"(?:[^\x00-\x1f\x7f\ud800-\udfff]{0,253}[^\s\x00-\x1f\x7f\ud800-\udfff])?"
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# As the documentation of Anthropic's Admin API shows them.
_API_KEY_ID: Final = re.compile(r"apikey_[A-Za-z0-9]{1,100}")
# An address without a user, whom a password might follow, and without what a log would take for a command.
_RUN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}/[A-Za-z0-9/._~%?&=+,:;@-]{0,1000}")
# A key of libsodium has 32 bytes. What an id of GitHub's is has no end of its own: those known are numbers.
_PUBLIC_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}:[A-Za-z0-9+/]{43}=")


def is_id(value: object) -> bool:
    """Return whether it is an id that GitHub can have given to a repo."""
    return type(value) is int and 0 < value <= LARGEST  # `type`: a bool is an int


def is_time(text: str) -> bool:
    """Return whether it is a time that GitHub can have given: `2026-11-23T08:00:00Z`, with any zone."""
    try:
        return bool(_TIME.fullmatch(text)) and is_moment(datetime.fromisoformat(text))
    except ValueError:
        return False


def is_moment(time: datetime) -> bool:
    """Return whether a time, which has its zone, is one that GitHub's clock can show."""
    return _FIRST <= time < _END


def is_name(text: str) -> bool:
    """Return whether it is the name of a secret or a variable, as GitHub stores it."""
    return bool(_NAME.fullmatch(text))


def is_environment(text: str) -> bool:
    """Return whether it is the name of an environment, at most 255 characters."""
    return bool(_ENVIRONMENT.fullmatch(text))


def is_commit(text: str) -> bool:
    """Return whether it is the name of a commit, by SHA-1 or by SHA-256."""
    return bool(_COMMIT.fullmatch(text))


def is_run(text: str) -> bool:
    """Return whether it is the address of a CI run."""
    return bool(_RUN.fullmatch(text))


def is_public_key(text: str) -> bool:
    """Return whether it is a public key with its id, `KEY_ID:BASE64`."""
    return bool(_PUBLIC_KEY.fullmatch(text))


def is_api_key_id(text: str) -> bool:
    """Return whether it is Anthropic's id of an API key, which is no secret."""
    return bool(_API_KEY_ID.fullmatch(text))


# The members of a record that only those have which need them. Each has its check, and what a text is that fails it.
OPTIONAL: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "drifted_at": (is_time, "no time"),
    "commit": (is_commit, "no commit"),
    "run": (is_run, "no address of a run"),
    "public_key": (is_public_key, "no public key"),
    "api_key_id": (is_api_key_id, "no id of an API key"),
}
