"""What the checks of a submit find, in two grades: what may be a mistake, and what can surely not be meant."""

from collections.abc import Sequence
from dataclasses import dataclass

from qarnot_mcp.qarnot.errors import QarnotError
from qarnot_mcp.text.cleaning import shorten

MAX_FINDINGS = 12
FINDING_CHARACTERS = 420
REFUSED_SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """One sentence about a task that is about to start; one that refuses keeps it from starting."""

    text: str
    refuses: bool = False


class MistakenTask(QarnotError):  # noqa: N818 - as the others of the tree in qarnot/errors.py
    """A task that can surely not be meant; nothing was started."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        said = " ".join(shorten(finding.text, FINDING_CHARACTERS) for finding in findings[:REFUSED_SHOWN])
        super().__init__(
            f"Nothing was started, as this can hardly be meant. {said} If it is meant, call again with "
            "accept_warnings=true."
        )


def settle(findings: Sequence[Finding], *, accept_warnings: bool = False) -> list[str]:
    """Return the findings as warnings; raise `MistakenTask` for those that refuse, unless all are accepted."""
    refusals = [finding for finding in findings if finding.refuses]
    if refusals and not accept_warnings:
        raise MistakenTask(refusals)
    return list(dict.fromkeys(shorten(finding.text, FINDING_CHARACTERS) for finding in findings))[:MAX_FINDINGS]
