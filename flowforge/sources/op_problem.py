"""The problems of values that 1Password does not give. They show the reference, and nothing that op printed."""

from typing import Final

from flowforge.errors import Problem, quote
from flowforge.sources.op_answer import OpRefusal, Refused
from flowforge.sources.op_reference import Reference

TRIES: Final = 3
_CLI: Final = "the 1Password CLI (op)"
_Parts = tuple[str, str, str]


def no_reference() -> Problem:
    """Return the problem of a text that is no reference: FF235."""
    # The text is not shown, because it may be a value in the wrong place.
    why = "it is op://vault/item/field or op://vault/item/section/field, of at most 500 characters"
    fix = "of a name with other characters than letters, digits, - _ . and spaces, write the ID"
    return Problem("FF235", "this is not a 1Password reference", why=why, fix=fix)


def problem(refused: Refused, reference: Reference) -> Problem:
    """Return the problem of a reference without a value: FF235 to FF248, FF280 to FF283."""
    what, why, fix = _SENTENCES[refused.refusal](refused.detail, reference)
    return Problem(refused.refusal.value, what, why=why, fix=fix)


def field_of(reference: Reference) -> str:
    """Return the field of a reference, for a message."""
    return f"1Password field {quote(reference.field)} of item {quote(reference.item)} in vault {quote(reference.vault)}"


def _malformed(_: str, reference: Reference) -> _Parts:
    return f"1Password does not accept {quote(reference.text)} as a reference", "", "write IDs in place of the names"


def _not_installed(detail: str, _: Reference) -> _Parts:
    fix = "install it where flowforge runs: https://developer.1password.com/docs/cli/get-started"
    return f"{_CLI} {detail}", "", fix


def _signed_out(_: str, reference: Reference) -> _Parts:
    account = f" to account {quote(reference.account)}" if reference.account else ""
    why = "an OP_SESSION_ variable of an earlier sign-in counts for nothing once it has expired"
    fix = "run `op signin`; set OP_SERVICE_ACCOUNT_TOKEN where nobody can, such as CI"
    return f"{_CLI} is not signed in{account}", why, fix


def _not_accepted(detail: str, _: Reference) -> _Parts:
    if detail == "deleted":
        fix = "create another one, and set OP_SERVICE_ACCOUNT_TOKEN to its token"
        return "the 1Password service account was deleted", "", fix
    if detail == "malformed":
        why = "the token begins with ops_ and is one long line; of one that was cut or changed op can read nothing"
        fix = "set OP_SERVICE_ACCOUNT_TOKEN to the whole token; that of a Connect server belongs in OP_CONNECT_TOKEN"
        return "OP_SERVICE_ACCOUNT_TOKEN is not the token of a 1Password service account", why, fix
    fix = "check OP_SERVICE_ACCOUNT_TOKEN, or OP_CONNECT_TOKEN, where flowforge runs"
    return "1Password does not accept the token that op has", "", fix


def _missing(detail: str, reference: Reference) -> _Parts:
    vault, item, field = quote(reference.vault), quote(reference.item), quote(reference.field)
    what = {
        "vault": f"1Password vault {vault} is not in the account",
        "item": f"1Password item {item} is not in vault {vault}",
        "field": f"1Password item {item} in vault {vault} has no field {field}",
    }
    why = "1Password answers the same for what the account may not see"
    return what[detail], why, "correct the reference, or let the account see the vault"


def _ambiguous(detail: str, reference: Reference) -> _Parts:
    name = quote(reference.vault) if detail == "vault" else f"{quote(reference.item)} in vault {quote(reference.vault)}"
    return f"more than one 1Password {detail} matches {name}", "", f"write the ID of the {detail} in place of its name"


def _limited(detail: str, _: Reference) -> _Parts:
    more = f"; it admits more in {detail}" if detail else ""
    fix = f"run it again in {detail or 'an hour'}; `op service-account ratelimit` says what is left"
    return f"1Password's limit of requests is reached{more}", "", fix


def _failing(detail: str, _: Reference) -> _Parts:
    fix = "run it again later; https://status.1password.com says whether it is known"
    return f"1Password {detail}, {TRIES} times in a row", "", fix


def _crashed(_: str, __: Reference) -> _Parts:
    why = "a damaged service account token is known to make it crash"
    return f"{_CLI} crashed", why, "check OP_SERVICE_ACCOUNT_TOKEN, and update op"


def _silent(detail: str, _: Reference) -> _Parts:
    why = "it waits where a person has to unlock 1Password or to allow the access"
    fix = "unlock it and run again; set OP_SERVICE_ACCOUNT_TOKEN where nobody can"
    return f"{_CLI} gave no answer within {detail}", why, fix


def _empty(_: str, reference: Reference) -> _Parts:
    return f"{field_of(reference)} is empty", "", "put the credential into it"


def _unknown(detail: str, reference: Reference) -> _Parts:
    account = f" --account {quote(reference.account)}" if reference.account else ""
    why = "what it said is not shown, as it could hold anything"
    fix = f"run `op read{account} {quote(reference.text)} > /dev/null` and see what it says"
    return f"{_CLI} refused for a reason that FlowForge does not know ({detail})", why, fix


def _too_much(_: str, reference: Reference) -> _Parts:
    return f"{field_of(reference)} holds more than 64 KiB", "", "name the field that holds the credential alone"


def _stopped(_: str, __: Reference) -> _Parts:
    return f"{_CLI} was stopped with the run", "", "run it again"


def _app(_: str, __: Reference) -> _Parts:
    why = "it is locked or not running, its integration with the CLI is off, or nobody allowed the access in time"
    fix = (
        "unlock it, and switch on Settings > Developer > Integrate with 1Password CLI; set OP_SERVICE_ACCOUNT_TOKEN "
        "where nobody can"
    )
    return "the 1Password app of this machine did not let op in", why, fix


def _archived(_: str, reference: Reference) -> _Parts:
    item, vault = quote(reference.item), quote(reference.vault)
    return f"1Password item {item} in vault {vault} is archived or deleted", "", "restore it, or name another item"


def _not_permitted(_: str, reference: Reference) -> _Parts:
    what = f"1Password does not permit this account to read from vault {quote(reference.vault)}"
    return what, "", "let the account, or the service account, read the items of the vault"


def _several_accounts(_: str, __: Reference) -> _Parts:
    fix = "write `account: NAME` beside the reference; `op account list` has them"
    return "1Password has several accounts here, and the manifest names none", "", fix


_SENTENCES: Final = {
    OpRefusal.MALFORMED: _malformed,
    OpRefusal.NOT_INSTALLED: _not_installed,
    OpRefusal.SIGNED_OUT: _signed_out,
    OpRefusal.NOT_ACCEPTED: _not_accepted,
    OpRefusal.MISSING: _missing,
    OpRefusal.AMBIGUOUS: _ambiguous,
    OpRefusal.LIMITED: _limited,
    OpRefusal.FAILING: _failing,
    OpRefusal.CRASHED: _crashed,
    OpRefusal.SILENT: _silent,
    OpRefusal.EMPTY: _empty,
    OpRefusal.UNKNOWN: _unknown,
    OpRefusal.TOO_MUCH: _too_much,
    OpRefusal.STOPPED: _stopped,
    OpRefusal.APP: _app,
    OpRefusal.ARCHIVED: _archived,
    OpRefusal.NOT_PERMITTED: _not_permitted,
    OpRefusal.SEVERAL_ACCOUNTS: _several_accounts,
}
