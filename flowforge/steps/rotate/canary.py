"""What a rotation asks after each batch: the two kinds of canary, and their verdicts."""

from flowforge.steps.rotate.command_canary import command_canary
from flowforge.steps.rotate.verdicts import Canary, CanaryError, CanaryVerdict
from flowforge.steps.rotate.workflow_canary import workflow_canary

__all__ = ["Canary", "CanaryError", "CanaryVerdict", "command_canary", "workflow_canary"]
