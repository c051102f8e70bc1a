"""The variables that no program of a manifest gets, even if its `pass_env` asks for them."""

from flowforge.errors import quote
from flowforge.manifest.findings import Findings
from flowforge.manifest.model import Manifest
from flowforge.manifest.placeholders import may_be
from flowforge.manifest.state_key_check import key_variables
from flowforge.programs import withheld


def check_passed(manifest: Manifest, findings: Findings) -> None:
    """Report (FF115) each variable that a program asks for and that no program gets."""
    # What an `env` source names, or may name for some repo, is the value of another credential.
    values = {text for source in manifest.sources for text in source.variables}
    key = key_variables(manifest.state.key)
    passed = [(source, each) for source in manifest.sources for each in source.passes]
    for source, each in passed:
        # The state's key is reported as FF153, which says what it would open.
        if each.text in key and source is not manifest.state.key:
            continue
        named = any(may_be(text, each.text) for text in values)
        why = withheld(each.text) or ("an env source of this manifest names it" if named else "")
        if why:
            what = f"the variable {quote(each.text)} is passed to no program"
            findings.add(each.where, "FF115", what, why=why, fix="remove it from pass_env")
