"""Well-known Docker images, as data, and checks of the image that a task names."""

from collections.abc import Iterator

from qarnot_mcp.tools.submission.request import HUB, NAME_CHARACTERS, Finding, TaskRequest, shown

BASE_IMAGES = frozenset(
    {
        *("ubuntu", "debian", "alpine", "busybox", "bash", "centos", "fedora"),
        *("rockylinux", "almalinux", "amazonlinux"),
        *("python", "pypy", "node", "golang", "rust", "gcc", "ruby", "perl", "php", "julia", "r-base", "openjdk"),
        *("eclipse-temurin", "amazoncorretto", "maven", "gradle", "erlang", "elixir", "haskell", "swift"),
    }
)
"""Official images whose own command is a shell or an interpreter."""
OFFICIAL_IMAGES = BASE_IMAGES | {
    *("postgres", "redis", "nginx", "mysql", "mariadb", "mongo", "httpd", "memcached", "rabbitmq", "hello-world")
}
OTHER_IMAGES = frozenset(
    {
        *("nvidia/cuda", "pytorch/pytorch", "tensorflow/tensorflow", "jupyter/scipy-notebook", "rocker/r-ver"),
        *("continuumio/miniconda3", "continuumio/anaconda3", "condaforge/miniforge3", "condaforge/mambaforge"),
        *("jrottenberg/ffmpeg", "linuxserver/ffmpeg", "ncbi/blast", "alicevision/meshroom", "ollama/ollama"),
        *("qarnotlab/gromacs", "qarnotlab/autodock", "qarnotlab/ortools", "qarnotlab/openfoam", "vllm/vllm-openai"),
        *("opencfd/openfoam-default", "huggingface/transformers-pytorch-gpu", "osgeo/gdal", "rapidsai/base"),
    }
)
WELL_KNOWN = frozenset(f"library/{name}" for name in OFFICIAL_IMAGES) | OTHER_IMAGES


def is_base_image(repository: str) -> bool:
    """Return whether an image has nothing to run by itself but a shell or an interpreter."""
    return repository.removeprefix("library/") in BASE_IMAGES


def check_image(request: TaskRequest) -> Iterator[Finding]:
    """Tell what is wrong with the name of the image: a registry or a tag in it, a missing library/, a wrong letter."""
    image = request.constants.get("DOCKER_REPO", "").strip()
    tag = request.constant("DOCKER_TAG")
    registry = request.constant("DOCKER_SRV")
    host, slash, path = image.partition("/")
    if slash and ("." in host or ":" in host):
        yield Finding(f"DOCKER_REPO names a registry: set DOCKER_SRV to https://{shown(host)} and keep the rest.")
        image, registry = path, host
    image, colon, tag_in_image = image.partition(":")
    if colon:
        yield Finding(f"DOCKER_REPO holds a tag: set DOCKER_TAG to {shown(tag_in_image)} and keep the rest.")
        tag = tag_in_image
    is_on_hub = not registry or HUB in registry
    known = misspelt_image(image) if is_on_hub else None
    if known:
        yield Finding(f"There may be no image {shown(image)}; did you mean DOCKER_REPO {known}?")
    elif image and "/" not in image and is_on_hub:
        yield Finding(f"Official images need library/ before the name: DOCKER_REPO library/{shown(image)}.")
    if image and tag in ("", "latest"):
        yield Finding(f"The tag of {shown(image)} is latest, which changes with time: a DOCKER_TAG pins it.")


def check_registry_login(request: TaskRequest) -> Iterator[Finding]:
    """Tell where a login has no password, or a password no login."""
    has_login = bool(request.constants.get("DOCKER_REGISTRY_LOGIN"))
    has_password = bool(request.constants.get("DOCKER_REGISTRY_PASSWORD"))
    if has_login != has_password:
        missing = "DOCKER_REGISTRY_PASSWORD" if has_login else "DOCKER_REGISTRY_LOGIN"
        yield Finding(f"{missing} is missing: the registry needs both, login and password.")


def misspelt_image(image: str) -> str | None:
    """Return the well-known image from which a name is one letter away; None for that image itself."""
    if not image or len(image) > NAME_CHARACTERS:
        return None
    name = image if "/" in image else f"library/{image}"
    if name in WELL_KNOWN:
        return None
    return next((known for known in sorted(WELL_KNOWN) if is_one_letter_off(name, known)), None)


def is_one_letter_off(name: str, known: str) -> bool:
    """Return whether one letter was left out, put in, exchanged, or swapped with its neighbour."""
    short, long = sorted((name, known), key=len)
    if len(long) - len(short) > 1 or name == known:
        return False
    start = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    if len(long) > len(short):
        return short[start:] == long[start + 1 :]
    rest = short[start + 1 :], long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1] and short[start + 2 :] == long[start + 2 :]
    return rest[0] == rest[1] or swapped
