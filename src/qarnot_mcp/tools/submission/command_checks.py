"""Checks of a task's command: quotes, shell syntax, the network, and files that instances overwrite."""

import re
from collections.abc import Iterator

from qarnot_mcp.text.cleaning import one_line, shorten
from qarnot_mcp.text.masking import mask_text
from qarnot_mcp.tools.docker_commands import in_shell, shell_syntax, unclosed_quote
from qarnot_mcp.tools.profile_usage import has_no_network
from qarnot_mcp.tools.submission.request import NAME_CHARACTERS, Finding, TaskRequest

COMMAND_CHARACTERS = 300

PACKAGES = "build an image that has the packages"
DATA = "put the files into a resource bucket"
NETWORK_USES = (
    ("apt-get or apt", r"apt(?:-get)?\s+(?:-\S+\s+)*(?:update|install|upgrade|dist-upgrade)", PACKAGES),
    ("a package manager", r"(?:yum|dnf|microdnf|zypper)\s+(?:-\S+\s+)*install|apk\s+(?:-\S+\s+)*add", PACKAGES),
    ("pip", r"(?:pip3?|uv pip|python3? -m pip)\s+(?:install|download)(?![^;&|]{0,200}--no-index)", PACKAGES),
    ("conda", r"(?:conda|mamba|micromamba)\s+(?:-\S+\s+)*(?:install|create|env create|update)", PACKAGES),
    ("npm", r"(?:npm|pnpm|yarn)\s+(?:ci|i|install|add)\b|npx\s", PACKAGES),
    ("a package manager", r"(?:cargo install|go (?:get|install)|gem install|bundle install|cpanm?)\s", PACKAGES),
    ("git", r"git\s+(?:-\S+\s+)*(?:clone|pull|fetch|submodule)", DATA),
    ("curl or wget", r"(?:curl|wget|aria2c)\s(?![^;&|]{0,200}(?:localhost|127\.0\.0\.1))", DATA),
    ("a copy over the network", r"(?:scp|sftp|ssh|rclone|gsutil|aws s3|az storage)\s", DATA),
    ("the Hugging Face hub", r"(?:huggingface-cli|hf)\s+download", DATA),
)
"""Commands that need the network: what to call them, how to find them, and what to do instead."""
_BEFORE = r"(?:^|[\s;&|(`'\"/])"
_NETWORK = [(name, re.compile(_BEFORE + pattern), instead) for name, pattern, instead in NETWORK_USES]
_WRITTEN = re.compile(r"(?<![>&\d])(?:1|2|&)?>{1,2}\s{0,9}([\w./-]{1,200})", re.ASCII)
_ID = re.compile(r"INSTANCE_ID")


def check_quotes(request: TaskRequest) -> Iterator[Finding]:
    """Tell a quote that nothing closes."""
    for key, value in request.constants.items():
        if key.endswith("_CMD") and (quote := unclosed_quote(value)):
            yield Finding(
                f"{one_line(key, NAME_CHARACTERS)} has a quote {quote} that nothing closes. Inside sh -c '...' a "
                "single quote is written '\\''.",
                refuses=True,
            )


def check_shell(request: TaskRequest) -> Iterator[Finding]:
    """Tell shell syntax that no shell reads."""
    command = request.constants.get("DOCKER_CMD", "")
    syntax = "" if unclosed_quote(command) else shell_syntax(command)
    if syntax:
        better = shorten(mask_text(in_shell(command)), COMMAND_CHARACTERS)
        yield Finding(
            f"DOCKER_CMD has {syntax} outside a shell, where it means nothing; if a shell is meant: {better}",
            refuses=True,
        )


def check_network(request: TaskRequest) -> Iterator[Finding]:
    """Tell a command that needs the network in a profile that has none."""
    if not has_no_network(request.profile_name or ""):
        return
    command = request.constant("DOCKER_CMD")
    for name, pattern, instead in _NETWORK:
        if pattern.search(command):
            yield Finding(
                f"{request.profile_name} has no network, and DOCKER_CMD uses {name}: {instead}, or use a profile with "
                "network such as docker-network."
            )
            return


def check_overwriting(request: TaskRequest) -> Iterator[Finding]:
    """Tell a file that all instances write under the same name."""
    command = request.constants.get("DOCKER_CMD", "")
    if request.instance_count < 2 or _ID.search(command):
        return
    written = [name for name in _WRITTEN.findall(command) if not name.startswith(("/dev/", "/tmp/"))]  # noqa: S108
    if written:
        yield Finding(
            f"All {request.instance_count:,} instances write {one_line(written[0], NAME_CHARACTERS)}: in the result "
            "bucket the last one overwrites the others. Put ${INSTANCE_ID} into the name."
        )
