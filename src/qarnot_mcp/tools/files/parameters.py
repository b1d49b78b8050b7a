"""The parameters that several of the tools for files share, and how sizes and dates are shown."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from qarnot_mcp.qarnot.storage import names
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.checks import parameter_of

PATH_CHARACTERS = 1024


def check_bucket(given: str, info: ValidationInfo) -> str:
    """Check the form of a bucket's name."""
    return names.check_bucket(given.strip(), parameter_of(info))


def check_path(given: str, info: ValidationInfo) -> str:
    """Check the path of a file in a bucket."""
    return names.check_path(given, parameter_of(info))


def check_prefix(given: str, info: ValidationInfo) -> str:
    """Check the start of paths in a bucket."""
    return names.check_prefix(given, parameter_of(info))


def shown_path(path: str) -> str:
    """Return a path of the storage, which a stranger may have chosen, as a result shows it."""
    return one_line(path, PATH_CHARACTERS)


Bucket = Annotated[str, AfterValidator(check_bucket)]
BucketParameter = Annotated[Bucket, Field(description="A bucket's name.")]
Path = Annotated[str, AfterValidator(check_path)]
PathParameter = Annotated[Path, Field(description="Its path, such as folder/a.csv.")]
Prefix = Annotated[str, AfterValidator(check_prefix)]
