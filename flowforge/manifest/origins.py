"""The credentials of a manifest, and the sources that they and the token come from."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from flowforge.errors import Where, quote
from flowforge.kinds import KINDS
from flowforge.manifest.documents import Documents
from flowforge.manifest.findings import Findings
from flowforge.manifest.forms import FORMS
from flowforge.manifest.model import Credential, SourceSpec
from flowforge.manifest.nodes import Node
from flowforge.manifest.placeholders import NAMES, balanced, names_in, sample
from flowforge.manifest.values import read_day, read_duration

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_credentials(documents: Documents) -> Mapping[str, Credential]:
    """Read `credentials` of all files; one that is not sound is reported and left out."""
    found: dict[str, Credential] = {}
    for document, name, where, node in documents.named("credentials"):
        origin, type_, age = node.part("from"), node.text("type"), node.text("max_age")
        source = read_source(origin, document.folder, documents, per_repo=True) if origin else None
        issued, expires = _dates(name, node, documents.findings)
        nonstandard = node.part("allow_nonstandard")
        if source and type_:
            found[name] = Credential(
                name=name,
                type=type_,
                secret=(node.text("secret") or KINDS[type_].slot).upper(),
                source=source,
                expires=expires,
                issued=issued,
                max_age=read_duration(age) if age else None,
                allow_nonstandard=nonstandard is not None and nonstandard.data is True,
                where=where,
            )
    return found


def _dates(name: str, node: Node, findings: Findings) -> tuple[date | None, date | None]:
    """Read `issued` and `expires` (FF127)."""
    issued, expires = (_day(node, key, findings) for key in ("issued", "expires"))
    if issued and expires and expires < issued:
        what = f"{quote(name)} expires before it was issued"
        findings.add(node.step("expires").where, "FF127", what, fix="correct one of the two dates")
    return issued, expires


def _day(node: Node, key: str, findings: Findings) -> date | None:
    text = node.text(key)
    day = read_day(text) if text else None
    if text and day is None:
        fix = "write a day that the calendar has, as 2027-02-01"
        findings.add(node.step(key).where, "FF127", "there is no such day", fix=fix)
    return day


def read_source(node: Node, folder: Path, documents: Documents, *, per_repo: bool) -> SourceSpec | None:
    """Read a source: its one key and that key's text. per_repo: whether placeholders may stand in it."""
    options = {key: text for key in node.entries() if (text := node.text(key))}
    sound = True
    for name, text in options.items():
        where = node.step(name).where
        documents.rules.check_source(name, node.key(name), documents.findings)
        sound = sound and _check_text(name, text, where, documents.findings, per_repo=per_repo)
        if name == "file":
            documents.rules.check_path(text, folder, where, documents.findings)
    if not options or not sound:
        return None
    # What has no placeholder needs no repo to be filled: the token's source is ready to be read.
    ready = options if per_repo else {key: sample(text) for key, text in options.items()}
    return SourceSpec(ready, node.where, folder)


def _check_text(name: str, text: str, where: Where, findings: Findings, *, per_repo: bool) -> bool:
    """Report (FF131) placeholders that cannot be filled, and (FF130) what no variable is called."""
    if not balanced(text):
        fix = "write {{ and }} for braces that are no placeholder"
        findings.add(where, "FF131", "a brace here belongs to no placeholder", fix=fix)
        return False
    known = NAMES if per_repo else {}
    unknown = sorted(names_in(text) - known.keys())
    for each in unknown:
        what, fix = _unknown(each, findings, per_repo=per_repo)
        findings.add(where, "FF131", what, fix=fix)
    if not unknown and name == "env" and not _VARIABLE.fullmatch(sample(text)):
        form = FORMS["Environment variable"]
        findings.add(where, form.code, form.what, fix=str(form.fix))
        return False
    return not unknown


def _unknown(name: str, findings: Findings, *, per_repo: bool) -> tuple[str, str]:
    """Say what is wrong with a placeholder, and what to write instead."""
    shown = quote(f"{{{name}}}")
    if not per_repo:
        return (
            f"the placeholder {shown} cannot stand here",
            "name one source: the token is the same for every repository",
        )
    if name == "environment":
        return f"the placeholder {shown} cannot stand here", "use {owner} and {repo}: no target has environments yet"
    otherwise = "the placeholders are {owner} and {repo}; write {{ for a brace"
    return f"the placeholder {shown} is not known", findings.suggest(
        f"{{{name}}}", [f"{{{each}}}" for each in NAMES], otherwise
    )
