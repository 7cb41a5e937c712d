"""The toolkit `search`: find files by their names, and lines by what is in them."""

from toolyard_toolkits.search.toolkit import SearchToolkit as SearchToolkit
