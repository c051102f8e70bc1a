"""The public JSON and the report files: every document fits its published schema, an error's too."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from flowforge import __version__
from flowforge.resources import SCHEMAS, schema_text
from tests.powers import unwritable

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

NO_MANIFEST = (
    "error FF101: nowhere.yaml: there is no such manifest\n"
    "  fix: run `flowforge init -m nowhere.yaml` to begin one, or name yours with -m\n"
)
NO_MANIFEST_DOCUMENT = {
    "format": "flowforge.error",
    "version": 1,
    "flowforge": __version__,
    "host": None,
    "exit_code": 1,
    "errors": [
        {
            "code": "FF101",
            "what": "there is no such manifest",
            "where": "nowhere.yaml",
            "why": None,
            "fix": "run `flowforge init -m nowhere.yaml` to begin one, or name yours with -m",
        }
    ],
}


def _fits(text: str) -> Any:  # noqa: ANN401 -- JSON
    """Check a document against the schema that its own `format` names, and give it."""
    document = json.loads(text)
    name = document["format"].removeprefix("flowforge.")
    Draft202012Validator(json.loads(schema_text(name))).validate(document)
    return document


def _json(done: "Done") -> Any:  # noqa: ANN401 -- JSON
    return _fits(done.out)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_prints_a_valid_schema(fleet: "Fleet", name: str) -> None:
    """Each name gives a JSON Schema of the draft that it says, whose objects are closed."""
    done = fleet.flowforge("schema", name)
    schema = json.loads(done.out)
    assert (0, "", "https://json-schema.org/draft/2020-12/schema") == (done.code, done.err, schema["$schema"])
    Draft202012Validator.check_schema(schema)
    assert not Draft202012Validator(schema).is_valid({"unknown": 1})
    assert not Draft202012Validator(schema).is_valid([])


def test_the_manifests_schema_is_the_default(fleet: "Fleet") -> None:
    """`flowforge schema` alone is the one that editors need; another name is told what there is."""
    assert fleet.flowforge("schema") == fleet.flowforge("schema", "manifest")
    done = fleet.flowforge("schema", "manifesto")
    names = ", ".join(f"'{name}'" for name in SCHEMAS)
    assert done.err.endswith(f"'manifesto' is not one of {names}\n  fix: see `flowforge schema --help`\n")
    assert (1, "") == (done.code, done.out)


def test_validate(fleet: "Fleet") -> None:
    """A valid manifest counts what it names."""
    document = _json(fleet.flowforge("validate", "--format", "json"))
    assert ("flowforge.validation", 5, 5, []) == tuple(
        document[key] for key in ("format", "secrets", "repos", "warnings")
    )


def test_plan_and_apply(fleet: "Fleet") -> None:
    """From the first plan through apply to the plan that finds nothing; the exit code stands in the report."""
    first = _json(fleet.flowforge("plan", "--format", "json"))
    assert (True, True, 5) == (first["has_changes"], first["complete"], first["counts"]["create"])
    applied = fleet.flowforge("apply", "--yes", "--format", "json")
    report = _json(applied)
    assert (0, 0, {"created": 5}) == (applied.code, report["exit_code"], report["counts"])
    assert {"acme/repo-001": {"created": 1}}.items() <= report["recap"].items()
    last = _json(fleet.flowforge("plan", "--format", "json"))
    assert (False, True, True) == (last["has_changes"], last["complete"], last["proven"])


def test_a_state_that_is_not_folded_is_a_warning(fleet: "Fleet") -> None:
    """The journal has everything, so the run is done; a report says that the next one folds it, and its plan knows."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.set_key()
    fleet.later()
    with unwritable(fleet.folder / "flowforge.state.json") as reason:
        applied = fleet.flowforge("apply", "--yes", "--format", "json")
    report = _json(applied)
    (warning,) = report["warnings"]
    assert (0, 0, [], {"updated": 5}) == (applied.code, report["exit_code"], report["errors"], report["counts"])
    assert f"cannot write the state: {reason}; nothing is lost: " in warning
    assert (False, True) == tuple(
        _json(fleet.flowforge("plan", "--format", "json"))[key] for key in ("has_changes", "proven")
    )


def test_plan_and_apply_on_a_bad_day(fleet: "Fleet") -> None:
    """Blocked, drifting, deleted and orphaned secrets, a brake, a missing value: all of it fits the schemas."""
    fleet.grow(12)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    world = fleet.sandbox.world
    world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "edited")
    world.delete_secret("acme/repo-002", "ANTHROPIC_API_KEY")
    world.hide_repo("acme/repo-003")
    fleet.simple(*fleet.repos[:6], more="defaults: {on_drift: report}\n")
    planned = _json(fleet.flowforge("plan", "--prune", "--format", "json"))
    assert {"create": 1, "delete": 6, "blocked": 1, "drift": 1}.items() <= planned["counts"].items()
    assert ["FF503"] == [brake["code"] for brake in planned["brakes"]]
    applied = fleet.flowforge("apply", "--yes", "--prune", "--allow-deletes", "6", "--format", "json")
    report = _json(applied)
    assert (3, 3) == (applied.code, report["exit_code"])
    assert {"created": 1, "deleted": 6, "blocked": 1}.items() <= report["counts"].items()
    fleet.monkeypatch.delenv("ACME_KEY")
    refused = fleet.refused("apply", "--yes", "--format", "json")
    assert (1, ["FF221"]) == (refused.code, [error["code"] for error in _json(refused)["errors"]])
    assert 6 == _json(fleet.flowforge("plan", "--format", "json"))["counts"]["blocked"]


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("apply", "--yes"), ("apply", "--check")], ids=" ".join)
def test_an_error_is_json_too(fleet: "Fleet", command: tuple[str, ...]) -> None:
    """With --format json stdout gets the error as a document, stderr still gets it for people, and the code stays."""
    done = fleet.refused(*command, "-m", "nowhere.yaml", "--format", "json")
    assert (1, NO_MANIFEST, NO_MANIFEST_DOCUMENT) == (done.code, done.err, _json(done))


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("apply", "--yes")], ids=" ".join)
def test_an_error_is_in_the_reports(fleet: "Fleet", command: tuple[str, ...]) -> None:
    """A report that was asked for is there after a failure, in its own format, whatever stdout gets."""
    done = fleet.refused(*command, "-m", "nowhere.yaml", "--report", "json=r.json", "--report", "text=r.txt")
    assert (1, "", NO_MANIFEST) == (done.code, done.out, done.err)
    assert NO_MANIFEST_DOCUMENT == _fits((fleet.folder / "r.json").read_text(encoding="utf-8"))
    assert NO_MANIFEST == (fleet.folder / "r.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("key", "code", "error"), [(True, 4, "FF503"), (False, 1, "FF221")], ids=["brake", "value"])
def test_a_refused_apply_gives_the_plan_too(fleet: "Fleet", *, key: bool, code: int, error: str) -> None:
    """The error's document of an apply that stops after its plan holds that plan, as `plan` itself gives it."""
    if key:
        fleet.grow(12)
        assert 0 == fleet.flowforge("apply", "--yes").code
        fleet.simple(*fleet.repos[:6])
    else:
        fleet.monkeypatch.delenv("ACME_KEY")
    planned = _json(fleet.flowforge("plan", "--prune", "--format", "json"))
    refused = fleet.refused("apply", "--yes", "--prune", "--format", "json", "--report", "json=r.json")
    document = _json(refused)
    assert (code, code, error) == (refused.code, document["exit_code"], document["errors"][0]["code"])
    # The lists that the plan was told, the apply after it knows; but what it would surely write it reads in full.
    known = document["plan"]["known_lists"]
    assert (known["asked"], known["unchanged"]) == ((6, 6) if key else (5, 5))
    assert ({**planned, "known_lists": known}, planned["has_changes"], planned["complete"]) == tuple(
        document[name] for name in ("plan", "has_changes", "complete")
    )
    assert document == _fits((fleet.folder / "r.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["error", "report"])
def test_the_plan_in_another_document_is_a_plan(name: str) -> None:
    """Each schema stands alone, so those that hold a plan repeat the plan's own, word for word."""
    own, other = json.loads(schema_text("plan")), json.loads(schema_text(name))
    # What it refers to stands at the top of either document.
    assert own == {
        **{key: own[key] for key in ("$schema", "$id")},
        **other["properties"]["plan"],
        "$defs": own["$defs"],
    }
    assert own["$defs"].items() <= other["$defs"].items()


def test_a_report_never_takes_the_place_of_a_manifest_or_a_state(fleet: "Fleet") -> None:
    """A report whose path is a manifest's, by whatever name, or a state's is refused before any work."""
    (fleet.folder / "link.yaml").symlink_to("flowforge.yaml")
    for command in (("validate",), ("plan",), ("apply", "--yes")):
        for name in ("flowforge.yaml", "./flowforge.yaml", "link.yaml", "prod.state.json", "prod.state.json.journal"):
            done = fleet.refused(*command, "--report", f"json={name}")
            expected = (
                f'error FF007: --report would overwrite "{name}", a manifest or a state\n  fix: name another file\n'
            )
            assert (1, "", expected) == (done.code, done.out, done.err)
    assert (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8").startswith("version: 1\n")


def test_nothing_is_written_among_a_folders_manifests(fleet: "Fleet") -> None:
    """What is in a folder of manifests, or would be read as one there, is no place for a report or a saved plan."""
    (fleet.folder / "m").mkdir()
    (fleet.folder / "flowforge.yaml").rename(fleet.folder / "m" / "a.yaml")
    before = (fleet.folder / "m" / "a.yaml").read_bytes()
    for name in ("m/a.yaml", "m/new.yml"):
        for args in (("--report", f"json={name}"), ("--out", name)):
            done = fleet.flowforge("plan", "-m", "m", *args)
            assert (1, True) == (done.code, "a manifest or a state" in done.err)
    assert (["a.yaml"], before) == (
        [path.name for path in (fleet.folder / "m").iterdir()],
        (fleet.folder / "m" / "a.yaml").read_bytes(),
    )
    assert 0 == fleet.flowforge("plan", "-m", "m", "--out", "m/p.json").code


def test_a_refusal_keeps_the_plan_in_the_text_report(fleet: "Fleet") -> None:
    """The text report of a refused apply holds what was shown, the plan, and then why it was refused."""
    fleet.monkeypatch.delenv("ACME_KEY")
    done = fleet.refused("apply", "--yes", "--report", "text=r.txt")
    assert (1, done.out + done.err) == (done.code, (fleet.folder / "r.txt").read_text(encoding="utf-8"))
    assert "The plan is incomplete: see the lines above.\n" in done.out


def test_reports_beside_stdout(fleet: "Fleet") -> None:
    """A report in text is what stdout shows in text; one in JSON is what it shows in JSON."""
    shown = fleet.flowforge("plan", "--report", "json=plan.json", "--report", "text=plan.txt")
    assert shown.out == (fleet.folder / "plan.txt").read_text(encoding="utf-8")
    planned = _fits((fleet.folder / "plan.json").read_text(encoding="utf-8"))
    again = _json(fleet.flowforge("plan", "--format", "json", "--report", "text=again.txt"))
    assert {**planned, "known_lists": {"asked": 5, "unchanged": 5, "share": 1.0}} == again
    assert shown.out == (fleet.folder / "again.txt").read_text(encoding="utf-8")
    applied = fleet.flowforge("apply", "--yes", "--report", "json=apply.json", "--report", "text=apply.txt")
    assert applied.out == (fleet.folder / "apply.txt").read_text(encoding="utf-8")
    assert {"created": 5} == _fits((fleet.folder / "apply.json").read_text(encoding="utf-8"))["counts"]
    checked = fleet.flowforge("validate", "--report", "text=valid.txt", "--report", "json=valid.json")
    assert checked.out == (fleet.folder / "valid.txt").read_text(encoding="utf-8")
    _fits((fleet.folder / "valid.json").read_text(encoding="utf-8"))


def test_a_report_that_cannot_be_written(fleet: "Fleet") -> None:
    """A lost report is an error of a plan; an apply says so too, and its code tells of its work."""
    (fleet.folder / "link.json").symlink_to(fleet.folder / "no" / "where.json")
    expected = 'error FF006: the report "link.json" cannot be written\n  why: no such file or directory\n'
    for command, code in ((("validate",), 1), (("plan",), 1), (("apply", "--yes"), 0)):
        done = fleet.flowforge(*command, "--report", "json=link.json")
        assert (code, expected) == (done.code, done.told)
    assert all(fleet.held().values())


def test_no_value_is_in_any_document(fleet: "Fleet", tmp_path: Path) -> None:
    """Neither a value nor a part of it, nor a fingerprint, is in what FlowForge prints and writes for people."""
    value = fleet.set_key()
    reports = ("--report", "json=r.json", "--report", "text=r.txt")
    shown = [fleet.flowforge("apply", "--yes", "-v", "--format", "json", *reports), fleet.flowforge("plan", "-v")]
    texts = [text for done in shown for text in (done.out, done.err)]
    texts += [path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.is_file()]
    for text in texts:
        assert value[20:40] not in text
    for text in texts[:4]:
        assert "hmac" not in text
