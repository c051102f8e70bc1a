"""In CI no link that a proposal puts into the checkout leads a command elsewhere; a person's own links are followed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

STATE: Final = "flowforge.state.json"
BESIDE: Final = ("state.json.backup", "state.json.lock")
MINE: Final = "somebody else's"
RULE: Final = (
    "  why: where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved\n"
    "  fix: keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS\n"
)
LEFT: Final = "  why: a link leads it out of the checkout, into a folder that FLOWFORGE_ALLOWED_PATHS does not admit\n"
LINK: Final = "  why: it is a link, and none is followed here\n"


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder outside of the checkout, with a file of somebody else's."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "mine").write_text(MINE)
    return folder


@pytest.fixture
def ci(fleet: "Fleet", outside: Path) -> "Fleet":
    """Return a fleet in CI, in a checkout; `away` is a link in it that leads out."""
    fleet.monkeypatch.setenv("CI", "true")
    (fleet.folder / ".git").mkdir()
    (fleet.folder / "away").symlink_to(outside)
    return fleet


def untouched(outside: Path, *more: str) -> bool:
    """Whether nothing was changed or made outside of the checkout, but for what a test put there itself."""
    found = {each.name for each in outside.iterdir()}
    return (found, MINE) == ({"mine", *more}, (outside / "mine").read_text())


def refused(done: "Done", error: str) -> bool:
    """Whether a command ended with exit 1, this error alone, and nothing on stdout."""
    return (1, "", error) == (done.code, done.out, done.err)


@pytest.mark.parametrize("target", ["mine", "new.json"])
@pytest.mark.parametrize("more", ["", f"state: {{file: {STATE}}}\n", "state: {file: away/s.json}\n"])
def test_a_state_that_is_led_out(ci: "Fleet", outside: Path, target: str, more: str) -> None:
    """Neither the default state nor one that the manifest names leaves its folder: every command refuses it."""
    ci.simple(more=more)
    (ci.folder / STATE).symlink_to(outside / target)
    named = "away/s.json" if "away" in more else STATE
    where = "flowforge.yaml:15:15" if more else "flowforge.yaml"
    expected = f'error FF113: {where}: "{named}" is outside the manifest\'s folder\n{RULE}'
    for command in (("validate",), ("plan",), ("apply", "--yes"), ("state", "list"), ("plan", "--offline")):
        done = ci.refused(*command)
        assert refused(done, expected)
    assert untouched(outside)


@pytest.mark.parametrize("name", [STATE, "s.json"])
def test_a_state_that_is_led_out_while_a_command_runs(ci: "Fleet", outside: Path, name: str) -> None:
    """A link that is put there after the manifest was checked, and before the state is opened, is refused then."""
    script = f"#!/bin/sh\nln -s {outside}/new.json {name}\necho {ci.sandbox.token}\n"
    (ci.folder / "token").write_text(script)
    (ci.folder / "token").chmod(0o755)
    ci.monkeypatch.setenv("FLOWFORGE_ALLOWED_SOURCES", "env,command")
    state = "" if name == STATE else f"state: {{file: {name}}}\n"
    ci.simple(more=f"github: {{auth: {{token: {{command: [./token]}}}}}}\n{state}")
    done = ci.flowforge("apply", "--yes")
    expected = f"error FF114: {ci.folder / name}: the state is outside the manifest's folder\n{RULE}"
    assert refused(done, expected)
    assert untouched(outside)
    assert [{}] * 5 == list(ci.held().values())


@pytest.mark.parametrize("suffix", [".journal", ".lock"])
def test_what_lies_beside_a_state_is_no_link(ci: "Fleet", outside: Path, suffix: str) -> None:
    """A link in the place of the journal or the lock is refused, in CI and elsewhere: nobody makes one on purpose."""
    path = ci.folder / f"{STATE}{suffix}"
    path.symlink_to(outside / "mine")
    what = "cannot lock the state\n  why: it is a link, not a regular file\n"
    what += "  fix: check the disk's space, the permissions and the path\n"
    if suffix == ".journal":
        what = "the state is not a regular file\n  why: it is a link\n"
        what += "  fix: remove it, or name another file under state.file\n"
    code = "FF402" if suffix == ".journal" else "FF401"
    for environ in ("true", ""):
        ci.monkeypatch.setenv("CI", environ)
        assert refused(ci.flowforge("apply", "--yes"), f"error {code}: {path}: {what}")
    assert untouched(outside)


@pytest.mark.parametrize("suffix", [".backup", ".tmp", ".lock-holder", ".lock-holder.tmp"])
def test_what_is_replaced_beside_a_state_is_not_followed(ci: "Fleet", outside: Path, suffix: str) -> None:
    """A link in the place of what FlowForge replaces gives way to it, and what it led to stays as it was."""
    (ci.folder / f"{STATE}{suffix}").symlink_to(outside / "mine")
    codes = [ci.flowforge("apply", "--yes").code for _ in (ci.set_key(), ci.set_key())]
    assert ([0, 0], True) == (codes, untouched(outside))


def test_links_inside_of_the_folder_are_followed(ci: "Fleet") -> None:
    """A state that a link keeps in the manifest's folder is one like any other, and the link survives."""
    (ci.folder / "kept").mkdir()
    (ci.folder / STATE).symlink_to("kept/state.json")
    assert 0 == ci.flowforge("apply", "--yes").code
    assert ci.plan() == {}
    assert (ci.folder / STATE).is_symlink()
    assert ["state.json", *BESIDE] == sorted(each.name for each in (ci.folder / "kept").iterdir())


def test_a_state_that_the_operator_admits(ci: "Fleet", outside: Path) -> None:
    """FLOWFORGE_ALLOWED_PATHS says where else it may lie."""
    (ci.folder / STATE).symlink_to(outside / "state.json")
    ci.monkeypatch.setenv("FLOWFORGE_ALLOWED_PATHS", str(outside))
    assert 0 == ci.flowforge("apply", "--yes").code
    assert untouched(outside, "state.json", *BESIDE)


def test_a_manifest_that_is_led_out(ci: "Fleet", outside: Path) -> None:
    """Neither a file, nor one in a folder of them, nor the folder itself may be a link out: none is even read."""
    (ci.folder / "ops").mkdir()
    (outside / "secret.yaml").write_text("a-secret-key: x\n")
    (ci.folder / "ops" / "a.yaml").symlink_to(outside / "secret.yaml")
    (ci.folder / "prod.yaml").symlink_to(outside / "secret.yaml")
    link = "the manifest is a link out of its folder"
    cases = {
        "prod.yaml": f"error FF114: prod.yaml: {link}\n{RULE}",
        "ops": f"error FF114: ops/a.yaml: {link}\n{RULE}",
        "away/secret.yaml": f"error FF114: away/secret.yaml: {link}\n{RULE}",
        "away": f"error FF114: away: the manifests' folder is outside the checkout\n{RULE}",
    }
    for name, expected in cases.items():
        for command in (("validate",), ("plan",), ("apply", "--yes"), ("state", "pull")):
            done = ci.refused(*command, "-m", name)
            assert refused(done, expected)
    ci.monkeypatch.setenv("FLOWFORGE_ALLOWED_PATHS", str(outside))
    assert "a-secret-key" in ci.flowforge("validate", "-m", "prod.yaml").err


def test_a_report_that_is_led_out(ci: "Fleet", outside: Path) -> None:
    """A report is refused before any work where its name is a link, or one leads its folder out."""
    (ci.folder / "r.json").symlink_to(outside / "mine")
    (ci.folder / "inside.json").symlink_to("flowforge.yaml.txt")
    fix = "  fix: name another file\n"
    cases = {"r.json": LINK, "inside.json": LINK, "away/r.json": LEFT}
    for name, why in cases.items():
        for command in (("validate",), ("plan",), ("apply", "--yes")):
            done = ci.refused(*command, "--report", f"json={name}")
            assert refused(done, f'error FF007: --report cannot write "{name}"\n{why}{fix}')
    assert untouched(outside)


@pytest.mark.parametrize("what", ["r.json", "out"])
def test_a_report_that_is_led_out_while_a_command_runs(ci: "Fleet", outside: Path, what: str) -> None:
    """A link that a program puts there before the report is written is not followed: it is lost, and said so."""
    (ci.folder / "out").mkdir()
    target = outside / "mine" if what == "r.json" else outside
    ci.monkeypatch.setenv("FLOWFORGE_ALLOWED_SOURCES", "env,command")
    ci.simple()
    text = (ci.folder / "flowforge.yaml").read_text(encoding="utf-8")
    swap = f"rm -rf {what}; ln -s {target} {what}; echo x"
    ci.manifest(text.replace("{env: ACME_KEY}", f"{{command: [sh, -c, '{swap}']}}"))
    path = "r.json" if what == "r.json" else "out/r.json"
    why = "it is a link, not a regular file" if what == "r.json" else "it leads out of the folder that it must stay in"
    done = ci.flowforge("plan", "--report", f"json={path}")
    assert (1, True) == (done.code, f'error FF006: the report "{path}" cannot be written\n  why: {why}\n' in done.err)
    assert untouched(outside)


def test_a_saved_plan_that_is_led_out(ci: "Fleet", outside: Path) -> None:
    """The same of a plan that is saved."""
    (ci.folder / "p.json").symlink_to(outside / "new")
    fix = "  fix: name a file with --out, in a folder that exists\n"
    for name, why in {"p.json": LINK, "away/p.json": LEFT}.items():
        done = ci.refused("plan", "--out", name)
        assert refused(done, f'error FF024: the plan cannot be saved as "{name}"\n{why}{fix}')
    assert untouched(outside)


def test_a_saved_plan_that_is_led_out_while_a_command_runs(ci: "Fleet", outside: Path) -> None:
    """The same of a folder that becomes a link while the plan is made."""
    (ci.folder / "out").mkdir()
    ci.monkeypatch.setenv("FLOWFORGE_ALLOWED_SOURCES", "env,command")
    (ci.folder / "swap").write_text(f'#!/bin/sh\nrm -rf out\nln -s {outside} out\nprintf "%s" "$VALUE"\n')
    (ci.folder / "swap").chmod(0o755)
    ci.monkeypatch.setenv("VALUE", "of-a-gateway-" + "0123456789" * 3)
    ci.simple()
    text = (ci.folder / "flowforge.yaml").read_text(encoding="utf-8")
    ci.manifest(text.replace("{env: ACME_KEY}", "{command: [./swap]}\n    allow_nonstandard: true"))
    done = ci.flowforge("plan", "--out", "out/p.json")
    why = "it leads out of the folder that it must stay in"
    said = f'error FF024: the plan cannot be saved as "out/p.json"\n  why: {why}\n  fix: name another file with --out\n'
    assert (1, said) == (done.code, done.err)
    assert untouched(outside)


def test_init_that_is_led_out(ci: "Fleet", outside: Path) -> None:
    """What `init` writes goes over no link, and through none that leads out."""
    (ci.folder / "flowforge.yaml").unlink()
    (ci.folder / ".flowforge.schema.json").symlink_to(outside / "mine")
    fix = "  fix: name a file with -m in a folder that you may write to\n"
    cases = {
        ".flowforge.schema.json": ((), "it is a link, not a regular file"),
        "away/.flowforge.schema.json": (
            ("-m", "away/flowforge.yaml"),
            "it leads out of the folder that it must stay in",
        ),
    }
    for name, (args, why) in cases.items():
        done = ci.flowforge("init", *args)
        assert refused(done, f'error FF011: "{name}" cannot be written\n  why: {why}\n{fix}')
    assert untouched(outside)


def test_a_state_that_moves_here_is_no_link_out(ci: "Fleet", outside: Path) -> None:
    """What `state migrate` takes the state from, and marks, is no file that a link leads to."""
    ci.simple(more="state: {file: new.json}\n")
    (ci.folder / "old.json").symlink_to(outside / "mine")
    done = ci.flowforge("state", "migrate", "--from", "old.json", "--yes")
    expected = f"error FF114: {ci.folder / 'old.json'}: the state is outside the manifest's folder\n{RULE}"
    assert refused(done, expected)
    assert untouched(outside)


def test_a_person_s_links_are_followed(ci: "Fleet", outside: Path) -> None:
    """Outside of CI the state, the manifest, the report and the schema may all be links that lead anywhere."""
    ci.monkeypatch.delenv("CI")
    (ci.folder / "flowforge.yaml").rename(outside / "real.yaml")
    for name, target in {
        "flowforge.yaml": "real.yaml",
        STATE: "real.state",
        "r.json": "real.report",
        "new.yaml": "",
        "p.json": "real.plan",
    }.items():
        if target:
            (ci.folder / name).symlink_to(outside / target)
    assert 0 == ci.flowforge("apply", "--yes", "--report", "json=r.json").code
    assert 0 == json.loads((outside / "real.report").read_text(encoding="utf-8"))["exit_code"]
    assert (True, True) == ((ci.folder / STATE).is_symlink(), (outside / "real.state").is_file())
    assert 0 == ci.flowforge("plan", "--out", "p.json").code
    # A saved plan takes the place of what is there, as it always did: it is written whole or not at all.
    assert (False, False) == ((ci.folder / "p.json").is_symlink(), (outside / "real.plan").exists())
    (ci.folder / ".flowforge.schema.json").symlink_to(outside / "real.schema")
    assert 0 == ci.flowforge("init", "-m", "new.yaml").code
    assert (outside / "real.schema").is_file()
