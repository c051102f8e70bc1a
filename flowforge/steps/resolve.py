"""Read every value that is needed, once, check its shape, and keep only its fingerprint for the planner."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from flowforge import kinds, sources
from flowforge.errors import SourceError, TrustError
from flowforge.manifest.expand import Place
from flowforge.manifest.model import Credential
from flowforge.manifest.placeholders import fill
from flowforge.plan.address import Address, Repo
from flowforge.plan.facts import Known, NotRead, Presence, Unavailable, Value, Wanted
from flowforge.sources.base import Context
from flowforge.vault import Fingerprinter, SecretValue, Vault

NOT_NEEDED = NotRead("not needed")
SKIPPED = NotRead("--skip-values")

_Spec = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Resolver:
    """Reads sources for places. Each distinct source is read once, each value is checked once for a credential."""

    environ: Mapping[str, str]
    fingerprinter: Fingerprinter
    vault: Vault = field(default_factory=Vault)
    warnings: dict[str, None] = field(default_factory=dict)
    _values: dict[tuple[str, _Spec], Value] = field(default_factory=dict)
    _read: dict[tuple[str, _Spec], SecretValue | SourceError] = field(default_factory=dict)

    def value(self, credential: Credential, repo: Repo) -> Value:
        """Give what is known of a credential's value for a repo; the value itself goes to the vault."""
        spec = tuple(sorted((key, fill(text, repo)) for key, text in credential.source.options.items()))
        key = (credential.name, spec)
        if key not in self._values:
            self._values[key] = self._resolve(credential, spec)
        return self._values[key]

    def _resolve(self, credential: Credential, spec: _Spec) -> Value:
        try:
            value = self._from_source(credential, spec)
            verdict = kinds.check(kinds.KINDS[credential.type], value, allow_nonstandard=credential.allow_nonstandard)
        except TrustError:
            raise  # a rule of the operator's: it ends the run, it does not merely block a secret
        except SourceError as error:
            problem = error.problems[0]
            return Unavailable(problem.what, problem.code, problem.fix, problem.why)
        for warning in verdict.warnings:
            self.warnings[f"credential {credential.name}: {warning}"] = None
        fingerprint = self.fingerprinter.fingerprint(value, guessable=verdict.guessable)
        self.vault.put(fingerprint, value)
        return Known(fingerprint)

    def _from_source(self, credential: Credential, spec: _Spec) -> SecretValue:
        folder = credential.source.folder
        key = (str(folder), spec)
        if key not in self._read:
            try:
                self._read[key] = sources.read(dict(spec), Context(environ=self.environ, folder=folder))
            except SourceError as error:
                self._read[key] = error
        found = self._read[key]
        if isinstance(found, SourceError):
            raise found
        return found


def want(
    places: Collection[Place], resolver: Resolver, *, select: Callable[[Address], bool], skip_values: bool
) -> Mapping[Address, Wanted]:
    """Turn places into what is wanted, reading the values of those that are selected."""

    def value(place: Place) -> Value:
        if place.credential is None or not select(place.address):
            return NOT_NEEDED
        return SKIPPED if skip_values else resolver.value(place.credential, place.address.scope.repo)

    return {
        place.address: Wanted(
            address=place.address,
            presence=place.presence,
            target=place.target,
            where=place.where,
            credential=place.credential.name if place.credential else "",
            type=place.credential.type if place.credential else "",
            value=value(place) if place.presence is Presence.PRESENT else NOT_NEEDED,
            on_drift=place.on_drift,
        )
        for place in places
    }
