"""Personal data that has a form of its own: addresses, numbers of cards, accounts, phones and people."""

from __future__ import annotations

import ipaddress

from toolyard_agents.hooks.rules import EDGE, Rule, alone, digits_of

# Countries with the length of their IBANs, from the IBAN registry.
_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
IBAN_LENGTHS = {one[:2].encode(): int(one[2:]) for one in _IBANS.split()}

_SEPARATORS = b" -\xc2\xa0"
_NUMBERS = {ord("A") + place: str(10 + place) for place in range(26)}
_VALUES = bytes(max(letter - 48, 0) for letter in range(256))
_DOUBLED = bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]) + bytes(246)

_LABEL = r"[A-Za-z0-9\x80-\xff][A-Za-z0-9\x80-\xff-]*"
_AT = r"(?:@|%40|&#64;|\\u0040)"
_DOMAIN = rf"(?:(?:{_LABEL}\.)+[A-Za-z\x80-\xff][A-Za-z0-9\x80-\xff-]+|\[[0-9A-Fa-fv:.]+\])"
_LOCAL = r"[A-Za-z0-9!#$&*+?^_`{|}~\x80-\xff-](?:[A-Za-z0-9.!#$%&'*+?^_`{|}~\x80-\xff-]*)"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GAP = r"(?:[ .-]|\xc2\xa0)"
_WIDE_GAP = r"(?:[ ./()-]|\xc2\xa0){0,3}"


def luhn(digits: bytes) -> bool:
    """The checksum of card numbers."""
    values = digits.translate(_VALUES)
    return (sum(values[-1::-2]) + sum(values[-2::-2].translate(_DOUBLED))) % 10 == 0


def _card(text: bytes, start: int, end: int) -> int:
    return end if alone(text, start, end) and luhn(digits_of(text, start, end)) else 0


def _iban(text: bytes, start: int, end: int) -> int:
    found = text[start:end].translate(None, _SEPARATORS)[: IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)]
    if not found or int((found[4:] + found[:4]).decode().upper().translate(_NUMBERS)) % 97 != 1:
        return 0
    while len(text[start : end - 1].translate(None, _SEPARATORS)) >= len(found):  # words that follow it
        end -= 1
    return end


def _ssn(text: bytes, start: int, end: int) -> int:
    digits = digits_of(text, start, end)
    never = digits[:3] in (b"000", b"666") or digits[3:5] == b"00" or digits[5:] == b"0000"
    return 0 if never else alone(text, start, end)


def _phone(text: bytes, start: int, end: int) -> int:
    return _number(text, start, end, least=8, most=15)  # E.164


def _national(text: bytes, start: int, end: int) -> int:
    return _number(text, start, end, least=9, most=12)  # with fewer digits it may be a date


def _number(text: bytes, start: int, end: int, *, least: int, most: int) -> int:
    """Where a number of so many digits ends; what has more of them may be two."""
    while len(digits_of(text, start, end)) > most or not alone(text, start, end):
        end = max(text.rfind(gap, start, end) for gap in b" -/.()\xa0")
        if end <= start:
            return 0
    return end if len(digits_of(text, start, end)) >= least else 0


def _ip(text: bytes, start: int, end: int) -> int:
    """This machine itself tells nobody anything."""
    if text[end : end + 1].isalnum() or (text[end : end + 1] == b"." and text[end + 1 : end + 2].isdigit()):
        return 0
    found = text[start:end]
    if b":" in found and b"::" not in found and found.count(b":") < 6:  # noqa: PLR2004 - a time of the day
        return 0
    try:
        address = ipaddress.ip_address(found.decode())
    except ValueError:
        return 0
    return 0 if address.is_loopback or address.is_unspecified else end


EMAIL = (
    Rule(kind="EMAIL", pattern=rf"({_LOCAL}{_AT}{_DOMAIN})"),
    Rule(kind="EMAIL", pattern=rf'(\\?"[^"\r\n@]{{1,64}}"@{_DOMAIN})'),
)
CREDIT_CARD = (
    Rule(
        kind="CREDIT_CARD",
        pattern=r"(?:^|[^0-9.])((?:4|5[0-9]|2[2-7]|3[04-9]|6[0-9])[0-9]{11,18}"
        rf"|(?:4[0-9]|5[0-9]|2[2-7]|3[0-9]|6[0-9])[0-9]{{2}}(?:{_GAP}[0-9]{{4}}){{3}}"
        rf"|3[0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}})",
        check=_card,
    ),
)
IBAN = (
    Rule(
        kind="IBAN", pattern=rf"{EDGE}((?i:[A-Z]{{2}}[0-9]{{2}}(?:(?:[ -]|\xc2\xa0)?[A-Z0-9]){{11,30}}))", check=_iban
    ),
)
SSN = (
    Rule(
        kind="SSN",
        pattern=r"(?:^|[^0-9-])([0-8][0-9]{2}-[0-9]{2}-[0-9]{4}|[0-8][0-9]{2} [0-9]{2} [0-9]{4})",
        check=_ssn,
    ),
    Rule(kind="SSN", pattern=r"(?i:ssn|social security)[^0-9\r\n]{0,20}([0-8][0-9]{8})", check=_ssn),
)
PHONE = (
    Rule(kind="PHONE", pattern=rf"(?:^|[^0-9+])(\+[ ]?[1-9](?:{_WIDE_GAP}[0-9]){{7,14}})", check=_phone),
    Rule(
        kind="PHONE",
        pattern=rf"(?:{EDGE}|\()((?:1{_GAP})?(?:\([2-9][0-9]{{2}}\)[ ]?|[2-9][0-9]{{2}}{_GAP})"
        rf"[0-9]{{3}}{_GAP}[0-9]{{4}})",
        check=_phone,
    ),
    Rule(kind="PHONE", pattern=rf"{EDGE}(00[1-9][0-9]{{0,2}}[ ./-](?:{_WIDE_GAP}[0-9]){{6,12}})", check=_phone),
    Rule(
        kind="PHONE", pattern=rf"{EDGE}(\(?0[1-9][0-9]{{1,4}}\)?(?:[ /-]{{1,3}}[0-9]{{2,8}}){{1,4}})", check=_national
    ),
    Rule(
        kind="PHONE",
        pattern=r"(?i:phone|tel|telefon|mobile|cell|fax|handy)[^0-9A-Za-z\r\n]{1,8}"
        r"([0-9(](?:[ ().\/-]{0,2}[0-9]){6,14})",
        check=alone,
    ),
)
IP = (
    Rule(kind="IP", pattern=rf"(?:^|[^0-9A-Za-z.]|\\[nrt])({_OCTET}(?:\.{_OCTET}){{3}})", check=_ip),
    Rule(
        kind="IP",
        pattern=rf"(?:^|[^0-9A-Za-z:.]|\\[nrt])([0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,7}}(?:\.{_OCTET}){{0,3}})",
        check=_ip,
    ),
)
