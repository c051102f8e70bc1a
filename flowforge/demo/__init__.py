"""The demo: stories on a sandbox, with real processes, real HTTP on loopback and real sealed boxes."""
