"""What an organization's Admin key tells of the keys in use: when each ends, who made it, and whether it is on.

The key comes from one variable of the operator's. It is read once, sent to the list of API keys, and kept nowhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date, timedelta
from typing import Final

from flowforge.anthropic.admin import ACTIVE, ListedKey, ListedKeys
from flowforge.anthropic.keys import AdminKey, ApiKey
from flowforge.anthropic.models import Verification
from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError, printable, quote
from flowforge.plan.expiry import Expiry
from flowforge.steps.verify import ADMIN_KEY
from flowforge.tokens import recognise
from flowforge.vault import SecretValue, Vault

# As for what a manifest says of expiry: long enough to have a new key approved.
_SOON: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What Anthropic lists of the keys of some credentials."""

    keys: Mapping[str, tuple[ListedKey, ...]]
    """By the name of each credential: the keys that its values are, where that is certain."""
    warnings: tuple[str, ...]
    """What a person should know, a sentence each."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """The ids of the keys that are in use and on, by the fingerprints of their values, where that is certain."""

    def expiries(self, declared: Iterable[Expiry], today: date) -> tuple[Expiry, ...]:
        """Return when credentials end, by name: what Anthropic says stands before what the manifest declares."""
        found = {each.name: each for each in declared}
        for name, keys in self.keys.items():
            days = [each.expires for each in keys if each.expires is not None]
            if days:
                found[name] = Expiry(name, min(days), (min(days) - today).days)
        return tuple(found[name] for name in sorted(found))


def admin_key(environ: Mapping[str, str]) -> AdminKey | None:
    """Return the operator's Admin key; None where there is none. Raises SourceError FF294 for what is no such key."""
    text = environ.get(ADMIN_KEY, "")
    if not text:
        return None
    value = SecretValue(text)
    try:
        return AdminKey(value)
    except ValueError:
        pass
    found = recognise(text)
    what = f"this is {found.noun}, and no Admin key" if found else "this is no Admin key"
    fix = f"unset {ADMIN_KEY}, or set it to a key that begins with sk-ant-admin01-"
    raise SourceError(Problem("FF294", what, ADMIN_KEY, "it was sent nowhere", fix))


def key_facts(
    listed: ListedKeys,
    used: Mapping[str, frozenset[str]],
    vault: Vault,
    known: Mapping[str, Verification],
    today: date,
) -> KeyFacts:
    """Return what a list tells of the keys in use. Nothing that goes wrong here ends a run.

    used: the fingerprints of each credential's API keys, by its name. known: what the models endpoint said of them.
    """
    if listed.trouble:
        return KeyFacts({}, (f"the Admin key of {ADMIN_KEY} told nothing ({listed.trouble})",))
    keys: dict[str, tuple[ListedKey, ...]] = {}
    warnings: list[str] = []
    ids: dict[str, str] = {}
    for name, fingerprints in sorted(used.items()):
        found = {each: _match(vault, each, listed, known.get(each)) for each in sorted(fingerprints)}
        keys[name] = tuple(each for each in found.values() if isinstance(each, ListedKey))
        unknown = [each for each in found.values() if isinstance(each, str)]
        warnings += dict.fromkeys(f"credential {printable(name)}: {each}" for each in unknown)
        warnings += (f"credential {printable(name)}: {clause}" for each in keys[name] for clause in _news(each, today))
        # A key that is off is no key that anybody writes: another one, which is not listed, may have its hint.
        ids |= {of: key.id for of, key in found.items() if isinstance(key, ListedKey) and key.status == ACTIVE}
    return KeyFacts(keys, tuple(warnings), ids)


def _match(vault: Vault, fingerprint: str, listed: ListedKeys, said: Verification | None) -> ListedKey | str:
    """Return the listed key that a value is, or why that cannot be told."""
    try:
        key = ApiKey(vault.get(fingerprint))
    except ValueError:
        return "its value is no API key of Anthropic's, so the Admin key knows nothing of it"
    if said and said.organization and listed.organization and said.organization != listed.organization:
        return f"its key is of organization {said.organization}, and the Admin key of {listed.organization}"
    found = [each for each in listed.keys if key.has_hint(each.hint)]
    if said and said.workspace:
        found = [each for each in found if each.workspace in {"", said.workspace}]
    if not found:
        return "no key of the Admin key's organization looks like its key"
    if len(found) > 1:
        # A hint has seven characters of a key: it is never settled by elimination which of two it is.
        return f"{len(found)} keys of the organization have its hint, so nothing is known of its own"
    return found[0]


def _news(key: ListedKey, today: date) -> Iterable[str]:
    who = f", made by {key.creator}" if key.creator else ""
    name = f"its key {quote(key.name)}{who}" if key.name else f"its key{who}"
    if key.status not in {"", ACTIVE}:
        yield f"{name}, is {key.status}" if who else f"{name} is {key.status}"
    elif key.expires is not None and key.expires - today <= _SOON:
        joint = "," if who else ""
        yield f"{name}{joint} expires on {key.expires}, in {(key.expires - today).days} days"
