"""What builds and publishes the server is named exactly."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: workflow.name)
def test_no_action_can_be_replaced_by_moving_a_tag(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", workflow.read_text())
    assert used
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_no_base_image_is_whatever_is_latest() -> None:
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert images
    assert all(re.search(r":\d", image) for image in images)


def test_the_published_image_is_built_from_bases_named_by_digest() -> None:
    build = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    bases = re.findall(r"^ARG (\w+_IMAGE)=([\w./-]+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for name, _ in bases} == {"PYTHON_IMAGE", "UV_IMAGE"}
    for name, image in bases:
        assert re.search(rf"^  {name}: {re.escape(image)}:\d[\w.-]*@sha256:[0-9a-f]{{64}}$", build, re.MULTILINE), name
        assert f"{name}=${{{{ env.{name} }}}}" in build
