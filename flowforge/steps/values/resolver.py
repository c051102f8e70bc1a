"""Read every value once, check its shape, and hand only its fingerprint to the planner."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Final

from flowforge import sources
from flowforge.credentials.type_checks import Verdict, check
from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError, TrustError
from flowforge.manifest.model import Credential, Manifest
from flowforge.manifest.placeholders import fill, fill_option, may_be, names_in
from flowforge.manifest.places import Place
from flowforge.manifest.source_spec import Option
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Address
from flowforge.plan.facts import Known, NotRead, Presence, Public, Unavailable, Value, Wanted
from flowforge.sources import Context, ReadResult, ValueRequest
from flowforge.steps.refresh.admission import AdmittedRepos, audience_of, new_to
from flowforge.vault import Fingerprinter, SecretValue, Vault

NOT_NEEDED = NotRead("not needed")
SKIPPED = NotRead("--skip-values", "run it without --skip-values")
# The values are compared, so this also finds a key that a credential reaches by another name or another source.
_THE_KEY: Final = Problem(
    "FF218",
    "the value is the state's key",
    why="GitHub would get it, and with it the state can be forged",
    fix="name another source, and let the state alone have it",
)

_Spec = tuple[tuple[str, Option], ...]
# What is read once: a spec, with the name of the credential where a person is asked. Two credentials may have one
# question in the manifest and still need two answers.
_Need = tuple[_Spec, str]


@dataclass(slots=True)
class Resolver:
    """Reads the sources of places: each source once, and each value checked once for every credential."""

    context: Context
    """Where and how sources are read; the folder is each source's own."""
    fingerprinter: Fingerprinter
    """Makes the fingerprints."""
    vault: Vault = field(default_factory=Vault)
    """Holds the values that were read."""
    warnings: dict[str, None] = field(default_factory=dict)
    """What the checks warned of, each once: the keys, in order."""
    _found: dict[Path, dict[_Need, ReadResult]] = field(default_factory=dict)
    """What the sources of each folder gave. A rotation asks for its value batch by batch."""

    def values(self, places: Iterable[Place]) -> Mapping[Address, Value]:
        """Return what is known of the value of each place that has a credential. The values go to the vault."""
        needs = {
            place.address: (place.credential, _need(place, place.credential))
            for place in places
            if place.credential is not None
        }
        asks: dict[Path, dict[_Need, Credential]] = {}
        for credential, need in needs.values():
            asks.setdefault(self._folder(credential), {}).setdefault(need, credential)
        for folder, mine in asks.items():
            known = self._found.setdefault(folder, {})
            if new := {need: each for need, each in mine.items() if need not in known}:
                known |= self._read(folder, new)
        found = self._found
        judged: dict[tuple[str, _Need], Value] = {}
        for credential, need in needs.values():
            if (credential.name, need) not in judged:
                judged[credential.name, need] = self._judge(credential, need, found[self._folder(credential)][need])
        return {address: judged[credential.name, need] for address, (credential, need) in needs.items()}

    def _folder(self, credential: Credential) -> Path:
        """Return the folder in which a source is read. For a source that depends on none, it is always the same one."""
        source = credential.source
        return source.folder if source.type.folder_bound else self.context.folder

    def _read(self, folder: Path, asks: Mapping[_Need, Credential]) -> Mapping[_Need, ReadResult]:
        """Return what the distinct sources of one folder gave."""
        questions = [
            ValueRequest(dict(spec), _objections(credential), credential.name) for (spec, _), credential in asks.items()
        ]
        return dict(zip(asks, sources.read_all(questions, replace(self.context, folder=folder)), strict=True))

    def _judge(self, credential: Credential, need: _Need, found: ReadResult) -> Value:
        if isinstance(found, NotRead):
            return found
        try:
            value = _or_raise(found)
            verdict = self._fit(credential, value)
        except TrustError:
            # A rule of the operator forbids the source. That ends the run, and does not merely block a secret.
            raise
        except SourceError as error:
            problem = error.problems[0]
            what = _of_source(problem.what, credential, dict(need[0]))
            return Unavailable(what, problem.code, problem.fix, problem.why)
        for warning in verdict.warnings:
            # As the manifest has it: where each repo has a value of its own, one warning is enough.
            told = _of_source(warning, credential, credential.source.options)
            self.warnings[f"credential {credential.name}: {told}"] = None
        fingerprint = self.fingerprinter.fingerprint(value, guessable=verdict.guessable)
        self.vault.put(fingerprint, value)
        return Known(fingerprint)

    def _fit(self, credential: Credential, value: SecretValue) -> Verdict:
        if self.fingerprinter.is_key(value):
            raise SourceError(_THE_KEY)
        return _check(credential, value)


def desired(
    places: Collection[Place],
    resolver: Resolver,
    *,
    select: Callable[[Address], bool],
    skip_values: bool,
    admitted: AdmittedRepos,
    shown: frozenset[int] = frozenset(),
) -> Mapping[Address, Wanted]:
    """Return what is wanted at every place. Only the values of selected places are read.

    admitted: the repos that each group has admitted. shown: the ids of all repos in the lists of the selectors.
    """
    present = [place for place in places if place.presence is Presence.PRESENT and place.value is None]
    needed = [place for place in present if (place.unread is None or _is_one(place)) and select(place.address)]
    values = dict.fromkeys((each.address for each in needed), SKIPPED) if skip_values else resolver.values(needed)
    return {
        place.address: Wanted(
            address=place.address,
            presence=place.presence,
            target=place.target,
            where=place.where,
            credential=place.credential.name if place.credential else "",
            type=place.credential.type if place.credential else "",
            value=place.value or values.get(place.address, NOT_NEEDED),
            on_drift=place.on_drift,
            creates_environment=place.creates_environment,
            unread=place.unread,
            new_to=new_to(place, admitted),
            audience=audience_of(place, admitted),
            shown=shown if place.selects else None,
        )
        for place in places
    }


def with_overrides(wanted: Mapping[Address, Wanted], *, prove: bool, accept_drift: bool) -> Mapping[Address, Wanted]:
    """Return what is wanted, with --prove and --accept-drift in the place of what the manifest says."""
    # GitHub shows a variable's value, so there is nothing to prove or to accept of it.

    def policy(desired: Wanted) -> OnDrift:
        return OnDrift.ACCEPT if accept_drift else desired.on_drift

    return {
        address: desired
        if isinstance(desired.value, Public)
        else replace(desired, prove=prove, on_drift=policy(desired))
        for address, desired in wanted.items()
    }


def concealed(manifest: Manifest, places: Iterable[Place], environ: Iterable[str] = ()) -> frozenset[str]:
    """Return the environment variables that `env` sources name. No child process gets them.

    environ: the names of all variables that are set.
    """
    # A program may run for the token before any selector has found its repos. So a variable counts as well if a source
    # with placeholders could come to name it.
    filled = {
        fill(text, place.address.scope)
        for place in places
        if place.credential
        for text in place.credential.source.variables
    }
    texts = {text for source in manifest.sources for text in source.variables}
    return frozenset(filled | texts | {name for name in environ for text in texts if may_be(text, name)})


def _is_one(place: Place) -> bool:
    """Return whether a value is the same for every repo, so that it may be read where a repo may not be meant."""
    return place.credential is not None and not any(names_in(text) for text in place.credential.source.texts)


def _spec(place: Place) -> _Spec:
    options = place.credential.source.options if place.credential else {}
    return tuple(sorted((key, fill_option(option, place.address.scope)) for key, option in options.items()))


def _of_source(sentence: str, credential: Credential, spec: Mapping[str, Option]) -> str:
    """Return a sentence that says where the value is from: there it is to be mended. spec: as far as it is filled in.

    What a source says itself names what it was asked for; only what a check says begins with `the value`.
    """
    source = credential.source
    before, value, after = sentence.partition("the value")
    return sentence if before or not value else f"the value of {source.type.shown(spec[source.name])}{after}"


def _check(credential: Credential, value: SecretValue) -> Verdict:
    if credential.kind is None:
        message = "a credential without a kind has no value to be read"
        raise ValueError(message)
    return check(credential.kind, value, allow_nonstandard=credential.allow_nonstandard)


def _objections(credential: Credential) -> Callable[[SecretValue], Problem | None]:
    """Return a function for the source to call: it returns the problem of a value that does not fit a credential."""

    def objection(value: SecretValue) -> Problem | None:
        try:
            _check(credential, value)
        except SourceError as error:
            return error.problems[0]
        return None

    return objection


def _or_raise(found: SecretValue | SourceError) -> SecretValue:
    if isinstance(found, SourceError):
        raise found
    return found


def _need(place: Place, credential: Credential) -> _Need:
    return _spec(place), credential.name if credential.source.type.asks_person else ""
