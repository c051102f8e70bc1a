"""Small pieces of text that every view shares."""


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 repo`, `2 repos`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a duration as precisely as people need it: `40 s`, `3 min`, `1 h 20 min`."""
    if seconds < 90:  # noqa: PLR2004 -- where people begin to think in minutes
        return f"{seconds:.0f} s"
    # Rounded before it is divided into hours: 59.7 minutes are an hour, not 60 min.
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 -- an hour
