"""The credentials of a manifest, and the sources that they and the tokens come from."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from flowforge.credentials import workload_identity
from flowforge.credentials.identifiers import IDENTIFIERS
from flowforge.errors import Where, quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.findings import Findings
from flowforge.manifest.messages import DAYS_IN_WRONG_ORDER, FORMS, NO_SUCH_DAY
from flowforge.manifest.model import Credential
from flowforge.manifest.nodes import Node
from flowforge.manifest.only import read_only
from flowforge.manifest.own_types import KNOWN_TYPES, read_types
from flowforge.manifest.placeholders import NAMES, check_beginning, check_braces, check_names, plain, sample
from flowforge.manifest.plugins import installed_sources
from flowforge.manifest.scalars import read_day, read_duration, read_policy
from flowforge.manifest.schema import SOURCE_OPTIONS, listed, wrong_choice
from flowforge.manifest.select import is_true
from flowforge.manifest.source_spec import Mention, Option, SourceSpec
from flowforge.manifest.variables import read_identifier, read_identity
from flowforge.manifest.verifying import read_verify
from flowforge.source_types import SOURCE_TYPES, Names, is_plugin, source_type

_PLACEHOLDERS: Final = "the placeholders are {owner}, {repo} and {environment}; write {{ for a brace"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_credentials(documents: Documents) -> Mapping[str, Credential]:
    """Read `credentials` of all files, without those that are not sound, which are reported."""
    found: dict[str, Credential] = {}
    groups, types = documents.references("groups"), read_types(documents)
    for document, name, where, node in documents.named("credentials"):
        origin, type_, age = node.part("from"), node.text("type"), node.part("max_age")
        # It has IDs in place of a source, so none of the keys below.
        if type_ == workload_identity.TYPE:
            federated = read_identity(name, where, node, document.folder, read_only(node, groups))
            found |= {name: federated} if federated else {}
            continue
        if type_ in IDENTIFIERS:
            only, folder = read_only(node, groups), document.folder
            variable = read_identifier(name, where, node, folder=folder, only=only, findings=documents.findings)
            found |= {name: variable} if variable else {}
            continue
        if type_ and type_ not in types:
            wrong_choice(node.step("type"), '"type"', [*types, *sorted(KNOWN_TYPES - types.keys())], documents.findings)
        source = read_source(origin, document.folder, documents, per_repo=True) if origin else None
        issued, expires = _dates(name, node, documents.findings)
        if source and type_ in types:
            found[name] = Credential(
                name=name,
                type=type_,
                secret=(node.text("secret") or types[type_].slot).upper(),
                source=source,
                expires=expires,
                issued=issued,
                max_age=read_duration(str(age.data)) if age else None,
                allow_nonstandard=is_true(node, "allow_nonstandard"),
                where=where,
                per_repo=_allowed(node),
                on_drift=read_policy(node.text("on_drift")),
                only=read_only(node, groups),
                owner=node.text("owner"),
                shared=is_true(node, "shared"),
                note=node.text("note"),
                kind=types[type_],
                verify=read_verify(node, types[type_], documents.findings),
            )
    return found


def _allowed(node: Node) -> tuple[str, ...]:
    """Read the patterns of `per_repo`, in lower case as all names are compared."""
    per_repo = node.part("per_repo")
    allow = per_repo.part("allow") if per_repo else None
    return tuple(str(each.data).lower() for each in allow.items()) if allow else ()


def _dates(name: str, node: Node, findings: Findings) -> tuple[date | None, date | None]:
    """Read `issued` and `expires`. Report (FF127) a day that does not exist, and two in the wrong order."""
    issued, expires = (_day(node, key, findings) for key in ("issued", "expires"))
    if issued and expires and expires < issued:
        findings.keep(node.step("expires").where, DAYS_IN_WRONG_ORDER.problem(name))
    return issued, expires


def _day(node: Node, key: str, findings: Findings) -> date | None:
    text = node.text(key)
    day = read_day(text) if text else None
    if text and day is None:
        findings.keep(node.step(key).where, NO_SUCH_DAY.problem())
    return day


def read_source(node: Node, folder: Path, documents: Documents, *, per_repo: bool) -> SourceSpec | None:
    """Read a source: its one key and its options. per_repo: whether placeholders may stand in their texts.

    Report no source or several (FF132), and one that no installed package offers (FF133). No source is opened and no
    plugin is loaded: a proposed manifest must be safe to check.
    """
    name = _source_name(node, documents.findings)
    if not name:
        return None
    documents.rules.check_source(name, node.key(name), documents.findings)
    options = {key: option for key, each in node.entries().items() if (option := _option(each)) is not None}
    kind = source_type(name)
    # A list and not a generator: every text is checked, so that all problems are reported at once.
    checks = [
        _check_text(kind.names if key == name else None, text, where, documents.findings, per_repo=per_repo)
        for key, each in node.entries().items()
        for text, where in _texts(each)
    ]
    if kind.names is Names.PATH and name in options:
        documents.rules.check_path(node.text(name), folder, node.step(name).where, documents.findings)
    if not all(checks) or not node.sound:
        return None
    # The source of a token has no placeholders, so no repo is needed to fill it: it is made ready to be read.
    ready = options if per_repo else {key: plain(option) for key, option in options.items()}
    passed = node.part(kind.passes) if kind.passes else None
    passes = tuple(Mention(str(each.data), each.where) for each in passed.items()) if passed else ()
    return SourceSpec(name, ready, node.where, folder, passes)


def _source_name(node: Node, findings: Findings) -> str:
    """Return the one key that names a source; empty if there is none, or several, which is reported."""
    keys = node.entries().keys()
    # Plugins' names have a hyphen and options have none, so a new option of ours never becomes a plugin's source.
    plugins = {key for key in keys if is_plugin(key)}
    names = sorted({*plugins, *(keys & SOURCE_TYPES.keys())})
    if len(names) != 1:
        # An unknown key was reported already. If there are only options, what is missing is their source.
        if names or keys <= SOURCE_OPTIONS.keys():
            what = f'"from" has {"more than one source" if names else "no source"}'
            fix = f"write {listed(sorted(SOURCE_TYPES), 'or')}"
            why = "each key with a hyphen is a plugin's source; options are written with _" if len(plugins) > 1 else ""
            findings.add(node.where, "FF132", what, why=why, fix=fix)
        return ""
    (name,) = names
    # Reported already, as a value that cannot be read.
    if node.step(name).bad:
        return ""
    if name in plugins and name not in (installed := installed_sources()):
        what = f"no installed package offers the source {quote(name)}"
        fix = findings.suggest(name, installed, "install the package that offers it where flowforge runs")
        findings.add(node.key(name), "FF133", what, why="a source with a hyphen is a plugin's", fix=fix)
        return ""
    return name


def _option(node: Node) -> Option | None:
    if node.bad:
        return None
    if isinstance(node.data, int):  # a duration, the one option that may be a number: of seconds
        return f"{node.data}s"
    return node.data if isinstance(node.data, str) else tuple(str(each.data) for each in node.items())


def _texts(node: Node) -> Iterator[tuple[str, Where]]:
    for each in node.items() or (node,):
        if not each.bad and isinstance(each.data, str):
            yield each.data, each.where


def _check_text(names: Names | None, text: str, where: Where, findings: Findings, *, per_repo: bool) -> bool:
    """Report (FF131) placeholders that cannot be filled, and (FF130) text that cannot be a variable's name.

    names: what the text is the name of; None for the text of an option.
    """
    if not check_braces(text, where, findings):
        return False
    if names is Names.ARGV and not check_beginning(text, where, findings):
        return False
    alike = "name one source: it is the same for every repository"
    fits = check_names(text, where, findings, NAMES if per_repo else (), otherwise=_PLACEHOLDERS if per_repo else alike)
    # The schema lets braces through; only a filled text shows whether it is a name.
    if fits and names is Names.VARIABLE and not _VARIABLE.fullmatch(sample(text)):
        findings.keep(where, FORMS["Environment variable"].problem())
        return False
    return fits
