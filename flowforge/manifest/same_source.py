"""Whether two credentials read the same: as far as their sources say so, for no source is opened."""

import os.path

from flowforge.manifest.placeholders import fill_option, fits, may_be, names_in
from flowforge.manifest.source_spec import Option, SourceSpec
from flowforge.plan.address import Scope
from flowforge.source_types import Names


def has_placeholders(source: SourceSpec) -> bool:
    """Return whether what a source reads depends on the place that needs it."""
    return any(names_in(text) for text in source.texts)


def may_read_the_same(first: SourceSpec, second: SourceSpec, scope: Scope) -> bool:
    """Return whether, for any repo, the first may read what the second reads for a scope.

    What is compared is what a source is asked for, not how: with another `timeout` or `account` it still may be the
    same value. Of a plugin's options nothing is known, so all of them are compared.
    """
    if not _comparable(first, second) or not all(fits(name, scope) for text in second.texts for name in names_in(text)):
        return False
    keys = {*first.options, *second.options} if second.type.names is Names.ANYTHING else {second.name}
    return all(
        _may_be(
            _asked(first, first.options.get(key, "")), _asked(second, fill_option(second.options.get(key, ""), scope))
        )
        for key in keys
    )


def _comparable(first: SourceSpec, second: SourceSpec) -> bool:
    # A question has no answer of its own, and a workload identity has no value.
    kind = second.type
    return first.name == second.name and not kind.asks_person and kind.names is not Names.NOTHING


def _asked(source: SourceSpec, option: Option) -> tuple[str, ...]:
    """Return what a source is asked for, so that two spellings of it are equal."""
    texts = (option,) if isinstance(option, str) else option
    if source.type.names is Names.PATH:
        return tuple(os.path.normpath(source.folder / text) for text in texts)
    # 1Password finds vaults, items and fields without regard to case.
    return tuple(text.lower() for text in texts) if source.type.names is Names.REFERENCE else texts


def _may_be(texts: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return len(texts) == len(names) and all(map(may_be, texts, names))
