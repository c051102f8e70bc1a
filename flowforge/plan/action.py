"""What FlowForge would do to a secret, and why. Action steers apply; Reason is for people and never steers."""

from enum import StrEnum
from typing import Self


class Action(StrEnum):
    """What apply does about one secret on GitHub."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NONE = "none"
    BLOCKED = "blocked"


class OnDrift(StrEnum):
    """What to do about a secret that was changed outside FlowForge while its wanted value stayed the same."""

    OVERWRITE = "overwrite"
    REPORT = "report"
    # Records the secret as it is. A manifest cannot say it: it is for one run, by --accept-drift.
    ACCEPT = "accept"


class _Worded(StrEnum):
    """An enum whose members carry a stable word for machines, a phrase for people, and what helps if nobody knows more.

    A line that is blocked has the fix of whoever blocked it, or else that of its reason: see `Change.remedy`.
    """

    text: str
    fix: str
    input_missing: bool
    """Whether the run lacks what it was to be given: a value, or a token. A misspelt secret looks like this."""

    # A StrEnum takes one string as its value; the others become attributes.
    def __new__(cls, value: str, text: str, fix: str = "", *missing: bool) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.text = text
        member.fix = fix
        member.input_missing = any(missing)
        return member


class Why(_Worded):
    """Why a scope could not be read. None of these is ever taken for absence."""

    NO_PERMISSION = "no_permission", "no permission", "give the token that permission"
    ARCHIVED = "archived", "archived", "unarchive it, or take it out of the manifest"
    RENAMED = "renamed", "renamed", "write its new name in the manifest"
    RECREATED = (
        "recreated",
        "another repo now has this name",
        "if it should have this secret: `flowforge state forget OWNER/REPO`",
    )
    NO_TOKEN = "no_token", "no usable token for its owner", "name a token for that owner in github.auth.owners", True
    NOT_FOUND = "not_found", "not found", "check its name, and that the token may see it"
    NO_ENVIRONMENT = "no_environment", "no such environment", "make it, or write `create_environment: true`"
    REFUSED = "refused", "GitHub refused it", "see what GitHub says"
    SSO = "sso", "the organization's single sign-on is required", "authorize the token for the organization"
    CUT_SHORT = "cut_short", "the list was cut short", "run it again"
    NOT_ASKED = "not_asked", "GitHub was not asked", "run the plan without --offline"
    FAILED = "failed", "GitHub did not answer", "run it again"


class Reason(_Worded):
    """Why an action was chosen, one member for each row of the table in docs/planning.md."""

    MISSING = "missing", "missing"
    DELETED_OUTSIDE = "deleted_outside", "deleted outside FlowForge"
    INTERRUPTED = "write_interrupted", "a write was interrupted"
    NEVER_APPLIED = "never_applied", "never applied by FlowForge"
    IN_SYNC = "in_sync", "in sync"
    ASSUMED = "assumed", "assumed in sync"
    TO_PROVE = "to_prove", "assumed; written to prove it"
    VALUE_CHANGED = "value_changed", "value changed"
    CHANGED_OUTSIDE = "changed_outside", "changed outside FlowForge"
    VALUE_CHANGED_AND_OUTSIDE = "value_changed_and_outside", "value changed, and changed outside FlowForge"
    ACCESS_CHANGED = "access_changed", "who sees it changes"
    VALUE_NOT_CHECKED = "value_not_checked", "value not checked"
    VALUE_UNAVAILABLE = "value_unavailable", "value not available", "let its source give the value", True
    VALUE_NOT_READ = "value_not_read", "value not read", "name a source that needs nobody", True
    NO_ROOM = "no_room", "no room for it"
    ROTATING = "rotation_under_way", "a rotation is under way"
    DECLARED_ABSENT = "declared_absent", "declared absent"
    STILL_NEEDED = "still_needed", "still needed", "apply what takes its place first, and this after it"
    ALREADY_ABSENT = "already_absent", "already absent"
    NOT_NAMED = "not_named", "no longer in the manifest"
    NOT_OURS = "not_ours", "not what FlowForge wrote"
    GONE = "gone", "gone"
    UNREADABLE = "unreadable", "unreadable"
    NOT_SEEN = "not_seen", "not seen"
    # These three are of `plan --offline` alone, which knows what the state recorded and not what GitHub has.
    NEVER_RECORDED = "never_recorded", "never recorded"
    CREDENTIAL_CHANGED = "credential_changed", "another credential than recorded"
    NOT_CHECKED = "not_checked", "not checked"
