"""Sources that packages offer: the interface is held to, and nothing that a plugin does shows a value."""

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowforge.errors import Problem
from flowforge.sources import Context, ValueRequest, read_all
from flowforge.sources.plugin import NotAvailableError, SecretValue, text_of

Reader = Callable[..., str | Problem]
Offer = Callable[..., None]

PLAIN = "plain-" + "text-" + "b7Xq2"
UNTOLD = "the exception's own text is not shown, because it may hold a value"
ANOTHER = "install a version of it for this FlowForge, or the FlowForge that it was written for"
PLUGIN = """
from flowforge.sources.plugin import NotAvailableError, SecretValue, text_of

class Vault:
    interface = 1
    options = frozenset({"field", "paths"})

    def read(self, spec, context):
        READ
"""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Install packages, as pip leaves them: a module, and metadata with an entry point."""
    modules: list[str] = []

    def make(code: str, names: tuple[str, ...] = ("acme-vault",), package: str = "acme-flowforge") -> None:
        module = f"{package.replace('-', '_')}_{tmp_path.name}"
        modules.append(module)
        site = tmp_path / package
        metadata = site / f"{package.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (site / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        lines = "".join(f"{name} = {module}:Vault\n" for name in names)
        (metadata / "entry_points.txt").write_text(f"[flowforge.sources]\n{lines}", encoding="utf-8")
        monkeypatch.syspath_prepend(str(site))

    yield make
    for module in modules:
        sys.modules.pop(module, None)


def reading(statements: str) -> str:
    """Write a plugin whose `read` is this."""
    return PLUGIN.replace("READ", textwrap.indent(textwrap.dedent(statements), " " * 8).strip())


def test_a_plugin_is_given_its_spec_and_a_narrow_context(offer: Offer, outcome: Reader, folder: Path) -> None:
    """It gets its key and options, the manifest's folder, and an environment without tokens; its value is taken."""
    offer(
        reading(
            """
            spec_is = dict(spec) == {"acme-vault": "kv/claude", "field": "key", "paths": ("a", "b")}
            names = sorted(context.environ)
            state = (context.folder.name, context.interactive, context.stop.is_set())
            return SecretValue(f"{spec_is} {names} {state} " + text_of(spec, "field") + text_of(spec, "none", "!"))
            """
        )
    )
    spec = {"acme-vault": "kv/claude", "field": "key", "paths": ("a", "b")}
    environ = {"VAULT_TOKEN": "x", "GITHUB_TOKEN": PLAIN, "FLOWFORGE_STATE_KEY": PLAIN}
    assert outcome(spec, environ) == f"True ['VAULT_TOKEN'] ('{folder.name}', False, False) key!"


def test_reads_come_one_after_another_from_one_object(offer: Offer) -> None:
    """Two values of one plugin are read by one object, in the order asked; what fails does not stop the other."""
    offer(
        """
        from flowforge.sources.plugin import NotAvailableError, SecretValue

        class Vault:
            interface = 1
            options = ()
            count = 0

            def read(self, spec, context):
                self.count += 1
                if spec["acme-vault"] == "b":
                    raise NotAvailableError("no b", why="gone", fix="make one")
                return SecretValue(f"{spec['acme-vault']}{self.count}")
        """
    )
    found = read_all([ValueRequest({"acme-vault": name}) for name in "abc"], Context({}, Path()))
    told = [each.reveal() if isinstance(each, SecretValue) else str(each) for each in found]
    assert told == ["a1", "error FF270: acme-vault: no b\n  why: gone\n  fix: make one", "c3"]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (
            f'raise ValueError("{PLAIN}")',
            Problem("FF271", "acme-vault failed: ValueError", why=UNTOLD, fix="ask its authors"),
        ),
        (
            f'try:\n    raise KeyError("{PLAIN}")\nexcept KeyError as error:\n    raise OSError("{PLAIN}") from error',
            Problem("FF271", "acme-vault failed: OSError", why=UNTOLD, fix="ask its authors"),
        ),
        (
            f'raise SystemExit("{PLAIN}")',
            Problem("FF271", "acme-vault failed: SystemExit", why=UNTOLD, fix="ask its authors"),
        ),
        (
            'raise NotAvailableError("sk-ant-" + "api03-abc def\\n::error::x", why="\\x1b[1m", fix="x" * 500)',
            Problem("FF270", "acme-vault: sk-ant-api03-[redacted]", why="\\x1b[1m", fix="x" * 119 + "…"),
        ),
        (
            f'raise NotAvailableError(ValueError("{PLAIN}"))',
            Problem("FF271", "acme-vault failed: TypeError", why=UNTOLD, fix="ask its authors"),
        ),
        (
            'return text_of(spec, "field")',
            Problem(
                "FF270", "acme-vault: the option field is missing", fix="write it beside the source, as field: ..."
            ),
        ),
        (
            'return text_of({"field": ("a", "b")}, "field")',
            Problem("FF270", "acme-vault: field has a list, and takes one text", fix="write one text"),
        ),
    ],
    ids=["raises", "raises from another", "exits", "says why", "says no text", "option missing", "option is a list"],
)
def test_what_a_plugin_raises_is_told_without_a_value(
    offer: Offer, outcome: Reader, statements: str, expected: Problem
) -> None:
    """Its own exception's texts are quoted; of any other the type is named, and neither text, frame nor cause stays."""
    offer(reading(f"value = {PLAIN!r}\n{statements}"))
    assert outcome({"acme-vault": "x"}, hidden=PLAIN) == expected


def test_ctrl_c_ends_a_plugin_too(offer: Offer, outcome: Reader) -> None:
    """It is not the plugin's failure but ends the run, with nothing of what the plugin made of it."""
    interrupted = f'raise KeyboardInterrupt("{PLAIN}") from ValueError("{PLAIN}")'
    offer(reading(interrupted))
    offer(interrupted, names=("other-vault",), package="other")
    for name in ("acme-vault", "other-vault"):
        with pytest.raises(KeyboardInterrupt) as caught:
            outcome({name: "x"})
        error = caught.value
        assert (error.args, error.__cause__, error.__context__) == ((), None, None)


@pytest.mark.parametrize(
    "returned",
    [
        f'"{PLAIN}"',
        f'SecretValue(b"{PLAIN}")',
        f'SecretValue(type("Text", (str,), {{}})("{PLAIN}"))',
        f'type("Shown", (SecretValue,), {{}})("{PLAIN}")',
        "None",
    ],
    ids=["str", "bytes inside", "a subclass of str inside", "a subclass", "None"],
)
def test_only_a_secret_value_of_a_str_is_taken(offer: Offer, outcome: Reader, returned: str) -> None:
    """Whatever else is returned is refused, and not shown."""
    offer(reading(f"return {returned}"))
    what = "acme-vault returned something other than a SecretValue of a str"
    assert outcome({"acme-vault": "x"}, hidden=PLAIN) == Problem("FF272", what, fix="ask its authors")


def test_a_text_that_is_not_utf_8_is_refused(offer: Offer, outcome: Reader) -> None:
    """A text with half a character is refused as it is of a file."""
    offer(reading('return SecretValue("a\\udcff")'))
    expected = Problem("FF223", "acme-vault is not UTF-8", fix="write it as plain text; a credential is ASCII")
    assert outcome({"acme-vault": "x"}) == expected


@pytest.mark.parametrize(
    ("options", "fix"),
    [('("paths", "field")', "its options are field, paths"), ("()", "remove it: the source has no options")],
)
def test_an_unknown_option_names_the_known_ones(offer: Offer, outcome: Reader, options: str, fix: str) -> None:
    """An option that the plugin does not list is an error, and the plugin is not asked."""
    offer(
        f"class Vault:\n    interface = 1\n    options = {options}\n    def read(self, spec, context):\n        1 / 0\n"
    )
    assert outcome({"acme-vault": "x", "feild": "y"}) == Problem("FF269", 'acme-vault has no option "feild"', fix=fix)


@pytest.mark.parametrize(
    ("code", "states"),
    [
        ("class Vault:\n    interface = 2\n", "is written for version 2"),
        ("class Vault:\n    pass\n", "states no version"),
        ("Vault = None\n", "states no version"),
    ],
)
def test_another_version_of_the_interface_is_refused(offer: Offer, outcome: Reader, code: str, states: str) -> None:
    """The sentence says which version this FlowForge knows; nothing else of the plugin is looked at."""
    offer(code)
    what = f"acme-vault, from acme-flowforge 1.0, {states} of the interface of plugins"
    expected = Problem("FF267", what, why="this FlowForge knows version 1 alone", fix=ANOTHER)
    assert outcome({"acme-vault": "x"}) == expected


@pytest.mark.parametrize(
    "code",
    [
        "class Vault:\n    interface, options = 1, ()\n",
        "class Vault:\n    interface, options = 1, 'field'\n    def read(self, spec, context): ...\n",
        "class Vault:\n    interface, options = 1, (1,)\n    def read(self, spec, context): ...\n",
        "class Vault:\n    interface = 1\n    def read(self, spec, context): ...\n",
        "class Kind:\n    interface, options = 1, ()\n    def read(self, spec, context): ...\nVault = Kind()\n",
    ],
    ids=["no read", "options a text", "options no texts", "no options", "no class"],
)
def test_what_is_no_source_is_refused(offer: Offer, outcome: Reader, code: str) -> None:
    """An entry point that names something of another shape is refused before anything of it is called."""
    offer(code)
    why = "its entry point must name a class that has `options`, a collection of names, and `read`"
    expected = Problem("FF268", "acme-vault, from acme-flowforge 1.0, is not a source", why=why, fix="ask its authors")
    assert outcome({"acme-vault": "x"}) == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import not_there_at_all\n", "ModuleNotFoundError"),
        ("class Other: ...\n", "AttributeError"),
        (f"raise SystemExit('{PLAIN}')\n", "SystemExit"),
        (reading("...") + f"    def __init__(self):\n        raise ValueError('{PLAIN}')\n", "ValueError"),
    ],
    ids=["import", "no such class", "exits", "constructor"],
)
def test_a_plugin_that_cannot_be_loaded_is_named(offer: Offer, outcome: Reader, code: str, kind: str) -> None:
    """The message names the package and the exception's type."""
    offer(code)
    what = f"acme-vault, from acme-flowforge 1.0, cannot be loaded: {kind}"
    fix = "ask its authors, or install another version of it"
    assert outcome({"acme-vault": "x"}, hidden=PLAIN) == Problem("FF266", what, why=UNTOLD, fix=fix)


def test_a_name_that_two_packages_offer_is_refused(offer: Offer, outcome: Reader) -> None:
    """Neither is loaded: which one a value came from must not hang on the order of folders."""
    offer("1 / 0\n", package="acme-one")
    offer("1 / 0\n", package="acme-two")
    what = "more than one installed package offers acme-vault: acme-one 1.0, acme-two 1.0"
    assert outcome({"acme-vault": "x"}) == Problem("FF265", what, fix="uninstall all but one of them")


def test_a_name_that_nobody_offers_is_refused(offer: Offer, outcome: Reader) -> None:
    """A plugin that is not there is an error, whatever others there are; so is one that is named beside our own."""
    offer(reading("..."), names=("other-vault", "hyphenless"))
    what = "no installed package offers the source acme-vault"
    fix = "install the package that offers it where flowforge runs"
    assert outcome({"acme-vault": "x"}) == Problem("FF273", what, fix=fix)
    codes = {
        problem.code
        for spec in ({"hyphenless": "x"}, {"other-vault": "x", "env": "y"})
        if isinstance(problem := outcome(spec), Problem)
    }
    assert codes == {"FF233"}


def test_nothing_is_loaded_where_the_operator_forbids_it(offer: Offer, outcome: Reader) -> None:
    """FLOWFORGE_ALLOWED_SOURCES comes first: the module of a plugin that it does not name is not imported."""
    offer("1 / 0\n")
    found = outcome({"acme-vault": "x"}, {"FLOWFORGE_ALLOWED_SOURCES": "env"})
    assert isinstance(found, Problem)
    assert found.code == "FF231"


def test_the_texts_of_a_refusal_are_the_authors() -> None:
    """An author who tests a plugin finds what was said on the exception."""
    with pytest.raises(NotAvailableError, match="the option field is missing") as caught:
        text_of({}, "field")
    assert (caught.value.why, caught.value.fix) == ("", "write it beside the source, as field: ...")
