"""What `edit` does: one piece of a file gives way to another, and the answer shows what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from toolyard_kernel.backends import Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import named, refusal
from toolyard_toolkits.files.closest import closest
from toolyard_toolkits.files.difference import difference, parts_of, shown_plainly
from toolyard_toolkits.files.document import Change, Document, whole
from toolyard_toolkits.files.matching import MOST_LINES, MOST_PLACES, at_most, exact, overlapping, tolerant

PREVIEW_BYTES = 7_000
FRAME_BYTES = 400
NAMED_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    document: Document
    changes: Sequence[Change]
    content: bytes
    exactly: bool

    def difference(self, room: int) -> str:
        return difference(parts_of(self.document.text, self.changes), room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """One call of `edit`: `new` takes the place of `old` in the file at `path`; with `everywhere`, wherever it is."""

    root: Directory
    path: str
    old: str
    new: str
    everywhere: bool
    ctx: ToolContext

    def answer(self) -> str:
        """Change the file, and show how.

        Raises:
            ToolError: it cannot be changed so, or somebody else has changed it meanwhile.
        """
        plan = self._plan()
        if self.ctx.cancelled:
            raise self._refusal("nothing was changed: the call is over")
        self.root.write(self.path, plan.content, replace=True, expected=plan.document.content)
        room = self.ctx.caller.profile.limits.output_bytes - FRAME_BYTES - len(named(self.path).encode())
        return f"{named(self.path)}: {self._told(plan)}\n{plan.difference(room)}"

    def preview(self) -> str:
        """What `answer` would show, with nothing changed."""
        plan = self._plan()
        shown = plan.difference(PREVIEW_BYTES)
        said = f"{named(self.path)}: {self._told(plan)}\n{shown}"
        return "\n".join(map(shown_plainly, said.split("\n")))

    def _told(self, plan: _Plan) -> str:
        count = len(plan.changes)
        line = _line(plan.document.text, plan.changes[0].start)
        places = f"{count} places, the first at line {line}" if count > 1 else f"1 place, at line {line}"
        return f"{places}{'' if plan.exactly else ', where only the white space was not as in old_string'}"

    def _plan(self) -> _Plan:
        if not self.old:
            raise self._refusal("old_string is empty; give the lines to replace, or use `write` for a whole file")
        with self.root.file(self.path) as file:
            document = Document.of(self.path, whole(self.path, file))
        old, new = document.plain(self.old), document.plain(self.new)
        if old == new:
            same = "old_string and new_string are the same"
            endings = ", but for the line ends, which `edit` keeps as they are" if self.old != self.new else ""
            raise self._refusal(f"{same}{endings}; give the text as it should become")
        changes = self._exact(document.text, old, new)
        exactly = bool(changes)
        changes = changes or self._tolerant(document.text, old, new)
        content = document.changed(self.path, changes)
        if content == document.content:
            raise self._refusal("the file says what new_string does already; nothing is left to change")
        return _Plan(document=document, changes=changes, content=content, exactly=exactly)

    def _exact(self, text: str, old: str, new: str) -> Sequence[Change]:
        if self.everywhere:
            return self._bounded(at_most(exact(text, old, new)))
        starts = list(islice(overlapping(text, old), NAMED_LINES + 1))
        if len(starts) > 1:
            raise self._ambiguous(text, starts, "old_string is in this file more than once")
        return at_most(exact(text, old, new))

    def _tolerant(self, text: str, old: str, new: str) -> Sequence[Change]:
        if text.count("\n") > MOST_LINES:
            reason = f"old_string is not in this file just as it is, and with more than {MOST_LINES} lines the file is"
            raise self._refusal(f"{reason} searched for nothing else; copy the lines from what `read` shows")
        changes = self._bounded(at_most(tolerant(text, old, new)))
        if not changes:
            raise self._refusal(f"old_string is not in this file; {closest(text, old)}")
        if len(changes) > 1 and not self.everywhere:
            starts = [change.start for change in changes[: NAMED_LINES + 1]]
            reason = "old_string is not in this file as it is, and but for white space more than once"
            raise self._ambiguous(text, starts, reason)
        return changes

    def _bounded(self, changes: Sequence[Change]) -> Sequence[Change]:
        if len(changes) > MOST_PLACES:
            raise self._refusal(f"old_string is in more than {MOST_PLACES} places; give a longer one")
        return changes

    def _ambiguous(self, text: str, starts: Sequence[int], reason: str) -> ToolError:
        lines = ", ".join(str(_line(text, start)) for start in starts[:NAMED_LINES])
        more = ", …" if len(starts) > NAMED_LINES else ""
        advice = "give more of the lines around the one you mean, or set replace_all=true to change them all"
        return self._refusal(f"{reason}, at lines {lines}{more}; {advice}")

    def _refusal(self, reason: str) -> ToolError:
        return refusal(self.path, reason)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
