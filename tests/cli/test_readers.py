"""Every reader of text from outside agrees on marks, encodings and the ends of lines."""

import codecs
from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

Transform = Callable[[bytes], bytes]
Reader = Callable[["Fleet", Transform], tuple["Done", object]]
IN_SYNC: Final = "No changes. GitHub matches the manifest.\n"


def _rewrite(fleet: "Fleet", name: str, transform: Transform) -> None:
    path = fleet.folder / name
    path.write_bytes(transform(path.read_bytes()))


def manifest(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Plan a manifest, and return whether it wants what it says."""
    _rewrite(fleet, "flowforge.yaml", transform)
    done = fleet.refused("plan")
    return done, sum(line.startswith("+") for line in done.lines) == 5


def folder(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Validate a manifest as linters are called, and return whether it was read."""
    _rewrite(fleet, "flowforge.yaml", transform)
    done = fleet.refused("validate", "flowforge.yaml")
    return done, done.out == "The manifest is valid: 5 secrets in 5 repos.\n"


def limit(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Plan the repos of a list, and return whether it is these."""
    (fleet.folder / "repos.txt").write_bytes(transform(b"acme/repo-001\nacme/repo-002\n"))
    done = fleet.refused("plan", "--limit", "@repos.txt")
    return done, [f"acme/repo-00{number}" in done.out for number in range(1, 6)] == [True, True, False, False, False]


def exclude(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Plan without the repos of a list, and return whether these are left out."""
    (fleet.folder / "repos.txt").write_bytes(transform(b"acme/repo-001\nacme/repo-002\n"))
    done = fleet.refused("plan", "--exclude", "@repos.txt")
    return done, [f"acme/repo-00{number}" in done.out for number in range(1, 6)] == [False, False, True, True, True]


def _value(fleet: "Fleet", source: str, transform: Transform) -> tuple["Done", object]:
    key = "sk-ant-" + "api03-" + "b" * 93 + "AA"
    (fleet.folder / "key.txt").write_bytes(transform(f"{key}\n".encode()))
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("{env: ACME_KEY}", source))
    done = fleet.flowforge("apply", "--yes")
    return done, {"ANTHROPIC_API_KEY": key} == fleet.sandbox.world.reveal("acme/repo-001")


def value_of_a_file(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Apply with the value of a file, and return whether it is what GitHub got."""
    return _value(fleet, "{file: key.txt}", transform)


def value_of_a_command(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Apply with what a program printed, and return whether it is what GitHub got."""
    return _value(fleet, "{command: [cat, key.txt]}", transform)


def state(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Plan over a state, and return whether it is remembered."""
    assert fleet.flowforge("apply", "--yes").code == 0
    _rewrite(fleet, "flowforge.state.json", transform)
    done = fleet.refused("plan")
    return done, done.out == IN_SYNC


def copy_of_a_state(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Push a copy of the state, and return whether it is what is there already."""
    assert fleet.flowforge("apply", "--yes").code == 0
    (fleet.folder / "copy.json").write_bytes(transform((fleet.folder / "flowforge.state.json").read_bytes()))
    done = fleet.refused("state", "push", "copy.json", "--yes")
    return done, done.out == "Nothing to push: the state is the same already.\n"


def saved_plan(fleet: "Fleet", transform: Transform) -> tuple["Done", object]:
    """Apply a saved plan, and return whether all of it was written."""
    assert fleet.flowforge("plan", "--out", "plan.json").code == 0
    _rewrite(fleet, "plan.json", transform)
    done = fleet.flowforge("apply", "plan.json")
    return done, len(fleet.sandbox.world.reveal("acme/repo-005")) == 1


READERS: Final[tuple[Reader, ...]] = (
    manifest,
    folder,
    limit,
    exclude,
    value_of_a_file,
    value_of_a_command,
    state,
    copy_of_a_state,
    saved_plan,
)


def _recoded(encoding: str) -> Transform:
    return lambda data: data.decode().encode(encoding)


READ: Final[dict[str, Transform]] = {
    "as it is": lambda data: data,
    "marked": lambda data: codecs.BOM_UTF8 + data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "marked CRLF": lambda data: codecs.BOM_UTF8 + data.replace(b"\n", b"\r\n"),
}
REFUSED: Final[dict[str, tuple[Transform, str]]] = {
    "UTF-16": (_recoded("utf-16"), "UTF-16, not UTF-8"),
    "UTF-16 BE": (lambda data: codecs.BOM_UTF16_BE + _recoded("utf-16-be")(data), "UTF-16, not UTF-8"),
    "UTF-16 LE without mark": (_recoded("utf-16-le"), "UTF-16, not UTF-8"),
    "UTF-16 BE without mark": (_recoded("utf-16-be"), "UTF-16, not UTF-8"),
    "UTF-32": (_recoded("utf-32"), "UTF-32, not UTF-8"),
    "UTF-32 LE without mark": (_recoded("utf-32-le"), "UTF-32, not UTF-8"),
    "Windows-1252": (lambda data: data + b"\xe9", "is not UTF-8"),
}


def _named(case: tuple[Reader, str]) -> str:
    return f"{case[0].__name__} {case[1]}"


@pytest.mark.parametrize(("reader", "name"), one_in(3, product(READERS, READ), ids=_named))
def test_what_every_reader_reads(fleet: "Fleet", reader: Reader, name: str) -> None:
    """A mark before UTF-8 and the ends of lines of Windows change nothing, whoever reads."""
    done, as_meant = reader(fleet, READ[name])
    assert (0, "", True) == (done.code, done.told, as_meant)


@pytest.mark.parametrize(("reader", "name"), one_in(3, product(READERS, REFUSED), ids=_named))
def test_what_every_reader_refuses(fleet: "Fleet", reader: Reader, name: str) -> None:
    """Another encoding is refused by its name where it can be told, with exit 1, and nothing is written."""
    transform, said = REFUSED[name]
    done, _ = reader(fleet, transform)
    told = done.out + done.err
    assert (1, True, []) == (done.code, said in told, _written(fleet, reader)), told


def _written(fleet: "Fleet", reader: Reader) -> list[str]:
    """Return the secrets that the refused run wrote: where a reader needs a state, one run before it wrote it."""
    return [] if reader in {state, copy_of_a_state} else [*fleet.sandbox.world.reveal("acme/repo-001")]
