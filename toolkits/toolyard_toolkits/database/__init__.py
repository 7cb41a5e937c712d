"""Tables behind SQL: SQLite, PostgreSQL, MySQL and MariaDB."""

from toolyard_toolkits.database.toolkit import DatabaseToolkit as DatabaseToolkit
