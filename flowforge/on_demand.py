"""The one place of lazy loading: what is imported when it is used, because most runs do without it.

Everywhere else imports stand at the top of the file. The tests of start-up say what each command may load.
"""

import gc
import sys
from importlib import import_module
from types import ModuleType


def load(module: str) -> ModuleType:
    """Return a module, imported now if it is not yet.

    What an import makes stays as long as the process. The collector would walk all of it again and again while more is
    imported, an eighth of a plan's CPU time: it rests meanwhile, and leaves alone what was imported (see gc.freeze).
    """
    if module in sys.modules:
        # Not what stands there: another thread may be in the middle of importing it. This waits for that.
        return import_module(module)
    rests = not gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        if not rests:
            gc.enable()
        gc.freeze()
