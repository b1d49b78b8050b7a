"""Checks of a task against what its account may use: machines, and how many instances and tasks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qarnot_mcp.qarnot.account import Quota, User
from qarnot_mcp.qarnot.hardware import Constraint, Machine, machines_among
from qarnot_mcp.text.cleaning import one_line
from qarnot_mcp.tools.checks import closest_matches
from qarnot_mcp.tools.hardware import MB_OF_GB
from qarnot_mcp.tools.submission.request import Finding, TaskRequest

MB_OF_GIB = 1024
SHOWN_CHARACTERS = 80
MACHINES_SHOWN = 3


def check_hardware(given: Sequence[Mapping[str, Any]], listed: Sequence[Constraint]) -> Iterator[Finding]:
    """Tell constraints that no machine of the account fits, or that just miss some."""
    machines = machines_among(list(listed))
    if not machines:
        return
    yield from _check_keys(given, machines)
    yield from _check_processors(given, listed)
    yield from _check_gpu(given, machines, listed)
    missed = list(_just_missed(given, machines))
    yield from missed
    if not missed and all(any(fits(machine, one) for machine in machines) for one in given):
        together = [machine for machine in machines if all(fits(machine, one) for one in given)]
        if not together:
            yield Finding(f"No machine of this account fits all constraints together. {_largest(machines)}", True)
    yield from _check_sizes(given, machines) if not missed else ()


def fits(machine: Machine, constraint: Mapping[str, Any]) -> bool:
    """Return whether a machine fits one constraint, as far as its key says; what it does not say, it fits."""
    memory_mb = machine.memory_gb * MB_OF_GB if machine.memory_gb else None
    match constraint:
        case {"discriminator": "MinimumCoreHardwareConstraint", "coreCount": count}:
            return machine.cores is None or machine.cores >= count
        case {"discriminator": "MaximumCoreHardwareConstraint", "coreCount": count}:
            return machine.cores is None or machine.cores <= count
        case {"minimumMemoryMB": memory}:
            return memory_mb is None or memory_mb >= memory
        case {"maximumMemoryMB": memory}:
            return memory_mb is None or memory_mb <= memory
        case {"specificationKey": key}:
            return str(key).strip().lower() in machine.key.lower()
        case {"discriminator": "SSDHardwareConstraint"}:
            return machine.has_ssd
        case {"discriminator": "NoSSDHardwareConstraint"}:
            return not machine.has_ssd
    return True


def _check_keys(given: Sequence[Mapping[str, Any]], machines: Sequence[Machine]) -> Iterator[Finding]:
    """Tell a machine that there is not; a part of a key stands for all machines that have it."""
    for constraint in given:
        key = constraint.get("specificationKey")
        if isinstance(key, str) and not any(fits(machine, constraint) for machine in machines):
            keys = [machine.key for machine in machines]
            near = closest_matches(key, keys, cutoff=0.5) or keys[:MACHINES_SHOWN]
            names = ", ".join(one_line(name, SHOWN_CHARACTERS) for name in near)
            yield Finding(f"This account has no machine {one_line(key, SHOWN_CHARACTERS)}; the nearest: {names}.", True)


def _check_processors(given: Sequence[Mapping[str, Any]], listed: Sequence[Constraint]) -> Iterator[Finding]:
    models = [one.cpu_model for one in listed if one.cpu_model]
    for constraint in given:
        wanted = constraint.get("cpuModel")
        if models and isinstance(wanted, str) and not any(wanted.lower() in model.lower() for model in models):
            near = closest_matches(wanted, models, cutoff=0.3) or models[:MACHINES_SHOWN]
            names = ", ".join(one_line(name, SHOWN_CHARACTERS) for name in near)
            yield Finding(
                f"This account has no processor {one_line(wanted, SHOWN_CHARACTERS)}; the nearest: {names}.", True
            )


def _check_gpu(
    given: Sequence[Mapping[str, Any]], machines: Sequence[Machine], listed: Sequence[Constraint]
) -> Iterator[Finding]:
    wants_gpu = any(one.get("discriminator") == "GpuHardwareConstraint" for one in given)
    may_have = any(one.discriminator == "GpuHardwareConstraint" for one in listed) or any(
        machine.has_gpu for machine in machines
    )
    if wants_gpu and not may_have:
        yield Finding("Qarnot offers this account no machine with a GPU.", True)


def _just_missed(given: Sequence[Mapping[str, Any]], machines: Sequence[Machine]) -> Iterator[Finding]:
    """Tell memory in GiB, which the machines of that many GB do not have."""
    sizes = sorted({machine.memory_gb for machine in machines if machine.memory_gb})
    for constraint in given:
        memory = constraint.get("minimumMemoryMB")
        if not isinstance(memory, int | float):
            continue
        missed = next((size for size in sizes if size * MB_OF_GB < memory <= size * MB_OF_GIB), None)
        if missed is not None:
            yield Finding(
                f"minimumMemoryMB {memory:,g} is just above the {missed * MB_OF_GB:,} of the machines with {missed} "
                f"GB, which are left out so: for them ask for {missed * MB_OF_GB} (min_ram_gb {missed})."
            )


def _check_sizes(given: Sequence[Mapping[str, Any]], machines: Sequence[Machine]) -> Iterator[Finding]:
    for constraint in given:
        if "specificationKey" in constraint or "cpuModel" in constraint:
            continue
        if not any(fits(machine, constraint) for machine in machines):
            value = next((value for name, value in constraint.items() if name != "discriminator"), "")
            kind = str(constraint.get("discriminator", "")).removesuffix("HardwareConstraint")
            yield Finding(f"No machine of this account fits {kind} {value}. {_largest(machines)}", True)


def _largest(machines: Sequence[Machine]) -> str:
    largest = max(machines, key=lambda machine: (machine.cores or 0, machine.memory_gb or 0))
    return f"The largest is {one_line(largest.key, SHOWN_CHARACTERS)}; the tool set account lists all (list_machines)."


def check_quotas(request: TaskRequest, user: User) -> Iterator[Finding]:
    """Tell more instances than the scheduling type allows at a time, and an account that is full of tasks."""
    quota = quota_of(request, user)
    count, scheduling = request.instance_count, request.scheduling_type
    quotas = user.computing_quotas.user if user.computing_quotas else None
    if scheduling == "Reserved" and quotas and not quotas.reserved:
        yield Finding("This account has no reservation, so nothing runs as Reserved: use Flex or OnDemand.")
    if quota and quota.max_instances:
        if count > quota.max_instances:
            yield Finding(
                f"{count:,} instances are more than the {quota.max_instances:,} that this account may run at a time "
                f"as {scheduling}: the others wait."
            )
        elif (running := quota.running_instances or 0) + count > quota.max_instances:
            yield Finding(
                f"{running:,} of the {quota.max_instances:,} instances that may run as {scheduling} are running: some "
                f"of these {count:,} wait."
            )
    if user.max_task is not None and user.task_count is not None and user.task_count >= user.max_task > 0:
        yield Finding(
            f"The account holds {user.task_count:,} of {user.max_task:,} tasks, so Qarnot will refuse this one: "
            "delete finished tasks with delete_task first."
        )


def quota_of(request: TaskRequest, user: User) -> Quota | None:
    """Return the quota of the task's scheduling type; where the account tells none, that of all types together."""
    quotas = user.computing_quotas.user if user.computing_quotas else None
    by_type = {"Flex": quotas.flex, "OnDemand": quotas.on_demand} if quotas else {}
    if request.scheduling_type == "Reserved" and quotas and len(quotas.reserved) == 1:
        return quotas.reserved[0]
    return by_type.get(request.scheduling_type) or Quota(max_instances=user.max_instances)
