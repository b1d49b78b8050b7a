"""The profiles of the simulated platform with their constants."""

from collections.abc import Mapping
from dataclasses import dataclass

from qarnot_mcp.sandbox.wire.formats import JsonObject


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of a profile: its name, default value and meaning."""

    name: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A way to run a task; `command` names the constant that holds a shell command, or is empty."""

    name: str
    command: str
    constants: tuple[Constant, ...]
    needs_gpu: bool = False
    licences: tuple[tuple[str, int, int], ...] = ()

    def document(self) -> JsonObject:
        """Return the profile as `GET /profiles/{name}` shows it."""
        return {
            "name": self.name,
            "constants": [{"name": c.name, "value": c.value, "description": c.description} for c in self.constants],
            "licenses": [
                {"name": name, "maxInstances": instances, "maxCores": cores} for name, instances, cores in self.licences
            ],
        }


def _docker_constants(repository: str = "library/ubuntu", tag: str = "latest") -> tuple[Constant, ...]:
    return (
        Constant("DOCKER_SRV", "https://registry-1.docker.io", "Registry that holds the image, if not the Docker Hub"),
        Constant("DOCKER_REPO", repository, "Image to run; official images are prefixed by 'library/'"),
        Constant("DOCKER_TAG", tag, "Tag of the image"),
        Constant("DOCKER_REGISTRY_LOGIN", "", "Login for a private image"),
        Constant("DOCKER_REGISTRY_PASSWORD", "", "Password for a private image"),
        Constant("DOCKER_USER", "", "User who runs the command; empty for the one of the image"),
        Constant("DOCKER_HOST", "", "Host name inside the container"),
        Constant("DOCKER_CMD", "", "Command to run in the container, after its ENTRYPOINT"),
        Constant("DOCKER_PROGRESS1", "", "Regular expression that finds the progress in the output"),
        Constant("DOCKER_PROGRESS2", "", "Another regular expression for the progress"),
        Constant("DOCKER_PROGRESS3", "", "Another regular expression for the progress"),
        Constant("DOCKER_WORKDIR", "${DOCKER_WORKDIR}", "Working directory of the command"),
        Constant("RESOURCES_PATH", "/job", "Directory that holds the resources and from which results are read"),
        Constant("QARNOT_DISABLE_CPU_BOOST", "false", "'true' switches the boost of the processor off"),
    )


def build_profiles() -> Mapping[str, Profile]:
    """Return every profile by name, in the order in which the API lists them."""
    ssh = Constant("DOCKER_SSH", "", "Public SSH key to add to the container")
    profiles = (
        Profile("docker-batch", "DOCKER_CMD", _docker_constants()),
        Profile("docker-network", "DOCKER_CMD", _docker_constants()),
        Profile("docker-network-ssh", "DOCKER_CMD", (*_docker_constants(), ssh)),
        Profile("docker-nvidia-batch", "DOCKER_CMD", _docker_constants("nvidia/cuda", "12.4.1-base-ubuntu22.04"), True),
        Profile(
            "blender",
            "",
            (
                Constant("BLEND_FILE", "undefined.blend", "Scene to render, in the resource bucket"),
                Constant("BLEND_FORMAT", "PNG", "Format of the rendered images"),
                Constant("BLEND_ENGINE", "CYCLES", "Render engine: CYCLES or BLENDER_EEVEE"),
                Constant("BLEND_CYCLES_SAMPLES", "128", "Samples for each pixel with CYCLES"),
                Constant("BLEND_RATIO", "100", "Size of the images in percent of the scene's own"),
                Constant("BLEND_SLICING", "1", "Slices into which each image is cut"),
            ),
        ),
        Profile(
            "openfoam",
            "",
            (
                Constant("DOCKER_REPO", "qarnotlab/openfoam", "Image to run"),
                Constant("DOCKER_TAG", "v2406", "Tag of the image"),
                Constant("RUN_SCRIPT", "run.sh", "Script in the resource bucket that runs the case"),
                Constant("SETUP_CLUSTER_NB_SLOTS", "16", "Processes on each machine of the cluster"),
                Constant("RESOURCES_PATH", "/job", "Directory that holds the case and from which results are read"),
            ),
            licences=(("openfoam", 64, 2048),),
        ),
    )
    return {profile.name: profile for profile in profiles}
