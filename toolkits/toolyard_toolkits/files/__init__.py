"""Files below one folder: reading, listing, writing and changing them."""

from toolyard_toolkits.files.toolkit import FilesToolkit as FilesToolkit
