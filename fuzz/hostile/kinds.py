"""The table of hostile answers. A new one joins in the module of its family."""

from typing import Final

from fuzz.hostile import echo, endless, large, wrong
from fuzz.hostile.server import Kinds

KINDS: Final[Kinds] = {**endless.KINDS, **large.KINDS, **wrong.KINDS, **echo.KINDS}
