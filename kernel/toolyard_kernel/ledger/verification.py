"""Whether a ledger is as it was written."""

from __future__ import annotations

from pathlib import Path

from toolyard_kernel.ledger.chains import Chain, Head
from toolyard_kernel.ledger.findings import Findings, Verdict
from toolyard_kernel.ledger.names import INDEX, chains_of, ledger_files, split_name
from toolyard_kernel.ledger.sequence import Sequence

Index = dict[str, Head | None]
"""Chain → its end, or None for one that was begun only."""


def verify(folder: Path) -> Verdict:
    """Read every file of a ledger's folder, and say what is changed, missing, out of order or torn.

    Raises:
        OSError: a file cannot be read.
    """
    findings = Findings()
    names = ledger_files(folder)  # before the index, which has a chain before the chain has a record
    for name in names:
        if split_name(name) is None:
            findings.problem(name, None, "no ledger wrote a file of this name")
    index, chains = _read_index(folder, findings), chains_of(names)
    if index is None and any((folder / name).stat().st_size for name in names):
        findings.problem(INDEX, None, "missing: it says which files there must be")
    heads = index or {}
    for chain in sorted(chains.keys() | heads.keys()):
        known = index is None or chain in index
        Chain(folder, chain, chains.get(chain, []), findings).verify(heads.get(chain), known=known)
    return findings.verdict()


def _read_index(folder: Path, findings: Findings) -> Index | None:
    if not (folder / INDEX).exists():
        return None
    entries: Index = {}
    sequence = Sequence(findings, counted=False)
    for number, line in sequence.read(folder / INDEX, INDEX):
        match line.record:
            case {"event": "opened", "chain": str(chain)}:
                entries.setdefault(chain, None)
            case {"event": "closed", "chain": str(chain), "records": int(records), "head": str(head)}:
                entries[chain] = Head(records, head)
            case _:
                findings.problem(INDEX, number, "this is no record of an index")
    if sequence.torn:
        findings.note(INDEX, sequence.torn, "torn: its process was killed while it was written")
    return entries
