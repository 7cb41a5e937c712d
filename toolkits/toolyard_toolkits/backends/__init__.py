"""Where the built-in tools execute."""

from toolyard_toolkits.backends.local import LocalBackend as LocalBackend
from toolyard_toolkits.backends.sandbox import SandboxBackend as SandboxBackend
