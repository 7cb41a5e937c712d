"""What no statement may use, by its name: functions that reach beyond the data, and tables that hold secrets.

It makes good messages and early refusals. None of it is what keeps a database safe: that is the role that the
connection has, its read-only transaction, and in SQLite the authorizer.
"""

from __future__ import annotations

import re

from toolyard_toolkits.database.addresses import Kind

_FILES = "reads or writes files of the server"
_NETWORK = "reaches other systems"
_CODE = "loads code or runs programs"
_SESSIONS = "acts on sessions and settings of the server"
_WAITS = "only waits or holds others up"
_HIDDEN = "runs SQL that is hidden in a text; write that SQL itself"
_SECRETS = "shows the inside of the database file"

BEYOND: dict[Kind, tuple[tuple[str, str], ...]] = {
    "sqlite": (
        (r"load_extension|fts3_tokenizer|edit|eval", _CODE),
        (r"readfile|writefile|fsdir|lsdir|zipfile|lsmode", _FILES),
        (r"sqlite_dbpage|sqlite_dbptr|sqlite_dbdata", _SECRETS),
    ),
    "postgresql": (
        (r"pg_read_(binary_)?file(_all|_off_len)?|pg_ls_\w+|pg_stat_file|pg_file_\w+|lo_import|lo_export", _FILES),
        (r"pg_(current_)?logfile|pg_hba_file_rules|pg_show_all_file_settings|pg_get_wal_\w+", _FILES),
        (r"dblink\w*|postgres_fdw_\w+|http(_get|_post|_put|_delete|_patch|_head)?|aws_\w+", _NETWORK),
        (r"pg_(terminate|cancel)_backend|pg_log_backend_memory_contexts|pg_reload_conf|pg_rotate_logfile", _SESSIONS),
        (r"pg_stat_reset\w*|pg_promote|pg_wal_replay_\w+|pg_switch_wal|pg_create_restore_point", _SESSIONS),
        (r"pg_backup_\w+|pg_(start|stop)_backup|pg_\w*replication_\w+|pg_logical_\w+|set_config", _SESSIONS),
        (r"pg_(try_)?advisory_\w+|pg_sleep(_for|_until)?", _WAITS),
        (r"(query|cursor)_to_xml(schema|_and_xmlschema)?|ts_stat|crosstab\w*|connectby", _HIDDEN),
    ),
    "mariadb": (
        (r"load_file", _FILES),
        (r"sys_(exec|eval|get|set)|lib_mysqludf_\w+", _CODE),
        (r"sleep|benchmark|get_lock|release_lock|release_all_locks|master_(pos|gtid)_wait|wait_for_\w+", _WAITS),
        (r"source_pos_wait|load_cred\w*", _SESSIONS),
    ),
}

CHANGING: dict[Kind, re.Pattern[str]] = {
    "sqlite": re.compile(r"(?!)"),
    "postgresql": re.compile(
        r"nextval|setval|lo_(creat|create|put|from_bytea|unlink|open|truncate(64)?)|lowrite|pg_notify"
    ),
    "mariadb": re.compile(r"nextval|setval|next_value_for"),
}
"""Functions that change data: they need the right to write."""

SECRET_TABLES: dict[Kind, re.Pattern[str]] = {
    "sqlite": re.compile(r"(.*\.)?sqlite_(dbpage|dbdata|dbptr)|(.*\.)?(fsdir|zipfile)"),
    "postgresql": re.compile(
        r"(.*\.)?(pg_authid|pg_shadow|pg_user_mappings?|pg_largeobject|pg_hba_file_rules|pg_file_settings)"
    ),
    "mariadb": re.compile(r"(.*\.)?mysql\..+|(.*\.)?information_schema\.user_privileges"),
}
"""Tables with passwords or configuration of the server."""

PRAGMAS = frozenset(
    {
        "application_id",
        "collation_list",
        "compile_options",
        "data_version",
        "encoding",
        "foreign_key_check",
        "foreign_key_list",
        "freelist_count",
        "function_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "journal_mode",
        "module_list",
        "page_count",
        "page_size",
        "pragma_list",
        "quick_check",
        "schema_version",
        "table_info",
        "table_list",
        "table_xinfo",
        "user_version",
    }
)
"""Pragmas that tell something and change nothing, as long as they are given nothing to set."""

ASKING_PRAGMAS = frozenset(
    {
        "foreign_key_check",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "integrity_check",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)
"""Those whose argument says what to tell about."""


def beyond(kind: Kind, function: str) -> str | None:
    """What `function` does that no call may, if it does."""
    return next((does for names, does in BEYOND[kind] if re.fullmatch(names, function)), None)
