"""`PIIRedactionHook`: personal data and secrets that are written down nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from toolyard_agents.errors import AgentError
from toolyard_agents.hooks import personal, secrets
from toolyard_agents.hooks.redaction import Redact
from toolyard_agents.hooks.rules import Rule
from toolyard_agents.hooks.scanning import Scanner


@dataclass(frozen=True, slots=True, kw_only=True)
class PIIRedactionHook:
    """Takes personal data and secrets out of all that a run writes down or tells; without flags, all it knows.

    It holds for events, traces, the ledger, logs, approvals that wait, and conversations as a storage keeps them. Tools
    get the real values, and so does the model, unless `redact_model_input`; `run` returns them to the program.

    Secrets are the keys of well-known vendors, private keys, tokens, passwords in URLs, and what a field or an
    assignment calls a password, secret, token or key. `patterns` are RE2 regular expressions by the kind that is
    written for them; the first group is redacted, or the whole. `also` are redactions of your own, such as one by an
    NLP library for names and places. `replacement` is written instead of a find, with `{kind}` for what it was.

    Raises:
        AgentError: a pattern is none, or matches an empty text.
    """

    redact_emails: bool = True
    redact_phones: bool = True
    redact_credit_cards: bool = True
    redact_iban: bool = True
    redact_ssn: bool = True
    redact_ip: bool = True
    redact_secrets: bool = True
    patterns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType[str, str]({}))
    also: Sequence[Redact] = ()
    replacement: str = "[{kind}]"
    redact_model_input: bool = False
    _scanner: Scanner = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        chosen = (
            (self.redact_secrets, secrets.SECRET),
            (self.redact_emails, personal.EMAIL),
            (self.redact_credit_cards, personal.CREDIT_CARD),
            (self.redact_iban, personal.IBAN),
            (self.redact_ssn, personal.SSN),
            (self.redact_phones, personal.PHONE),
            (self.redact_ip, personal.IP),
        )
        own = tuple(Rule(kind=_kind(kind), pattern=pattern) for kind, pattern in self.patterns.items())
        rules = tuple(rule for on, rules in chosen if on for rule in rules)
        object.__setattr__(self, "_scanner", Scanner(rules, own, self.replacement))

    def redact(self, text: str) -> str:
        """The text without what is found in it; it takes time in proportion to its length, whatever it is."""
        text = self._scanner.redacted(text)
        for redact in self.also:
            text = redact(text)
        return text

    def named(self, name: str) -> str | None:
        """What is written instead of the value of a field of this name, where the name says that it is a secret."""
        if not self.redact_secrets or len(name) > secrets.LONGEST_NAME or not secrets.NAMED.fullmatch(name):
            return None
        return self.replacement.replace("{kind}", "SECRET")


def _kind(kind: str) -> str:
    if not kind:
        raise AgentError("patterns: a kind is empty; expected a name such as EMPLOYEE_ID")
    return kind
