"""Whatever is in the file: `load` gives a manifest or raises ManifestError, and shows no credential."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowforge.errors import ManifestError
from flowforge.manifest.expand import expand
from flowforge.manifest.loading import load

pytestmark = pytest.mark.no_coverage

SECRET = "a1B2" * 24
FULL = f"""\
version: 1
github: {{api_url: 'https://ghe.example.com/api/v3', auth: {{token: {{env: T}}}}}}
state: {{file: x.json}}
defaults: &d {{on_drift: report}}
x-a: [*d, "sk-ant-api03-{SECRET}", !t |
  a block
  of lines]
credentials:
  k: {{type: anthropic_api_key, from: {{env: 'K_{{repo}}'}}, expires: 2027-02-01, issued: 2026-02-15, max_age: 90d}}
groups: {{a: {{repos: [acme/api], groups: [b]}}, b: {{repos: [acme/x], exclude: ["@c", 'x*']}}, c: {{<<: *d}}}}
targets: [{{name: t, groups: [a], exclude: [acme/*], credential: k, secret: S}}]
absent: [{{name: n, repos: [acme/api], secret: S}}]
"""
TOKENS = st.sampled_from(
    [*"\n\t :-?[]{}#&*!|>'\"%@`,.~0\x00\x85\u2028\ufeff\U0001f98a", "<<: ", "*d", "&d ", "--- ", "null", "\n  ", "{x}"]
)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """Make a manifest with a few pieces cut out, moved or put in."""
    text = FULL
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(TOKENS | st.just("") | st.just(text[end : end + 20])) + text[end:]
    return text


@settings(max_examples=min(1_000, settings().max_examples), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mangled() | st.lists(TOKENS | st.sampled_from(FULL.split()), max_size=30).map("".join))
@example("? ")
@example("- - - ? : ")
def test_any_text(tmp_path: Path, text: str) -> None:
    """No text of a manifest, whole or in pieces, breaks the loader or makes it show what looks like a credential."""
    check(tmp_path, text.encode("utf-8", "surrogatepass"))


@settings(max_examples=min(1_000, settings().max_examples), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    """Nor do any bytes."""
    check(tmp_path, data)


def check(folder: Path, data: bytes) -> None:
    """Load a file of these bytes; nothing but ManifestError may come of it."""
    (folder / "flowforge.yaml").write_bytes(data)
    said = ""
    try:
        expand(load([folder / "flowforge.yaml"], environ={"CI": "true", "FLOWFORGE_ALLOWED_OWNERS": "acme"}))
    except ManifestError as error:
        said = str(error)
    assert SECRET[:20] not in said


def test_the_example_is_a_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commented example at the root loads without a warning, and wants what its comments say."""
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    manifest = load([Path("flowforge.yaml.example")], environ={})
    assert ((), 14) == (manifest.warnings, len(expand(manifest)))
