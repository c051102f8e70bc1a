"""What to say of a string that does not have the required form, by the title that the schema gives the form.

A text is quoted only where nobody would put the value of a secret by mistake.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from flowforge.credentials.workload_identity import VARIABLES
from flowforge.data_class import dataclass
from flowforge.durations import WRITTEN
from flowforge.errors import Problem, quote

# Addresses that people copy from a browser or from `git remote`: the fix names the repository in them.
_URL: Final = re.compile(r"(?:(?:https?|ssh|git)://[^/]+/|git@[^:]+:|github\.com/)([^/]+/[^/]+?)(?:\.git)?/?")


@dataclass(frozen=True, slots=True)
class Form:
    """The sentences for a text that does not have a form."""

    code: str
    what: str
    """`{}` stands for the quoted text."""
    fix: str | Callable[[str], str]
    """A sentence, or a function that makes one from the text."""
    why: str = ""

    def problem(self, text: str = "") -> Problem:
        """Return the problem of a text that does not have this form."""
        fix = self.fix(text) if callable(self.fix) else self.fix
        return Problem(self.code, self.what.replace("{}", quote(text)), why=self.why, fix=fix)


def _repo_fix(text: str) -> str:
    address = _URL.fullmatch(text.strip())
    return f"write {quote(address[1])}" if address else "write it as owner/name"


def _secret_fix(text: str) -> str:
    if text.upper().startswith("GITHUB_"):
        return "choose another name: GitHub reserves the prefix GITHUB_"
    return "write a name like ANTHROPIC_API_KEY; the value itself never goes into a manifest"


def _id(whose: str, why: str) -> Form:
    # The text is not quoted: somebody may have put a key where the ID belongs.
    return Form("FF139", f"this is not the ID of {whose} at Anthropic", "copy it from the Claude Console", why)


# The text itself is in no message: people paste messages into tickets.
CREDENTIAL_FOUND: Final = Form(
    "FF109",
    "this looks like a credential",
    "move it to a source, {env: NAME} or {file: PATH}, and rotate it, as others may know it by now",
    "a manifest goes into git, and whoever can read it there has the credential",
)
# Texts that have the right form and still mean nothing: they share the code of the form.
NO_SUCH_DAY: Final = Form("FF127", "there is no such day", "write a day that the calendar has, as 2027-02-01")
DAYS_IN_WRONG_ORDER: Final = Form("FF127", "{} expires before it was issued", "correct one of the two dates")
TWO_STATES: Final = Form("FF149", "the state cannot be in two places", "remove `file` or `github`")


def unusable_api(why: str, fix: str) -> Form:
    """Return the sentences for an address that no GitHub API has."""
    return Form("FF129", "this address of a GitHub API cannot be used", fix, why)


def no_place_for_state(key: str, why: str) -> Form:
    """Return the sentences for a place where no state can be kept. key: `branch` or `path`."""
    return Form("FF149", f"the state cannot be kept in this {key}", f"leave `{key}` out, or name another one", why)


ODD_LENGTH: Final = Form(
    "FF181", "this cannot be the length of a type", "write how many characters a value has, from 16 to 4096"
)


def unlike_identifier(noun: str, example: str) -> Form:
    """Return the sentences for a value that is not like its type."""
    return Form("FF181", f"this is not {noun}", f"write one like {example}")


# The fix for a key that belongs to the other kind of credential, by the schema's title of the kind that it stands in.
_OF_SECRETS: Final = "remove it: a workload identity has only IDs"
_OF_IDENTITIES: Final = "remove it, or write `type: anthropic_workload_identity` and only the IDs"
STRAY: Final[Mapping[tuple[str, str], str]] = {
    **{
        ("Workload identity", key): _OF_SECRETS
        for key in (
            *("from", "secret", "expires", "issued", "max_age", "per_repo", "allow_nonstandard", "shared"),
            *("verify", "expect_workspace", "expect_organization"),
        )
    },
    **{("Secret", key): _OF_IDENTITIES for key in VARIABLES},
    ("Identifier", "from"): "remove it: an identifier has its value in the manifest",
}
FORMS: Final[Mapping[str, Form]] = {
    "Repository": Form("FF124", "{} is not a repository", _repo_fix),
    "Branch": Form("FF149", "{} cannot be the name of a branch", "leave it out, or write one like flowforge-state"),
    "Path in the repository": Form("FF149", "{} is not a path in a repository", "write one like state/flowforge.json"),
    "Secret name": Form(
        "FF125",
        "this cannot be the name of a secret",
        _secret_fix,
        "a name has only letters, digits and _, and does not begin with a digit or GITHUB_",
    ),
    "Variable name": Form(
        "FF125",
        "this cannot be the name of a variable",
        "write a name like ANTHROPIC_FEDERATION_RULE_ID",
        "a name has only letters, digits and _, and does not begin with a digit or GITHUB_",
    ),
    "Federation rule": _id("a federation rule", "it begins with fdrl_"),
    "Organization": _id("an organization", "it is 8-4-4-4-12 hexadecimal digits"),
    "Service account": _id("a service account", "it begins with svac_"),
    "Workspace": _id("a workspace", "it begins with wrkspc_"),
    "Name of a type": Form(
        "FF126", "{} cannot be the name of a type", "write small letters, digits and _, as our_gateway"
    ),
    "Prefix of a type": Form(
        "FF181",
        "this cannot be the prefix of a type",
        "write the public beginning that all values have, as gw_",
        "it begins with a letter, ends with _ or -, and has 3 to 40 letters, digits, . _ and -",
    ),
    "Value of a variable": Form(
        "FF181", "this cannot be the value of a variable", "write it in one line, without spaces"
    ),
    "Name": Form(
        "FF126", "{} cannot be a name here", "use at most 100 letters, digits, - _ and ., and do not begin with - or ."
    ),
    "Label": Form("FF126", "a name is empty here", "write what people call this entry"),
    "Environment": Form(
        "FF135",
        "{} cannot be an environment's name",
        "write its name as GitHub shows it",
        "it has at most 255 characters, no control character, and no space at an end, and is neither . nor ..",
    ),
    "Date": Form("FF127", "this is not a date", "write it as 2027-02-01"),
    "Duration": Form("FF128", "this is not a duration", f"write it {WRITTEN}"),
    "API address": Form(
        "FF129",
        "this is not the address of a GitHub API",
        "write it as https://api.github.com, or https://ghe.example.com/api/v3",
        "it has a scheme, a host and perhaps a path, but no user, query or fragment",
    ),
    "Environment variable": Form(
        "FF130",
        "this is not the name of an environment variable",
        "write a name like ACME_ANTHROPIC_KEY; the value itself never goes into a manifest",
    ),
    "1Password reference": Form(
        "FF134",
        "this is not a 1Password reference",
        "write op://vault/item/field; use the ID for a name with characters beyond letters, digits, - _ . and spaces",
        "it is op://vault/item/field or op://vault/item/section/field",
    ),
    "1Password account": Form(
        "FF130", "this is not a 1Password account", "write its sign-in address, as acme.1password.com, or its ID"
    ),
    "Argument": Form("FF130", "this cannot be an argument of a program", "remove the NUL from it"),
    "Variable to pass on": Form("FF130", "this is not the name of an environment variable", "write a name like NAME"),
    "Question": Form("FF126", "a question is empty here", "write what to ask for"),
    "Source or option": Form(
        "FF126", "{} cannot be a name here", "write the source's name, in small letters with a hyphen, and its options"
    ),
    "Path": Form("FF130", "this is not a path", "write one, without line breaks and control characters"),
    "Client ID": Form("FF139", "this is not the client ID of a GitHub App", "copy it from the settings of the App"),
    "Owner": Form("FF124", "{} is not an owner", "write the name of one organization or user, as acme"),
    "Pattern of names": Form(
        "FF145", "{} is not a pattern of names", "write a name or a pattern without its owner, as svc-*"
    ),
    "Topic": Form("FF145", "{} is not a topic", "write it as GitHub does: small letters, digits and hyphens"),
    "Team": Form(
        "FF145", "{} is not a team's slug", "write the last part of the team's address on GitHub, as platform"
    ),
    "Property": Form("FF145", "{} is not a custom property's name", "write its name as GitHub shows it"),
    "Repository that may": Form(
        "FF145", "{} is not a repository or a pattern", "write owner/name, acme/svc-* or svc-*"
    ),
    "Repository that may get it": Form(
        "FF145",
        "{} is not a repository, a pattern or a group",
        "write owner/name, a pattern like acme/svc-* or svc-*, or @group",
    ),
    "Owner of the credential": Form("FF126", "an owner is empty here", "write who looks after the credential"),
    "Exclusion": Form(
        "FF145",
        "{} is not a repository, a pattern or a group",
        "write owner/name, a pattern like acme/svc-* or svc-*, or @group",
    ),
}
