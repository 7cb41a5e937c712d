"""Files below one folder: reading and listing them."""

from toolyard_toolkits.files.toolkit import FilesToolkit as FilesToolkit
