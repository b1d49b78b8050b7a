"""What the API tells about the instances that are on machines: phase, memory, processor and network."""

from qarnot_mcp.sandbox.platform.instance_states import InstanceStates, RunningInstance
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.formats import NEVER, JsonObject, date_text

_GATEWAY = "gateway.qarnotservices.com"
_SSH_PORT = 22
_FIRST_FORWARDED_PORT = 20_000
_FORWARDED_PORTS = 40_000


def running_instances_nothing() -> JsonObject:
    """Return the object when no instance is on a machine."""
    return {
        "perRunningInstanceInfo": [],
        "snapshotResults": [],
        "timestamp": NEVER,
        "averageFrequencyGHz": 0.0,
        "maxFrequencyGHz": 0.0,
        "minFrequencyGHz": 0.0,
        "averageMaxFrequencyGHz": 0.0,
        "averageCpuUsage": 0.0,
        "clusterPowerIndicator": 1.0,
        "averageMemoryUsage": 0.0,
        "averageNetworkInKbps": 0.0,
        "averageNetworkOutKbps": 0.0,
        "totalNetworkInKbps": 0.0,
        "totalNetworkOutKbps": 0.0,
        "runningCoreCountByCpuModel": [],
    }


def running_instances_info(states: InstanceStates, now: int, task: Task) -> JsonObject:
    """Return each instance on a machine, with averages and sums over all of them."""
    profile = str(task.fields["profile"] or "")
    each = [
        _running_instance(instance, now) | {"activeForwards": _forwards(instance, profile)}
        for instance in states.running
    ]
    count = len(each)
    cores: dict[str, list[int]] = {}
    for instance in states.running:
        machine = instance.attempt.machine
        entry = cores.setdefault(machine.cpu_model, [machine.core_count, 0])
        entry[1] += machine.core_count
    frequencies = [info["currentFrequencyGHz"] for info in each]
    average = sum(frequencies) / count
    average_max = sum(info["maxFrequencyGHz"] for info in each) / count
    total_in, total_out = (sum(info[name] for info in each) for name in ("networkInKbps", "networkOutKbps"))
    return {
        "perRunningInstanceInfo": each,
        "snapshotResults": [],
        "timestamp": date_text(now),
        "averageFrequencyGHz": round(average, 3),
        "maxFrequencyGHz": max(frequencies),
        "minFrequencyGHz": min(frequencies),
        "averageMaxFrequencyGHz": round(average_max, 3),
        "averageCpuUsage": round(sum(info["cpuUsage"] for info in each) / count, 2),
        "clusterPowerIndicator": round(average / average_max, 3),
        "averageMemoryUsage": round(sum(info["memoryUsage"] for info in each) / count, 4),
        "averageNetworkInKbps": round(total_in / count, 1),
        "averageNetworkOutKbps": round(total_out / count, 1),
        "totalNetworkInKbps": total_in,
        "totalNetworkOutKbps": total_out,
        "runningCoreCountByCpuModel": [
            {"model": model, "core": core, "runningCoreCount": running} for model, (core, running) in cores.items()
        ],
    }


def port_forward_document(states: InstanceStates, task: Task) -> JsonObject:
    """Return the port-forward rules of each instance on a machine; none before it executes."""
    profile = str(task.fields["profile"] or "")
    rule = {"name": "ssh", "enabled": True, "applicationType": "ssh", "proto": "ssh", "port": _SSH_PORT}
    return {
        str(number): {
            "ssh": {
                **rule,
                "allowedIPs": [],
                "access": {"publicHost": f"{task.uuid}-{number}-ssh.{_GATEWAY}", "publicPort": _SSH_PORT},
            }
        }
        if _is_forwarded(instance, profile)
        else {}
        for instance in states.running
        for number in (instance.plan.instance_id,)
    }


def _is_forwarded(instance: RunningInstance, profile: str) -> bool:
    """Return whether an instance can be reached by ssh: not before it executes."""
    return instance.phase == "execution" and profile.endswith("-ssh")


def _forwards(instance: RunningInstance, profile: str) -> list[JsonObject]:
    if not _is_forwarded(instance, profile):
        return []
    port = _FIRST_FORWARDED_PORT + instance.plan.instance_id % _FORWARDED_PORTS
    return [{"applicationPort": _SSH_PORT, "forwarderPort": port, "forwarderHost": _GATEWAY, "bindAddress": None}]


def _running_instance(instance: RunningInstance, now: int) -> JsonObject:
    machine = instance.attempt.machine
    random = SeededRandom((instance.plan.instance_id, now // 10))
    is_executing = instance.phase == "execution"
    memory = round(instance.plan.peak_memory_mb * (0.35 + 0.0065 * instance.progress)) if is_executing else 0
    return {
        "vpnConnections": [],
        "phase": instance.phase,
        "instanceId": instance.plan.instance_id,
        "maxFrequencyGHz": machine.max_frequency_ghz,
        "currentFrequencyGHz": machine.frequency_ghz,
        "cpuUsage": round(70 + 29 * random.fraction("cpu"), 2) if is_executing else 0.0,
        "maxMemoryMB": machine.memory_mb,
        "currentMemoryMB": memory,
        "memoryUsage": round(memory / machine.memory_mb, 4),
        "networkInKbps": 48000.0 if instance.phase == "download" else 0.0,
        "networkOutKbps": 3.0 if is_executing else 0.0,
        "progress": instance.progress,
        "executionTimeSec": float(instance.executed_seconds),
        "executionTimeGHz": round(instance.executed_seconds * machine.frequency_ghz, 3),
        "specificationKey": machine.specification_key,
        "cpuModel": machine.cpu_model,
        "coreCount": machine.core_count,
        "executionAttemptCount": instance.attempt_count,
        "clockRatio": machine.clock_ratio,
    }
