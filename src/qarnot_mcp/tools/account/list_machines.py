"""The tool that lists the machines that a task can ask for."""

from typing import Annotated

from pydantic import Field

from qarnot_mcp.qarnot.hardware import Constraint, Machine, machines_among
from qarnot_mcp.tools.answers import NAME_CHARACTERS, Result, plain_name, truncate_to_budget
from qarnot_mcp.tools.checks import Arguments, text_line, whole_number
from qarnot_mcp.tools.context import current_client

MAX_CORES = 10_000
MAX_MEMORY_GB = 1_000_000
CPU_MODELS_SHOWN = 30


class ListMachines(Arguments):
    """The arguments of list_machines."""

    min_cores: Annotated[int, whole_number(1, MAX_CORES)] | None = None
    min_memory_gb: Annotated[int, whole_number(1, MAX_MEMORY_GB)] | None = None
    cpu: Annotated[str, text_line(NAME_CHARACTERS)] | None = Field(
        None, description="In its key, such as epyc or xeon."
    )
    gpu: bool | None = Field(None, description="With a GPU, or without.")
    ssd: bool | None = Field(None, description="With an SSD, or without.")

    def takes(self, machine: Machine) -> bool:
        """Return whether a machine has all that was asked for; what is not known of it, it does not have."""
        return (
            (self.min_cores is None or (machine.cores or 0) >= self.min_cores)
            and (self.min_memory_gb is None or (machine.memory_gb or 0) >= self.min_memory_gb)
            and (self.cpu is None or self.cpu.lower() in machine.key.lower())
            and (self.gpu is None or machine.has_gpu == self.gpu)
            and (self.ssd is None or machine.has_ssd == self.ssd)
        )


class MachineRow(Result):
    """A kind of machine."""

    key: str
    cores: int | None = None
    memory_gb: int | None = None
    ssd: bool
    gpu: bool


class MachineList(Result):
    """The machines that this account may ask for."""

    machines: list[MachineRow]
    cpu_models: list[str] | None = Field(None, description="For a CpuModelHardwareConstraint.")
    left_out: str | None = None
    hint: str


async def list_machines(arguments: ListMachines) -> MachineList:
    """List the kinds of machine that this account may ask for: cores, memory, SSD, GPU, and the key to ask by."""
    constraints, total = await current_client().hardware.constraints()
    known = machines_among(constraints)
    fitting = [machine for machine in known if arguments.takes(machine)]
    rows = [
        MachineRow(key=plain_name(one.key), cores=one.cores, memory_gb=one.memory_gb, ssd=one.has_ssd, gpu=one.has_gpu)
        for one in fitting
    ]
    shown, left_out = truncate_to_budget(rows, "machines")
    if total > len(constraints):
        left_out = f"Qarnot has {total:,} constraints, of which the first {len(constraints):,} were read."
    return MachineList(
        machines=shown,
        cpu_models=cpu_models(constraints, arguments.cpu) or None,
        left_out=left_out,
        hint=hint(fitting, known, constraints),
    )


def cpu_models(constraints: list[Constraint], part: str | None) -> list[str]:
    """Return the names of processors that can be asked for, of those that hold a text."""
    names = sorted({one.cpu_model for one in constraints if one.cpu_model})
    held = [name for name in names if part is None or part.lower() in name.lower()]
    return [plain_name(name) for name in held[:CPU_MODELS_SHOWN]]


def hint(fitting: list[Machine], known: list[Machine], constraints: list[Constraint]) -> str:
    """Say how to ask for a machine, or what would find one."""
    if not fitting:
        return f"None of the {len(known)} kinds of machine fits: ask for less."
    key = plain_name(fitting[0].key)
    asking = f'[{{"discriminator": "SpecificHardwareConstraint", "specificationKey": "{key}"}}]'
    has_gpu = any(one.discriminator == "GpuHardwareConstraint" for one in constraints)
    gpu = "" if has_gpu else " This account may not ask for a GPU."
    return (
        f"submit_task asks for one by hardware_constraints={asking}; any kind whose name holds the key is taken.{gpu}"
    )
