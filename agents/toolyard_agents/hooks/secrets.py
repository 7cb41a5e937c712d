"""Secrets that can be told by their looks: the keys of the well-known vendors, and what is called a password."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter

from toolyard_agents.hooks.rules import EDGE, Rule, has_digit

_NAME = (
    r"(?i:pass(?:word|wd|phrase|code)|pwd|secret(?:[_-]?(?:access[_-]?)?key|[_-]?token)?"
    r"|(?:api|access|private|account|auth|encryption|signing|subscription|master|license)[_-]?key|credentials?"
    r"|(?:access|refresh|auth|id|bearer|session|api|csrf|xsrf|oauth|private|bot|app|deploy)[_-]?token|authorization)"
)
_IS = r"(?:\s*(?:=>|:=|=|:)\s*)"
_NAMED = rf"{_NAME}[0-9]?\\*[\"']?{_IS}"
_OPEN = r"(?:\[\s*)?"
_WEAK = rf"(?i:token|key|sig|signature|sid|jwt|hash|nonce|pin)\\*[\"']?{_IS}\\*[\"']?"

NAMED = re.compile(
    r"(?:.*[^a-z])?(?:pass(?:word|wd|phrase|code)?s?|pwds?|secrets?|token|authorization|credentials?|cookies?|jwts?|"
    r"(?:secret|api|access|private|account|auth|encryption|signing|subscription|master|license)[_-]?keys?|"
    r"(?:access|refresh|auth|id|bearer|session|api|csrf|xsrf|oauth|private|bot|app|deploy|secret)[_-]?token)[0-9]?",
    re.IGNORECASE,
)
"""The whole name of a field that holds a secret."""
LONGEST_NAME = 100

_NOT_SECRET = frozenset(
    {b"", b"none", b"null", b"true", b"false", b"undefined", b"required", b"optional", b"string", b"str"}
) | {b"bearer", b"basic", b"token", b"digest", b"apikey"}
_RANDOM = 3.0
"""Bits of entropy of a letter, from which on a text is no word."""

_PEM = r"[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----"
_KEYS = (
    r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})",  # AWS
    r"(gh[pousr]_[A-Za-z0-9]{20,})",  # GitHub
    r"(github_pat_[A-Za-z0-9_]{20,})",
    r"(gl(?:pat|dt|rt|ptt|agent|soat|cbt)-[A-Za-z0-9_.-]{20,})",  # GitLab
    r"(xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}|xoxe\.[A-Za-z0-9.-]{10,})",  # Slack
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+)",
    r"(discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]+)",
    r"(AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,})",  # Google
    r"((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})",  # Stripe
    r"(hf_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,})",  # models
    r"(pplx-[A-Za-z0-9]{20,}|tvly-[A-Za-z0-9-]{16,}|nvapi-[A-Za-z0-9_-]{20,})",
    r"(npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{16,}|rubygems_[0-9a-f]{40,}|dckr_pat_[A-Za-z0-9_-]{20,})",  # registries
    r"(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|key-[0-9a-f]{32}|SK[0-9a-f]{32})",  # SendGrid, Mailgun, Twilio
    r"(do[opr]_v1_[0-9a-f]{40,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|dapi[0-9a-f]{32}|hv[sbr]\.[A-Za-z0-9_-]{20,})",
    r"(lin_api_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}|secret_[A-Za-z0-9]{40,}|ATATT3[A-Za-z0-9_=-]{20,})",
    r"(sntr[ysu]{1,3}_[A-Za-z0-9_=+/-]{30,}|PMAK-[A-Za-z0-9-]{30,}|figd_[A-Za-z0-9_-]{20,}|sbp_[0-9a-f]{40})",
    r"(AGE-SECRET-KEY-1[0-9A-Z]{50,}|[0-9]{8,10}:AA[A-Za-z0-9_-]{30,})",  # age, Telegram
    r"(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)",  # JWT
    # Whole, or cut off. What stands between has no `--`: a search ends at the next key, or it would grow too fast.
    rf"(-----BEGIN{_PEM}(?:(?:[A-Za-z0-9+/=\s\\:,.()]|[A-Za-z]-[A-Za-z])*?-----END{_PEM}|[A-Za-z0-9+/=\\\r\n]*))",
    r"://[^\s/:@\"'<>\\]*:([^\s/\"'<>\\]+)@",  # the password of a URL
    r"://([^\s/:@\"'<>\\]{16,})@",  # a token in its place
)


def _no_word(text: bytes, start: int, end: int) -> int:
    """Prose has no digits in its words; what is long and even is no word either."""
    found = text[start:end]
    return end if has_digit(found) and _entropy(found) >= _RANDOM else 0


def _key(text: bytes, start: int, end: int) -> int:
    return end if has_digit(text[start:end]) else 0


def _entropy(found: bytes) -> float:
    counts, length = Counter(found).values(), len(found)
    return -sum(count / length * math.log2(count / length) for count in counts)


def _value(text: bytes, start: int, end: int) -> int:
    return 0 if text[start:end].lstrip(b"[{(").rstrip(b".,)]}").lower() in _NOT_SECRET else end


def _basic(text: bytes, start: int, end: int) -> int:
    """A user and a password, in Base64."""
    try:
        return end if b":" in base64.b64decode(text[start:end], validate=True) else 0
    except (binascii.Error, ValueError):
        return 0


SECRET = (
    *(Rule(kind="SECRET", pattern=pattern) for pattern in _KEYS),
    Rule(kind="SECRET", pattern=rf"{EDGE}(sk-[A-Za-z0-9_-]{{16,}})", check=_key, skips=True),  # OpenAI, Anthropic
    Rule(kind="SECRET", pattern=r"(?i:bearer)\s+([A-Za-z0-9._~+/=-]{8,})", check=_key, skips=True),
    Rule(kind="SECRET", pattern=r"(?i:basic)\s+([A-Za-z0-9+/=]{8,500})", check=_basic, skips=True),
    Rule(kind="SECRET", pattern=rf"{_NAMED}(?i:(?:bearer|basic|token|digest|apikey)\s+)([^\s\"'\\]+)"),
    Rule(kind="SECRET", pattern=rf'{_NAMED}{_OPEN}"((?:[^"\\\r\n]|\\.)+)'),
    Rule(kind="SECRET", pattern=rf"{_NAMED}{_OPEN}'((?:[^'\\\r\n]|\\.)+)"),
    Rule(kind="SECRET", pattern=rf"{_NAMED}{_OPEN}\\+[\"']((?:[^\"'\\\r\n]|\\+[^\"'\\\r\n])+)"),
    Rule(kind="SECRET", pattern=rf"{_NAMED}((?:[^\s\"'&;<>\\]|\\[^nrtbfu\"'\\/\s])+)", check=_value, skips=True),
    Rule(kind="SECRET", pattern=rf"--{_NAME}\s+[\"']?([^-\s\"'\\][^\s\"'\\]*)"),  # of a command
    Rule(kind="SECRET", pattern=r"(?i:password|passphrase|passcode)\s+(?i:is|was)\s+[\"']?([^\s\"'\\]+)"),
    Rule(
        kind="SECRET", pattern=rf"(?:^|[^0-9A-Za-z]){_WEAK}([A-Za-z0-9_./+=~-]{{16,500}})", check=_no_word, skips=True
    ),
)
