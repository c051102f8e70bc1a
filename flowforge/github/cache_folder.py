"""Where a run keeps what the next one may use, and what nobody misses: FLOWFORGE_CACHE_DIR, or the user's cache."""

from collections.abc import Callable, Mapping
from pathlib import Path

from platformdirs import user_cache_path


def cache_file(
    environ: Mapping[str, str], name: str, users_folder: Callable[[str], Path] = user_cache_path
) -> Path | None:
    """Return a file of the cache; None without a home."""
    folder = environ.get("FLOWFORGE_CACHE_DIR")
    try:
        path = (Path(folder) if folder else users_folder("flowforge")) / name
    except RuntimeError:  # neither HOME nor an entry in passwd, as in some containers
        return None
    # Without a home, older releases of platformdirs return `~/.cache`, which would be a folder named ~ here.
    return path if folder or path.is_absolute() else None
