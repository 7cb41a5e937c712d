"""A shell in one folder: `bash`, whose commands end with their call."""

from toolyard_toolkits.shell.toolkit import ShellToolkit as ShellToolkit
