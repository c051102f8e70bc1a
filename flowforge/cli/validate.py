"""`flowforge validate`: check the manifest, offline."""

import os
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from flowforge import offline
from flowforge.api_address import host_for_people
from flowforge.cli.output import output_of
from flowforge.cli.streams import say
from flowforge.errors import ExitCode, printable
from flowforge.manifest.expand import selectors_of
from flowforge.render.document import validation_document
from flowforge.render.phrases import count


def main(*, files: tuple[Path, ...], manifests: tuple[Path, ...], verbose: bool, quiet: bool, **given: Any) -> int:  # noqa: ANN401 -- as for plan
    """Check the manifest, print what it comes to, and return the exit code. files: what is named as linters are."""
    manifests = _named(files, manifests)
    output = output_of({"manifests": manifests, "quiet": quiet, **given}, "validation")
    with output.explaining():
        manifest, places = offline.validate(manifests, os.environ)
    if not quiet:
        say(*(f"warning: {printable(warning)}" for warning in manifest.warnings))
    # Which repos a selector finds GitHub alone could say, so they are counted as what they are.
    selectors = len(selectors_of(manifest))
    holders = {place.address.scope.repo for place in places}
    repos = {repo for repo in holders if not repo.is_organization}
    organizations = len(holders) - len(repos)
    output.lines(f"{printable(str(place.address))}  {place.presence.value}" for place in places if verbose)
    found = f", and what {count(selectors, 'selector')} find{'s' * (selectors == 1)}" if selectors else ""
    own = f" and {count(organizations, 'organization')}" if organizations else ""
    output.lines([f"The manifest is valid: {count(len(places), 'secret')} in {count(len(repos), 'repo')}{own}{found}."])
    host = host_for_people(manifest.github.api_url, os.environ)
    document = validation_document(len(places), len(repos), organizations, selectors, manifest.warnings, host=host)
    output.finish(document)
    code = ExitCode.ERROR if output.broken else ExitCode.DONE
    output.conclude(document, code)
    return code


def _named(files: tuple[Path, ...], manifests: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the manifests to check: what -m adds to the files, but not what it is where nobody gave it."""
    given = click.get_current_context().get_parameter_source("manifests") is ParameterSource.COMMANDLINE
    return (*files, *manifests) if given or not files else files
