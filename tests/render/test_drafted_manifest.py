"""A drafted manifest is YAML that says the same, whatever the names of repos, environments and owners are."""

import pytest
import yaml

from flowforge.plan.address import Repo
from flowforge.plan.draft import DraftCredential, DraftGroup, DraftManifest, DraftTarget
from flowforge.render.drafted_manifest import drafted

ODD = [
    *("a\x7fb", "a\x9bb", "a\x85b", "a\u2028b", "a\ufeffb", "a\nb", "a\x00b"),
    *("\U0001f5dd é 日本", 'a"b\\c', "a: b # c", "- a"),
    *("on", "NO", "null", "~", "y", "1234", "1e3", "0x1f", "1_000", "12:30", "2026-11-23", ".inf", "=", "<<", "", " "),
]  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_each_name_is_a_text_and_the_same(name: str) -> None:
    """Every place for a name is read back as that text: no number, no truth value, no other line of the file."""
    group = DraftGroup(name, (Repo.parse("acme/a"),))
    draft = DraftManifest(
        "acme",
        (DraftCredential(name, "anthropic_api_key", name),),
        (group,),
        (
            DraftTarget(name, name, group=name, environment=name or "x"),
            DraftTarget(name, name, org=name or "x", visible_to="all"),
        ),
    )
    text = drafted(draft, ".flowforge.schema.json")
    found = yaml.safe_load(text.encode())
    of_group, of_org = found["targets"]
    assert ([name], [name]) == (list(found["credentials"]), list(found["groups"]))
    assert (name, name, [name], [name or "x"]) == (
        of_group["name"],
        of_group["credential"],
        of_group["groups"],
        of_group["environments"],
    )
    assert (name, name or "x") == (of_org["name"], of_org["org"])
    source = found["credentials"][name]["from"]["env"]
    assert name.upper().replace("-", "_") == source


@pytest.mark.parametrize("name", ["acme", "ci-key", "team_1", "Acme", "only", "yesterday"])
def test_a_plain_name_stays_bare(name: str) -> None:
    """What every reader takes for a text needs no quotes."""
    text = drafted(DraftManifest("acme", (DraftCredential(name, "anthropic_api_key", "X"),)), "s.json")
    assert f"\n  {name}:\n" in text


def test_half_a_letter_ends_nothing() -> None:
    """Half a surrogate, which no file can hold, is written as its number."""
    draft = DraftManifest("acme", (), (), (DraftTarget("a\ud800b", "k", org="acme", visible_to="all"),))
    assert '"a\\U0000D800b"' in drafted(draft, "s.json").encode().decode()
