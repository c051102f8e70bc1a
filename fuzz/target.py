"""What can be fuzzed: a law over any bytes, and what to begin from. Imports nothing of FlowForge: see `guided`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

SECONDS_FOR_ONE = 5  # an input that takes longer hangs


@dataclass(frozen=True, slots=True)
class Target:
    """One reader under test.

    law: takes any bytes, and raises where the reader does not hold its promises. seeds: makes real inputs when it is
    called. words: what to put into inputs. longest: bytes of an input.
    """

    law: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...] = ()
    longest: int = 4096
