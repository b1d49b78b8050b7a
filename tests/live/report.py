"""The report of a live check: a table without keys, addresses of people or ids."""

import re
from collections.abc import Mapping

from tests.live.questions import ASSUMPTIONS

ANSWER_CHARACTERS = 80
_EMAIL = re.compile(r"[^\s@|]{1,64}@[^\s@|]{1,255}")


def report(answers: Mapping[str, str], left: list[str], secrets: list[str]) -> str:
    """Return the Markdown of a report: what agrees with the sandbox, and what does not."""
    rows = [
        "# What the platform does",
        "",
        "| assumption | question | sandbox | here | agrees |",
        "|---|---|---|---|---|",
    ]
    for one in ASSUMPTIONS:
        seen = answers.get(one.name, "not asked")
        agrees = "yes" if seen == one.answer else "**no**"
        rows.append(f"| `{one.name}` | {one.question} | {one.answer} | {cleaned(seen)} | {agrees} |")
    rows += ["", *(f"- {name}: {cleaned(reason)}" for name, reason in answers.items() if name.startswith("("))]
    rows.append(f"- left behind: {len(left)} of all that was created" if left else "- left behind: nothing")
    text = "\n".join(rows) + "\n"
    for secret in secrets:
        text = text.replace(secret, "(hidden)")
    return _EMAIL.sub("(e-mail)", text)


def cleaned(text: str) -> str:
    """Return a text on one short line that breaks no table."""
    return re.sub(r"[^\x20-\x7b\x7d\x7e]+", " ", text)[:ANSWER_CHARACTERS]
