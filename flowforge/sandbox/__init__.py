"""A local GitHub to rehearse against: real HTTP on loopback and a unix socket, real sealed boxes, GitHub's rules.

with Sandbox() as sandbox:
    sandbox.world.create_repos("acme", 25)
    ...                                     # sandbox.url, sandbox.token
    sandbox.world.reveal("acme/repo-001")   # the decrypted values
"""

from flowforge.sandbox.rules.access import Level, Token, TokenKind
from flowforge.sandbox.rules.faults import Fault, FaultKind
from flowforge.sandbox.sandbox import Sandbox
from flowforge.sandbox.world.scope import Lag
from flowforge.sandbox.world.world import World

__all__ = ["Fault", "FaultKind", "Lag", "Level", "Sandbox", "Token", "TokenKind", "World"]
