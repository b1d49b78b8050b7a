"""What the API tells about the instances that are on machines: phase, memory, processor and network."""

from qarnot_mcp.sandbox.platform.instance_states import InstanceStates, RunningInstance
from qarnot_mcp.sandbox.platform.seeded_random import SeededRandom
from qarnot_mcp.sandbox.platform.task import Task
from qarnot_mcp.sandbox.wire.formats import JsonObject, date_text

_GATEWAY = "gateway.qarnotservices.com"
_SSH_PORT = 22
_FIRST_FORWARDED_PORT = 20_000
_FORWARDED_PORTS = 40_000


def running_instances_info(states: InstanceStates, now: int, task: Task) -> JsonObject:
    """Return each instance on a machine, with averages and sums over all of them; zeros where there is none."""
    profile = str(task.fields["profile"] or "")
    each = [
        _running_instance(instance, now) | {"activeForwards": _forwards(instance, profile)}
        for instance in states.running
    ]
    cores: dict[str, list[int]] = {}
    for instance in states.running:
        machine = instance.attempt.machine
        entry = cores.setdefault(machine.cpu_model, [machine.core_count, 0])
        entry[1] += machine.core_count

    def total(field: str) -> float:
        return sum((info[field] for info in each), 0.0)

    count = max(1, len(each))
    frequencies = [info["currentFrequencyGHz"] for info in each]
    average, average_max = total("currentFrequencyGHz") / count, total("maxFrequencyGHz") / count
    return {
        "perRunningInstanceInfo": each,
        "snapshotResults": [],
        "timestamp": date_text(now if each else None),
        "averageFrequencyGHz": round(average, 3),
        "maxFrequencyGHz": max(frequencies, default=0.0),
        "minFrequencyGHz": min(frequencies, default=0.0),
        "averageMaxFrequencyGHz": round(average_max, 3),
        "averageCpuUsage": round(total("cpuUsage") / count, 2),
        "clusterPowerIndicator": round(average / average_max, 3) if each else 1.0,
        "averageMemoryUsage": round(total("memoryUsage") / count, 4),
        "averageNetworkInKbps": round(total("networkInKbps") / count, 1),
        "averageNetworkOutKbps": round(total("networkOutKbps") / count, 1),
        "totalNetworkInKbps": total("networkInKbps"),
        "totalNetworkOutKbps": total("networkOutKbps"),
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
