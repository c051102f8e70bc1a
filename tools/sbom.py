"""Write what FlowForge runs on, as it is installed here, as a CycloneDX 1.6 document.

usage: python tools/sbom.py FILE

It holds the closure of the run-time dependencies: each distribution with its version, its package URL, its licence
where the package states one, and what it depends on in turn. The same installation gives the same bytes.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SUBJECT = "flowforge"


def closure(subject: str = SUBJECT) -> dict[str, tuple[Distribution, tuple[str, ...]]]:
    """Give each distribution that the subject needs here, itself first, with the names of those it needs directly.

    Raises PackageNotFoundError where one is needed and not installed.
    """
    found: dict[str, tuple[Distribution, tuple[str, ...]]] = {}
    waiting = [Requirement(subject)]
    asked: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        installed = distribution(name)
        needed = list(_needed(installed, extras))
        before = found[name][1] if name in found else ()
        found[name] = installed, tuple(sorted({*before, *(canonicalize_name(each.name) for each in needed)}))
        waiting += needed
    return found


def _needed(installed: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, installed.requires or ()):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""})):
            yield requirement


def document(found: Mapping[str, tuple[Distribution, tuple[str, ...]]]) -> dict[str, Any]:
    """Give the document; its first distribution is its subject."""
    subject, *others = found
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**_component(subject, found[subject][0]), "type": "application"}},
        "components": [_component(name, found[name][0]) for name in sorted(others)],
        "dependencies": [
            {"ref": purl(name, installed), "dependsOn": [purl(each, found[each][0]) for each in needs]}
            for name, (installed, needs) in sorted(found.items())
        ],
    }


def purl(name: str, installed: Distribution) -> str:
    """Give the package URL, which is also the component's reference."""
    return f"pkg:pypi/{name}@{installed.version}"


def _component(name: str, installed: Distribution) -> dict[str, Any]:
    url = purl(name, installed)
    component = {"type": "library", "bom-ref": url, "name": name, "version": installed.version, "purl": url}
    return {**component, **_licences(installed)}


def _licences(installed: Distribution) -> dict[str, Any]:
    """Give the SPDX expression, else the classifiers, else the one line that some packages write instead."""
    stated = installed.metadata
    if "License-Expression" in stated:
        return {"licenses": [{"expression": stated["License-Expression"]}]}
    names = [each.rpartition(" :: ")[2] for each in stated.get_all("Classifier", []) if each.startswith("License :: ")]
    if not names and "License" in stated and "\n" not in stated["License"]:
        names = [stated["License"]]
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def main(path: Path) -> int:
    """Write the document; give the exit code."""
    try:
        found = closure()
    except PackageNotFoundError as error:
        print(f"{error.name} is needed and not installed: run make sbom", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(found), indent=2) + "\n", encoding="utf-8")
    print(f"{path}: FlowForge and the {len(found) - 1} distributions that it runs on")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
