"""Checks of a task's constants: unknown ones, missing ones, and secrets that everybody could read."""

from collections.abc import Iterator

from qarnot_mcp.text.masking import HIDDEN, SECRET_PREFIX, is_secret_name, mask_text
from qarnot_mcp.tools.answers import first_of
from qarnot_mcp.tools.checks import closest_matches
from qarnot_mcp.tools.submission.images import is_base_image
from qarnot_mcp.tools.submission.request import Finding, TaskRequest, shown

NAMES_SHOWN = 10
PLACEHOLDER = "undefined"
"""A default that stands for a value which has to be given."""
KNOWN_SECRETS = frozenset({"", "[SECRET]", HIDDEN})


def check_constants(request: TaskRequest) -> Iterator[Finding]:
    """Tell constants that the profile does not know, the likely typing mistakes first."""
    if not request.defaults:
        return
    profile = request.profile_name or "the profile"
    near = near_constants(request)
    missing = missing_constants(request)
    for key, name in near.items():
        yield Finding(f"{shown(key)} is no constant of {profile}; did you mean {name}?", refuses=name in missing)
    others = [shown(key) for key in unknown_constants(request) if key not in near]
    if others:
        names = first_of(others, NAMES_SHOWN)
        yield Finding(f"{profile} does not use {names}: the task only sees environment variables of that name.")


def check_missing_constants(request: TaskRequest) -> Iterator[Finding]:
    """Tell what has to be set and is not: a command, a scene."""
    misspelt = set(near_constants(request).values())
    for name in missing_constants(request):
        if name in misspelt:
            continue
        if name == "DOCKER_CMD":
            has_own = not is_base_image(request.constant("DOCKER_REPO"))
            image = shown(request.constant("DOCKER_REPO") or "the image")
            yield Finding(
                f"DOCKER_CMD is not set, so {image} runs its own command"
                f"{'.' if has_own else ': a shell or interpreter, which ends at once without a result.'}",
                refuses=not has_own,
            )
        else:
            meaning = request.usage.must_set[name] if request.usage else "needed"
            yield Finding(f"{name} is not set ({meaning}), and the profile has no value for it.", refuses=True)


def check_secrets(request: TaskRequest) -> Iterator[Finding]:
    """Tell secrets that Qarnot's console and API would show to whoever sees the task."""
    for key, value in request.constants.items():
        if key.upper().startswith(SECRET_PREFIX) or value.strip() in KNOWN_SECRETS:
            continue
        if is_secret_name(key):
            if key not in request.defaults and "$" not in value:
                yield Finding(
                    f"{shown(key)} is kept readable with the task. As the constant {SECRET_PREFIX}{shown(key)} Qarnot "
                    "hides its value for good; the program reads the variable of that name."
                )
        elif mask_text(value) != value:
            yield Finding(
                f"{shown(key)} holds what looks like a secret, kept readable with the task: put it into a constant "
                f"{SECRET_PREFIX}NAME, which Qarnot hides, and use ${SECRET_PREFIX}NAME in its place."
            )


def unknown_constants(request: TaskRequest) -> list[str]:
    """Return the constants that the profile does not have."""
    known = request.defaults
    return [key for key in request.constants if key not in known and not key.upper().startswith(SECRET_PREFIX)]


def near_constants(request: TaskRequest) -> dict[str, str]:
    """Return constants that the profile does not have, with the one that it has and that is nearly the same."""
    known = list(request.defaults)
    found = {key: closest_matches(key, known, most=1, cutoff=0.8) for key in unknown_constants(request)}
    return {key: names[0] for key, names in found.items() if names}


def missing_constants(request: TaskRequest) -> list[str]:
    """Return the constants that a task of this profile has to set, and that have no value."""
    wanted = request.usage.must_set if request.usage else {}
    return [
        name
        for name in wanted
        if name in request.defaults and (not request.constant(name) or PLACEHOLDER in request.constant(name))
    ]
