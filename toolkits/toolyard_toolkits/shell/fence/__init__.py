"""What is looked at before a confined command runs: it may be made of plain, listed commands only.

The sandbox behind it holds whatever this lets through. What this adds is an answer that helps, before anything runs.
"""

from toolyard_toolkits.shell.fence.fence import Fence as Fence
from toolyard_toolkits.shell.fence.refusing import Refused as Refused
