"""The manifest's reader: whatever is in the file, a manifest comes of it or ManifestError."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowforge.errors import ManifestError
from flowforge.manifest.expand import expand
from flowforge.manifest.limits import MAX_PLACES
from flowforge.manifest.loading import load
from fuzz.planted import MARK, check_said, planted
from fuzz.target import Target

_ROOT = Path(__file__).resolve().parent.parent
_MEMORY = Path("/dev/shm")  # noqa: S108 -- where it exists; a file on a disk costs twice the time of the reader
_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
_FILE = Path(_FOLDER.name) / "flowforge.yaml"
# Where an input has this word there is a long list of names, for up to three times: lists multiply.
_MANY = "MANY"
_NAMES = f"[{', '.join(f'acme/r{number}' for number in range(2000))}]"
_RULES = {"CI": "true", "HOME": "/home/nobody", "FLOWFORGE_ALLOWED_OWNERS": "acme,octo-*"}
_EVERYTHING = f"""\
version: 1
github: {{api_url: 'https://ghe.example.com/api/v3', auth: {{token: {{env: T}}}}}}
state: {{file: x.json}}
defaults: &d {{on_drift: report}}
x-a: [*d, "{MARK}", !t |
  a block
  of lines]
credentials:
  k: {{type: anthropic_api_key, from: {{env: 'K_{{repo}}'}}, expires: 2027-02-01, issued: 2026-02-15, max_age: 90d}}
groups:
  a: {{repos: [acme/api], groups: [b]}}
  b: {{repos: [acme/x], exclude: ["@c", 'x*']}}
  c: {{<<: *d}}
  s: {{select: {{org: acme, name: k*, properties: {{p: [v]}}}}, auto_admit: true}}
targets: [{{name: t, groups: [a], exclude: [acme/*], credential: k, secret: S}}]
absent: [{{name: n, repos: [acme/api], secret: S}}]
"""
_WORDS = """\
version: |github: |state: |file: |defaults: |on_drift: |credentials: |type: |anthropic_api_key|from: |env: |value: |
command: |onepassword: |prompt: |pass_env: |account: |expires: |issued: |max_age: |groups: |repos: |exclude: |
select: |org: |installation: |topics: |team: |properties: |visibility: |per_repo: |allow: |auto_admit: |allow_empty: |
only: |owner: |note: |shared: |
key: |branch: |path: |auth: |token: |environments: |create_environment: |visible_to: |tags: |user: |archived: |fork: |
variable: |anthropic_workload_identity|federation_rule_id: |organization_id: |{environment}|
targets: |absent: |name: |secret: |allow_nonstandard: |{repo}|{owner}|<<: |*d|&d |--- |...|!!binary |!!set |!<x> |? |
- |: |null|~|true|0x1F|1e9|2027-02-30|\\x1b|\\ud800|\\u2028|@a|acme/*|acme/..|../|%YAML 9.9|%TAG ! x|{|}|[|]|,|#|'|"|||>
"""


def law(data: bytes) -> None:
    """Load the bytes as a manifest and list its places; nothing but ManifestError may come of it, nor too many."""
    _FILE.write_bytes(planted(data).replace(_MANY.encode(), _NAMES.encode(), 3))
    try:
        manifest = load([_FILE], environ=_RULES)
        assert len(expand(manifest)) <= MAX_PLACES, "more places than there may be"
    except ManifestError as error:
        said = str(error)
    else:
        said = "\n".join(manifest.warnings)
    check_said(said, data)


def seeds() -> Iterator[bytes]:
    """Yield every manifest of the examples, whole and section by section."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((_ROOT / "examples").rglob("*.y*ml"))]
    texts.append(_EVERYTHING.replace("groups: [a], exclude: [acme/*]", f"repos: {_MANY}, environments: {_MANY}"))
    texts += [(_ROOT / "flowforge.yaml.example").read_text(encoding="utf-8"), _EVERYTHING, "? ", "- - - ? : "]
    for text in texts:
        yield text.encode()
        yield from (section.encode() for section in text.split("\n\n"))


TARGET = Target(law, seeds, (*filter(None, _WORDS.replace("\n", "|").split("|")), MARK, _MANY))
