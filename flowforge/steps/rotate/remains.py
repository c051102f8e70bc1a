"""Where a key that was replaced may still be: among the values of today, or in a place that the state remembers."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field

from flowforge.anthropic.keys import is_hint, may_be
from flowforge.data_class import dataclass
from flowforge.errors import printable
from flowforge.plan.address import Address
from flowforge.plan.facts import Known, Presence, Public, Remembered, Unresolved, Wanted
from flowforge.vault import SecretValue, Vault


@dataclass(frozen=True, slots=True)
class ValuesOfToday:
    """All values that a manifest resolves now, whatever --limit says."""

    fingerprints: Mapping[str, frozenset[str]]
    """Those of its secrets, by the name of the credential."""
    texts: Mapping[str, frozenset[str]]
    """The values of its variables, likewise."""
    unread: tuple[str, ...]
    """Whose values are not known: credentials, and entries whose repos are not."""
    vault: Vault = field(repr=False)
    """The values of the fingerprints."""

    @classmethod
    def of(cls, wanted: Iterable[Wanted], vault: Vault, unresolved: Iterable[Unresolved] = ()) -> "ValuesOfToday":
        """Take what is wanted of every place of the manifest."""
        fingerprints: dict[str, frozenset[str]] = {}
        texts: dict[str, frozenset[str]] = {}
        unread: dict[str, None] = {}
        for want in wanted:
            match want.value:
                case _ if want.presence is not Presence.PRESENT:
                    pass
                case Known(fingerprint):
                    fingerprints[want.credential] = fingerprints.get(want.credential, frozenset()) | {fingerprint}
                case Public(text):
                    texts[want.credential] = texts.get(want.credential, frozenset()) | {text}
                case _:
                    unread[f"credential {want.credential}"] = None
        unread |= dict.fromkeys(each.entry for each in unresolved if each.wants)
        return cls(fingerprints, texts, tuple(sorted(unread)), vault)

    def doubts(self, hint: str) -> Iterator[str]:
        """Yield why one of the values may be the key with a hint, a clause each."""
        if self.unread:
            yield f"not all values of today were read: {', '.join(map(printable, self.unread))}"
        if is_hint(hint):
            values = {
                name: [
                    *map(self.vault.get, self.fingerprints.get(name, ())),
                    *map(SecretValue, self.texts.get(name, ())),
                ]
                for name in sorted({*self.fingerprints, *self.texts})
            }
            for name, each in values.items():
                if any(may_be(value, hint) for value in each):
                    yield f"the value of credential {printable(name)} begins and ends as it does, and may be it"


def may_hold(
    remembered: Mapping[Address, Remembered], today: ValuesOfToday, key_id: str, changed: Collection[Address] = ()
) -> tuple[Address, ...]:
    """Return the places that hold a key, or of which it is not known that they do not, sorted.

    What a place holds is known where the state has a write of FlowForge's that nobody changed since, and whose value is
    one of today, or a key with another id. changed: what the run saw changed outside, and left so.
    """
    values = frozenset().union(*today.fingerprints.values())
    values |= {Public(text).fingerprint for texts in today.texts.values() for text in texts}
    return tuple(
        sorted(
            address
            for address, each in remembered.items()
            if address in changed or not _is_without(each, values, key_id)
        )
    )


def _is_without(each: Remembered, values: Collection[str], key_id: str) -> bool:
    record = each.record
    if record is None or each.pending or record.adopted or record.drifted_at or record.api_key_id == key_id:
        return False
    return bool(record.api_key_id) or record.fingerprint in values
