"""The little languages of `sed` and `awk`: scripts that print, and neither run, nor read, nor write anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolyard_toolkits.shell.fence.options import Options, Parsed, names
from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Word

_ADDRESS = r"(?:\d+|\$|/(?:[^/\\\n]|\\[^\n])*/I?)"
_TO = r"(?:,[ \t]*(?:" + _ADDRESS + r"|[+~]\d+)|~\d+)?"
_DELIMITERS = "/|#,:@!%_"
_SUBSTITUTE = "|".join(
    rf"s{d}(?:[^{d}\\\n]|\\[^\n])*{d}(?:[^{d}\\\n]|\\[^\n])*{d}[gpiI0-9]*" for d in map(re.escape, _DELIMITERS)
)
_TRANSLATE = r"y/(?:[^/\\\n]|\\[^\n])*/(?:[^/\\\n]|\\[^\n])*/"
_COMMAND = rf"(?:(?:{_ADDRESS}{_TO})?[ \t]*!?(?:[pdDPnNhHgGxl=]|q\d*|{_SUBSTITUTE}|{_TRANSLATE})[ \t]*)?"
_SED_SCRIPT = re.compile(rf"[ \t]*{_COMMAND}(?:[;\n][ \t]*{_COMMAND})*")
LONGEST_SCRIPT = 2_000

_SED_FLAGS = names("quiet silent regexp-extended separate unbuffered null-data posix debug")
_SED = Options(flags="nErsuz", valued="e", long_flags=_SED_FLAGS, long_valued=frozenset({"expression"}))
_SED_IN_PLACE = Options(
    flags="nErsuzi", valued="e", long_flags=_SED_FLAGS | {"in-place"}, long_valued=frozenset({"expression"})
)

_AWK = Options(valued="Fv", long_valued=frozenset({"field-separator", "assign"}))
_AWK_REFUSED = re.compile(r"system|getline|close|fflush|printf?\b[^;}\n]*>|>>|[|@>]", re.IGNORECASE)


def check_sed(name: str, words: Sequence[Word]) -> None:
    _check_sed_scripts(_SED.check(name, words))


def check_sed_in_place(name: str, words: Sequence[Word]) -> None:
    _check_sed_scripts(_SED_IN_PLACE.check(name, words))


def _check_sed_scripts(parsed: Parsed) -> None:
    scripts = parsed.values("e", "expression") or parsed.operands[:1]
    for script in scripts:
        if not script.exact:
            raise Refused("the script of `sed` must be written out, in single quotes")
        if len(script.text) > LONGEST_SCRIPT or not _SED_SCRIPT.fullmatch(script.text):
            raise Refused(
                f"`sed {script.text}`: scripts of addresses with p, d, q, =, y and s (its flags: g, p, i, a number) "
                "are used here, as in `sed -n '10,20p' FILE`"
            )


def check_awk(name: str, words: Sequence[Word]) -> None:
    parsed = _AWK.check(name, words)
    if not parsed.operands:
        raise Refused(f"`{name}` is used as `{name} 'PROGRAM' FILE…`")
    program = parsed.operands[0]
    if not program.exact:
        raise Refused(f"the program of `{name}` must be written out, in single quotes")
    if found := _AWK_REFUSED.search(program.text.replace("||", "")):
        raise Refused(
            f"`{name}`: {found.group()!r} in a program can run or write something; compare with `<` the other way "
            "round, and put pipes behind the whole command"
        )
