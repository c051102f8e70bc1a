import sys,time
import pytest
from tests.cli.conftest import *
from tests.clocks import SandboxTime
def test_x(fleet):
    fleet.sandbox.world.limits.content=True
    clock=SandboxTime(fleet.sandbox.world.clock)
    fleet.parts["clock"]=lambda *_: clock
    fleet.grow(600)
    v=fleet.set_key()
    t=time.time(); b=clock.now()
    out=""
    done=fleet.flowforge("apply","--yes","--max-wait","5m","--no-color")
    out+=f"{done.code} {time.time()-t} {clock.now()-b}\n"
    e=done.err.splitlines()
    out+=("\n".join(l for l in e if not l.startswith("Writing")))
    out+=("\n".join([l for l in done.lines if not l.startswith("+")][-60:]))
    out+=str(fleet.sandbox.world.stats().refusals)
    clock.wait(3600, __import__("threading").Event())
    done=fleet.flowforge("apply","--yes","--max-wait","5m","--no-color")
    out+=f"{done.code} {time.time()-t} {clock.now()-b}\n"
    e=done.err.splitlines()
    out+=("\n".join(l for l in e if not l.startswith("Writing")))
    out+=("\n".join([l for l in done.lines if not l.startswith("+")][-60:]))
    out+=str(fleet.sandbox.world.stats().refusals)
    print(out)
    assert 0
