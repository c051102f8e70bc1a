"""The schema: it is one, editors can show it, and it accepts what the loader accepts."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowforge.credentials import workload_identity
from flowforge.credentials.identifiers import IDENTIFIERS
from flowforge.credentials.types import TYPES
from flowforge.errors import ManifestError
from flowforge.manifest.findings import Findings
from flowforge.manifest.loading import load
from flowforge.manifest.messages import FORMS
from flowforge.manifest.parse import parse
from flowforge.manifest.placeholders import NAMES
from flowforge.manifest.scalars import read_duration
from flowforge.manifest.schema import SOURCE_OPTIONS, TOLD_LATER, check, require_whole
from flowforge.plan.action import OnDrift
from flowforge.plan.address import Repo, Store
from flowforge.resources import SCHEMAS, schema_text
from flowforge.source_types import SOURCE_TYPES

ROOT = Path(__file__).parents[2]
_WORKFLOWS = ROOT / "examples" / "workflows"
EXAMPLES = sorted([*({*ROOT.glob("examples/**/*.yaml")} - {*_WORKFLOWS.glob("*")}), ROOT / "flowforge.yaml.example"])
SCHEMA = json.loads(schema_text("manifest"))
VALIDATOR = Draft202012Validator(SCHEMA)

CONDITIONS = {"if", "allOf", *TOLD_LATER, *(name for name in SCHEMA["$defs"] if name.startswith("_"))}


def definition(name: str) -> Draft202012Validator:
    """Return the validator of one definition."""
    return Draft202012Validator(SCHEMA["$defs"][name])


def walk(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a schema, with its path."""
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from walk(value, f"{path}/{index}")


def test_it_is_a_schema_of_ours() -> None:
    """It is valid under draft 2020-12, its id is no address, and its references stay within it."""
    Draft202012Validator.check_schema(SCHEMA)
    references = {each["$ref"] for _, each in walk(SCHEMA) if "$ref" in each}
    assert ("https://json-schema.org/draft/2020-12/schema", "urn:flowforge:schema:manifest:1", set()) == (
        SCHEMA["$schema"],
        SCHEMA["$id"],
        references - {f"#/$defs/{name}" for name in SCHEMA["$defs"]},
    )


def test_editors_have_something_to_show() -> None:
    """Every key has a title or refers to what has one, and a description."""
    silent = [
        f"{path}/{name}"
        for path, each in walk(SCHEMA)
        if isinstance(each.get("properties"), dict)
        and path.rpartition("/")[2] not in {"properties", "if"}
        and not CONDITIONS & set(path.split("/"))
        for name, key in each["properties"].items()
        if not {"title", "description"} <= {**SCHEMA["$defs"].get(key.get("$ref", "")[8:], {}), **key}.keys()
    ]
    assert [] == silent


# Of these a manifest writes one, in the place of the others.
ALTERNATIVES = {"env", "file", "onepassword", "command", "prompt", "org", "user", "token", "app", "secret", "variable"}


def test_each_key_says_its_default() -> None:
    """What holds where a key is left out stands in its description; or it is required, or one of several to choose."""
    keys = [
        (name, {**SCHEMA["$defs"].get(key.get("$ref", "")[8:], {}), **key})
        for path, each in walk(SCHEMA)
        if isinstance(each.get("properties"), dict)
        and path.rpartition("/")[2] != "properties"
        and not CONDITIONS & set(path.split("/"))
        for name, key in each["properties"].items()
    ]
    silent = {name for name, key in keys if not re.search("default|required", key["description"], re.IGNORECASE)}
    assert set() == silent - ALTERNATIVES
    assert [] == [name for name, key in keys if key.get("type") == "boolean" and key.get("default") is not False]


def test_no_condition_speaks() -> None:
    """A condition has neither title nor description: an editor would show them in place of those of the key itself."""
    spoken = [
        path
        for path, each in walk(SCHEMA)
        if CONDITIONS & set(path.split("/")) and {"title", "description"} & each.keys()
    ]
    assert [] == spoken


def test_each_choice_is_explained() -> None:
    """Every list of choices has a sentence for each of them, which editors show beside it."""
    choices = {path: each for path, each in walk(SCHEMA) if isinstance(each.get("enum"), list)}
    assert {path: len(each["enum"]) for path, each in choices.items()} == {
        path: len(set(each["enumDescriptions"])) for path, each in choices.items()
    }


def test_the_stores_are_listed_once() -> None:
    """Each schema that has stores lists them once: a new store is one line in it."""
    schemas = {name: json.loads(schema_text(name)) for name in SCHEMAS}
    lists = {
        name: sum(Store.DEPENDABOT in each["enum"] for _, each in walk(schema) if isinstance(each.get("enum"), list))
        for name, schema in schemas.items()
    }
    # A probe tells of the lists that it read and of the places that it wrote to; an audit of what is read and lacking.
    others = {
        **dict.fromkeys(("plan-file", "validation", "repos", "checkup", "status", "rules"), 0),
        "probe": 2,
        "audit": 2,
    }
    assert {**dict.fromkeys(SCHEMAS, 1), **others} == lists


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_examples_fit(path: Path) -> None:
    """Every manifest that we show to users is one that an editor shows no error in."""
    document = parse(path.read_text(encoding="utf-8"), path.name, Findings())
    assert [] == [error.message for error in VALIDATOR.iter_errors(document.data)]


def test_no_key_is_taken_unseen() -> None:
    """Every mapping says which keys it has, or what its values are: a misspelt key is never ignored."""
    open_ones = [
        path for path, each in walk(SCHEMA) if each.get("type") == "object" and "additionalProperties" not in each
    ]
    # A source's keys depend on whether it is a plugin's.
    assert {"additionalProperties": False}.items() <= SCHEMA["$defs"]["own_source"].items()
    assert [] == open_ones


def test_each_form_has_its_sentence() -> None:
    """Every pattern stands beside a title that the sentences know, and every sentence has its pattern."""
    assert set(FORMS) == {
        each["title"] for path, each in walk(SCHEMA) if isinstance(each.get("pattern"), str) and "/if/" not in path
    }


def test_no_other_title_hides_a_form() -> None:
    """What refers to a form and has a title of its own has one that the sentences know, too."""
    titles = {
        each["title"]
        for _, each in walk(SCHEMA)
        if "title" in each and "pattern" in SCHEMA["$defs"].get(str(each.get("$ref"))[8:], {})
    }
    assert set() == titles - set(FORMS)


def test_it_agrees_with_the_tables() -> None:
    """Types, policies and sources are those that the program has."""
    stores = SCHEMA["$defs"]["store"]["enum"]
    assert (
        sorted([*TYPES, *IDENTIFIERS, workload_identity.TYPE]),
        sorted({*OnDrift} - {OnDrift.ACCEPT}),
        sorted({*Store} - {Store.VARIABLES}),
    ) == (
        sorted(SCHEMA["$defs"]["known_type"]["enum"]),
        sorted(SCHEMA["$defs"]["on_drift"]["enum"]),
        sorted(stores),
    )
    federated = SCHEMA["$defs"]["identity_credential"]
    beside = ["only", "owner", "note", "on_drift"]
    assert (["type", *workload_identity.VARIABLES, *beside], ["type", *workload_identity.REQUIRED]) == (
        list(federated["properties"]),
        federated["required"],
    )
    assert ({"owner", "repo", "environment"}, {*SOURCE_TYPES, *SOURCE_OPTIONS}) == (
        set(NAMES),
        set(SCHEMA["$defs"]["own_source"]["properties"]),
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("properties", "pass"),
            {},
            "schemas/flowforge.schema.json and flowforge/source_types.py have different sources",
        ),
        (("dependentRequired", "timeout"), ["env"], "schemas/flowforge.schema.json and .* have different options"),
        (
            ("properties", "file"),
            {"type": "number"},
            r"flowforge/manifest/schema.py has no fix .* is wanted: \['number'\]",
        ),
        (("properties", "env", "title"), "Entry", "flowforge/manifest/messages.py has no sentence for Entry"),
    ],
)
def test_a_schema_that_is_ahead_of_the_tables(path: tuple[str, ...], value: object, message: str) -> None:
    """It cannot be imported: a typo of a user's would be the first to find out."""
    schema = copy.deepcopy(SCHEMA)
    part = schema["$defs"]["own_source"]
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(ImportError, match=f"^{message}"):
        require_whole(schema)


NAME = st.text(st.sampled_from("aZ09._-/ \n@é"), max_size=8)


def is_repo(text: str) -> bool:
    """Whether the planner takes a repo's name."""
    try:
        Repo.parse(text)
    except ValueError:
        return False
    return True


@given(NAME | st.from_regex(r"\A[a-z0-9._-]{1,3}/[a-z0-9._-]{1,3}\n?\Z"))
def test_the_pattern_of_a_repo_is_the_planners(text: str) -> None:
    """The schema takes a repo's name exactly where the planner does; but for a final line break (Python's `$`)."""
    assert is_repo(text) == (definition("repo").is_valid(text) and not text.endswith("\n"))


@given(st.text(st.sampled_from("019hdwms "), max_size=7) | st.integers())
def test_every_duration_can_be_read(text: str | int) -> None:
    """What the schema takes for a duration is one, longer than nothing."""
    if definition("duration").is_valid(text):
        assert read_duration(str(text)).total_seconds() >= 1


SECRET = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.IGNORECASE)


@given(
    st.text(st.sampled_from("aZ_9- "), max_size=4) | st.sampled_from(["github_x", "GitHub_X", "GITHUB", "_GITHUB_X"])
)
def test_the_pattern_of_a_secret_is_githubs(text: str) -> None:
    """Letters, digits and _, no digit first, no GITHUB_ first, whatever the case (github-api.md, 2.1)."""
    assert bool(SECRET.fullmatch(text)) == definition("secret").is_valid(text)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.just(10**9)
    | st.sampled_from(["", "k", "acme/api", "2027-02-01", "90d", "A"])
)
WORDS = (
    "select org topics properties visibility "
    "version github api_url auth token env file state defaults on_drift credentials k type from secret max_age "
    "allow_nonstandard groups repos exclude targets name credential absent x-y z"
)
KEYS = st.sampled_from(WORDS.split())
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
SOUND: dict[str, Any] = {
    "version": 1,
    "credentials": {"k": {"type": "anthropic_api_key", "from": {"env": "K"}, "max_age": "90d"}},
    "groups": {
        "g": {"repos": ["acme/api"], "exclude": ["acme/x*"]},
        "s": {"select": {"org": "acme", "name": "k", "properties": {"k": ["k"]}, "visibility": ["public"]}},
    },
    "targets": [{"name": "t", "groups": ["g"], "credential": "k", "secret": "S"}],
    "absent": [{"name": "a", "repos": ["acme/api"], "secret": "X"}],
}


@st.composite
def almost_sound(draw: st.DrawFn) -> object:
    """Make a sound manifest in which one place has anything."""
    data = json.loads(json.dumps(SOUND))
    node: Any = data
    while True:
        step = draw(st.sampled_from(sorted(node)) if isinstance(node, dict) else st.integers(0, len(node) - 1))
        if not isinstance(node[step], dict | list) or not node[step] or draw(st.integers(0, 3)) == 0:
            node[step] = draw(ANYTHING)
            return data
        node = node[step]


# Sound values of every key that an entry, a selector, a source or a way to sign in can have.
PARTS: dict[str, dict[str, Any]] = {
    "target": {
        "org": "acme",
        "repos": ["acme/api"],
        "groups": ["g"],
        "select": {"org": "acme"},
        "exclude": ["acme/x"],
        "allow_empty": True,
        "auto_admit": True,
        "stores": ["actions"],
        "environments": ["e"],
        "secret": "S",
        "visible_to": "all",
        "create_environment": True,
    },
    "absent": {
        "org": "acme",
        "repos": ["acme/api"],
        "groups": [],
        "select": {"org": "acme"},
        "allow_empty": False,
        "stores": ["actions"],
        "environments": ["e"],
        "secret": "S",
        "variable": "V",
        "auto_admit": True,
    },
    "select": {"org": "acme", "user": "ada", "installation": True, "team": "t", "properties": {"p": "v"}},
    "from": {"env": "K", "file": "k", "command": ["k"], "prompt": "k", "timeout": "3s", "acme-vault": "k"},
    "auth": {"token": {"env": "T"}, "app": {"client_id": "x", "private_key": {"env": "P"}}},
    "state": {"file": "s.json", "github": {"repo": "acme/ops"}},
    "visible_to": {"repos": ["acme/api"], "groups": [], "select": {"org": "acme"}, "allow_empty": True},
}


@st.composite
def rearranged(draw: st.DrawFn) -> object:
    """Make a manifest whose parts have any of their keys, each with a sound value: only how they go together varies."""
    some = {
        name: {key: part[key] for key in draw(st.sets(st.sampled_from(sorted(part))))} for name, part in PARTS.items()
    }
    data = json.loads(json.dumps(SOUND))
    if draw(st.booleans()):
        data["targets"][0] = {"name": "t", "credential": "k", **some["target"]}
    if draw(st.booleans()):
        data["absent"][0] = {"name": "a", **some["absent"]}
    if draw(st.booleans()):
        data["targets"].append({"name": "s", "credential": "k", "select": some["select"]})
    if draw(st.booleans()):
        data["credentials"]["k"]["from"] = some["from"]
    if draw(st.booleans()):
        data["targets"].append({"name": "v", "credential": "k", "org": "big", "visible_to": some["visible_to"]})
    if draw(st.booleans()):
        data |= {"github": {"auth": some["auth"]}, "state": some["state"]}
    return data


@settings(max_examples=min(1_000, settings().max_examples))
@given(almost_sound() | st.dictionaries(KEYS, ANYTHING))
def test_the_loader_says_what_the_schema_says(data: object) -> None:
    """A shape that the schema takes has no problem; one that it refuses has one, whatever jsonschema found wrong."""
    findings = Findings()
    try:
        check(parse(yaml.safe_dump(data), "f", findings), findings)
        findings.raise_any()
        accepted = True
    except ManifestError:
        accepted = False
    assert accepted == all(error.validator in TOLD_LATER for error in VALIDATOR.iter_errors(data))


@settings(max_examples=min(1_000, settings().max_examples))
@given(almost_sound() | rearranged())
def test_what_the_schema_refuses_the_loader_refuses(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:  # noqa: ANN401 -- any YAML
    """Also where the schema only says how keys depend on one another: whoever reads them reports it."""
    file = tmp_path_factory.mktemp("any") / "flowforge.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    if not VALIDATOR.is_valid(data):
        with pytest.raises(ManifestError):
            load([file], environ={})


@settings(max_examples=min(1_000, settings().max_examples))
@given(almost_sound())
def test_nothing_is_left_out_silently(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:  # noqa: ANN401 -- any YAML
    """What is loaded has each credential, group, target and absent entry that was written: else there is a problem."""
    file = tmp_path_factory.mktemp("any") / "flowforge.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    try:
        manifest = load([file], environ={})
    except ManifestError:
        return
    sections = (manifest.credentials, manifest.groups, manifest.targets, manifest.absent)
    assert [len(data.get(key, ())) for key in ("credentials", "groups", "targets", "absent")] == [*map(len, sections)]
