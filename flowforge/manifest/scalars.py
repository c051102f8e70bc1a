"""Read the strings of a manifest that stand for something else: days, durations, the address of an API."""

from datetime import date, timedelta
from urllib.parse import SplitResult, urlsplit

from flowforge.api_address import DOTCOM, Unusable, objection
from flowforge.durations import seconds
from flowforge.plan.action import OnDrift


def read_day(text: str) -> date | None:
    """Read a day of the form 2027-02-01. Return None if the calendar has no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_duration(text: str) -> timedelta:
    """Read a duration that has the schema's form, as 90d."""
    return timedelta(seconds=seconds(text) or 0)


def read_policy(text: str) -> OnDrift | None:
    """Read an `on_drift`. Return None for an empty text."""
    return OnDrift(text) if text else None


def read_api_url(text: str) -> str | Unusable:
    """Normalise the address of an API: scheme and host in lower case, no slash at the end."""
    url = _split(text)
    if url is None or not url.hostname:
        return Unusable("its host, port or path cannot be read", f"write it as https://{DOTCOM}")
    no = objection(url.scheme, url.hostname, url.path)
    return no or f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"


def _split(text: str) -> SplitResult | None:
    try:
        # Reading the port raises ValueError for one that is no number.
        url = urlsplit(text)
        usable = url.port != 0
    except ValueError:
        return None
    # A dot segment would let the path of a request leave that of the API.
    return url if usable and not {".", ".."} & set(url.path.split("/")) else None
