"""What the tests of rotations share: who holds which value, by decryption."""

from collections import Counter

from tests.cli.conftest import Fleet

KEY = "ANTHROPIC_API_KEY"


def who_has(fleet: Fleet, *values: str) -> Counter[str]:
    """Count by decryption how many repos hold each value: `old`, `new` and `third` as they are given, or `other`."""
    names = dict(zip(values, ("old", "new", "third"), strict=False))
    return Counter(names.get(held.get(KEY, ""), "other") for held in fleet.held().values())
