"""Handlers of GitHub Apps: who an App is, where it is installed, and the tokens of its installations."""

import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Final, cast

from flowforge.sandbox.handlers import shapes
from flowforge.sandbox.handlers.call import Call, page_of
from flowforge.sandbox.handlers.shapes import node_id
from flowforge.sandbox.rules.access import Level, levels, words
from flowforge.sandbox.rules.answers import DOCS, ApiAnswer, RefusalError, not_found, parsed, whole
from flowforge.sandbox.rules.apps import AppToken, InstallationToken, InstalledApp, RegisteredApp
from flowforge.sandbox.rules.clock import timestamp
from flowforge.sandbox.world.model import Repository

_TOKEN_DOCS: Final = f"{DOCS}/apps/apps#create-an-installation-access-token-for-an-app"
_NOT_GRANTED: Final = "The permissions requested are not granted to this installation."
_NOT_COVERED: Final = (
    "There is at least one repository that does not exist or is not accessible to the parent installation."
)
_MOST_REPOS: Final = 500


def get(call: Call) -> ApiAnswer:
    """Answer GET /app."""
    return ApiAnswer(200, _app(call, _asking(call)))


def list_installations(call: Call) -> ApiAnswer:
    """Answer GET /app/installations, suspended ones too."""
    app = _asking(call)
    page, headers = page_of(call, [each for each in call.world.apps.installations.values() if each.app is app])
    return ApiAnswer(200, [_installation(call, each) for each in page], headers)


def get_installation(call: Call) -> ApiAnswer:
    """Answer GET /app/installations/{installation_id}."""
    return ApiAnswer(200, _installation(call, _named(call)))


def of_organization(call: Call) -> ApiAnswer:
    """Answer GET /orgs/{org}/installation: 404 for a user, and where it is not installed."""
    return _at(call, organization=True)


def of_user(call: Call) -> ApiAnswer:
    """Answer GET /users/{username}/installation: 404 for an organization, and where it is not installed."""
    return _at(call, organization=False)


def of_repository(call: Call) -> ApiAnswer:
    """Answer GET /repos/{owner}/{repo}/installation: 404 where the installation was not given the repository."""
    repo = call.repository()
    there = call.world.apps.at(_asking(call), repo.owner.login)
    if there is None or not there.covers(repo):
        raise not_found()
    return ApiAnswer(200, _installation(call, there))


def create_token(call: Call) -> ApiAnswer:
    """Answer POST /app/installations/{installation_id}/access_tokens.

    An empty list or object narrows nothing: what GitHub does with one is not known, and this is the worse for a client.
    """
    there = _named(call)
    there.refuse_suspended()
    data = parsed(call.request.body) if call.request.body not in {b"", b"null"} else {}
    permissions = _permissions(there, data.get("permissions"))
    repos = _repositories(call, there, data)
    text, token = _mint(call, there, permissions, repos)
    body: dict[str, object] = {
        "token": text,
        "expires_at": timestamp(token.expires or 0),
        "permissions": words(token.permissions),
        "repository_selection": token.selection,
    }
    if repos:
        base, version = call.request.base, call.version
        body["repositories"] = [shapes.repository(repo, token, base, version) for repo in repos]
    return ApiAnswer(201, body)


def revoke_token(call: Call) -> ApiAnswer:
    """Answer DELETE /installation/token: the token that asks is 401 from now on."""
    if call.token.is_person:
        raise call.token.refused()
    call.world.revoke_token(call.request.headers["authorization"].partition(" ")[2].strip())
    return ApiAnswer(204)


def _asking(call: Call) -> RegisteredApp:
    """Return the App that asks. These routes admit nobody else."""
    return cast("AppToken", call.token).app


def _named(call: Call) -> InstalledApp:
    """Return the installation that the path names. Raise 404 for one of another App."""
    there = call.world.apps.installations.get(whole(call.params["installation"], 0))
    if there is None or there.app is not _asking(call):
        raise not_found()
    return there


def _at(call: Call, *, organization: bool) -> ApiAnswer:
    account = call.world.directory.owner(call.params["owner"])
    there = call.world.apps.at(_asking(call), call.params["owner"])
    if account is None or there is None or account.is_organization is not organization:
        raise not_found()
    return ApiAnswer(200, _installation(call, there))


def _permissions(there: InstalledApp, asked: object) -> Mapping[str, Level]:
    """Return what a token is to have: what is asked for, or all that the installation has. Raise 422 for more."""
    if not asked:
        return there.permissions
    if not isinstance(asked, dict) or not all(isinstance(level, str) for level in asked.values()):
        raise _unreadable("permissions", asked, "object")
    try:
        wanted = levels(asked)
    except ValueError:  # a level that no permission here has
        raise _refused(_NOT_GRANTED) from None
    if not all(Level.READ <= level <= there.permissions.get(name, Level.NONE) for name, level in wanted.items()):
        raise _refused(_NOT_GRANTED)
    return wanted


def _repositories(call: Call, there: InstalledApp, data: Mapping[str, object]) -> list[Repository]:
    """Return the repositories that a token is narrowed to; none for no narrowing. Raise 422 for others than it has."""
    names, numbers = data.get("repositories") or [], data.get("repository_ids") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _unreadable("repositories", names, "array of strings")
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        raise _unreadable("repository_ids", numbers, "array of integers")
    asked = len(names) + len(numbers)
    if asked > _MOST_REPOS:
        # The wording is that of GitHub's other lists: for this one it is not known.
        message = f"Invalid request.\n\nNo more than {_MOST_REPOS} items are allowed; {asked} were supplied."
        raise _refused(message)
    directory = call.world.directory
    found = [*(directory.by_name(f"{there.owner}/{name}") for name in names), *map(directory.by_id, numbers)]
    covered = [repo for repo in found if repo is not None and not repo.hidden and there.covers(repo)]
    if len(covered) != len(found):
        raise _refused(_NOT_COVERED)
    return list({repo.id: repo for repo in covered}.values())


def _mint(
    call: Call, there: InstalledApp, permissions: Mapping[str, Level], repos: Iterable[Repository]
) -> tuple[str, InstallationToken]:
    """Return a new token of an installation, and its text."""
    world = call.world
    token = InstallationToken(
        installation=there,
        number=len(world.apps.minted) + 1,
        login=f"{there.app.slug}[bot]",
        permissions={**permissions, "metadata": Level.READ},
        given=frozenset(repo.id for repo in repos) or None,
        size=sum(1 for repo in world.directory if there.covers(repo)),
        expires=call.now + world.settings.token_life,
    )
    # Since April 2026 what follows the App's id is a JWT. Nobody but GitHub can read it, so this one only looks so.
    parts = (secrets.token_urlsafe(size) for size in (24, 48, 256))
    text = f"ghs_{there.app.id}_eyJ{'.'.join(parts)}"
    world.add_token(text, token)
    world.apps.minted.append(token)
    return text, token


def _refused(message: str) -> RefusalError:
    return RefusalError(422, message, docs=_TOKEN_DOCS)


def _unreadable(member: str, value: object, kind: str) -> RefusalError:
    return _refused(f"Invalid request.\n\nFor 'properties/{member}', {json.dumps(value)} is not an {kind}.")


def _app(call: Call, app: RegisteredApp) -> dict[str, object]:
    """Return an integration."""
    there = [each for each in call.world.apps.installations.values() if each.app is app]
    then = timestamp(app.created)
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("App", app.id),
        "owner": shapes.owner(call.world.directory.user(app.owner), call.request.base),
        "name": app.slug,
        "description": None,
        "external_url": "https://example.com",
        "html_url": f"https://github.com/apps/{app.slug}",
        "created_at": then,
        "updated_at": then,
        "permissions": words(app.permissions),
        "events": [],
        "installations_count": len(there),
    }


def _installation(call: Call, there: InstalledApp) -> dict[str, object]:
    """Return an installation."""
    account, base = call.world.directory.user(there.owner), call.request.base
    settings = f"organizations/{account.login}/settings" if account.is_organization else "settings"
    suspended = there.suspended is not None
    return {
        "id": there.id,
        "account": shapes.owner(account, base),
        "repository_selection": "all" if there.repos is None else "selected",
        "access_tokens_url": f"{base}/app/installations/{there.id}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": f"https://github.com/{settings}/installations/{there.id}",
        "app_id": there.app.id,
        "client_id": there.app.client_id,
        "app_slug": there.app.slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": words(there.permissions),
        "events": [],
        "created_at": timestamp(there.created),
        "updated_at": timestamp(there.updated),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": shapes.owner(account, base) if suspended else None,
        "suspended_at": timestamp(there.suspended) if there.suspended is not None else None,
    }
