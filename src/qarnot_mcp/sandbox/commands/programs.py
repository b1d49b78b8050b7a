"""The few programs that the sandbox plays, so that its world has failures with a reason, and long runs.

`python3 calibrate.py`   instance 2 stops with a traceback, the others succeed; with `--skip-na` it does, too
`python3 ingest.py`      needs more memory than the machine has; with `--chunks` it does not
`python3 train.py`       hours of epochs
`python3 report.py`      a short success
blender, openfoam        what these profiles print
"""

import re
from collections.abc import Mapping, Sequence

from qarnot_mcp.sandbox.commands.pictures import draw_frame
from qarnot_mcp.sandbox.commands.run import Run
from qarnot_mcp.sandbox.commands.shell import Program, Shell

_TRACEBACK = """\
Traceback (most recent call last):
  File "/job/calibrate.py", line 48, in <module>
    main(part)
  File "/job/calibrate.py", line 31, in main
    matrix = load(part / 'sensors.csv')
  File "/job/calibrate.py", line 12, in load
    return [[float(cell) for cell in row] for row in csv.reader(source)]
ValueError: could not convert string to float: 'n/a'
"""


def run_command(command: str, variables: Mapping[str, str], inputs: Mapping[str, bytes] = {}) -> Run:
    """Return what a command line does with the variables of one instance and the files below `/job`."""
    return Shell(variables, _PROGRAMS, inputs).follow(command)


def run_profile(profile: str, variables: Mapping[str, str]) -> Run:
    """Return what a profile without a command does."""
    shell = Shell(variables, {})
    _PROFILES.get(profile, _image_command)(shell, ())
    return shell.run


def _instance_id(shell: Shell) -> int:
    value = shell.lookup("INSTANCE_ID")  # A command line may have set it to anything.
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0


def _calibrate(shell: Shell, options: Sequence[str]) -> int:
    instance = _instance_id(shell)
    shell.write(f"calibrate: part {instance}, 512 samples\n")
    for step in range(1, 5):
        shell.write(f"step {step}/4 loss={0.81 / step:.3f}\n", after_seconds=90)
        if instance == step == 2 and "--skip-na" not in options:
            shell.write(_TRACEBACK, "stderr")
            return 1
    shell.leave(f"parameters-{instance}.json", f'{{"part": {instance}, "samples": 512, "loss": 0.2025}}\n')
    shell.write(f"calibrated, parameters written to /job/parameters-{instance}.json\n")
    return 0


def _ingest(shell: Shell, options: Sequence[str]) -> int:
    if "--chunks" in options:
        rows = [f"{chunk},13000000,{3100 + chunk}\n" for chunk in range(1, 9)]
        for chunk in range(1, 9):
            shell.write(f"ingest: chunk {chunk}/8, 3100 MB\n", after_seconds=30)
        shell.leave("chunks.csv", "chunk,rows,memory_mb\n" + "".join(rows))
        shell.run.peak_memory_mb = 3180
        return 0
    shell.write("ingest: reading /job/events.parquet\n")
    for millions, memory_mb in ((40, 11800), (80, 23900), (104, 31700)):
        shell.write(f"ingest: {millions} million rows, {memory_mb} MB\n", after_seconds=35)
    shell.write("Killed\n", "stderr")
    shell.run.peak_memory_mb, shell.run.is_out_of_memory = 31980, True
    return 137


def _train(shell: Shell, _: Sequence[str]) -> int:
    for epoch in range(1, 241):
        loss, accuracy = 2.4 / (1 + epoch * 0.07), 1 - 0.62 / (1 + epoch * 0.05)
        shell.write(f"epoch {epoch:3d}/240 loss={loss:.4f} accuracy={accuracy:.4f}\n", after_seconds=540)
        if epoch % 60 == 0:
            shell.write(f"UserWarning: learning rate lowered at epoch {epoch}\n", "stderr")
    shell.run.peak_memory_mb = 18400
    return 0


def _report(shell: Shell, _: Sequence[str]) -> int:
    rows = [f"{section},{2 + section / 10:.1f},{40 + 7 * section}\n" for section in range(1, 13)]
    shell.write("report: 12 sections\n")
    shell.leave("report.csv", "section,height_m,force_kn\n" + "".join(rows))
    shell.write("report: written to /job/report.csv\n", after_seconds=41)
    return 0


def _blender(shell: Shell, _: Sequence[str]) -> int:
    scene, frame = shell.lookup("BLEND_FILE") or "undefined.blend", _instance_id(shell)
    shell.write(f'Blender 4.2.2 LTS\nRead blend: "/job/{scene}"\n')
    for percent in (25, 50, 75, 100):
        progress = f"Fra:{frame} Mem:1893.40M (Peak 2140.07M) | Rendering {percent} %\n"
        shell.write(progress, after_seconds=48)
    shell.leave(f"frame_{frame:04d}.png", draw_frame(frame))
    shell.write(f"Saved: '/job/frame_{frame:04d}.png'\n")
    shell.run.peak_memory_mb = 2140
    return 0


def _openfoam(shell: Shell, _: Sequence[str]) -> int:
    shell.write("Create time\nCreate mesh for time = 0\n")
    residuals = "time,Ux,p\n"
    for step in range(1, 41):
        residual = 0.8 / (1 + step * step * 0.4)
        shell.write(
            f"Time = {step * 25}\n"
            f"smoothSolver:  Solving for Ux, Initial residual = {residual:.6f}, No Iterations 3\n"
            f"GAMG:  Solving for p, Initial residual = {residual * 1.7:.6f}, No Iterations 6\n",
            after_seconds=90,
        )
        residuals += f"{step * 25},{residual:.6f},{residual * 1.7:.6f}\n"
    shell.leave(f"residuals-{_instance_id(shell)}.csv", residuals)
    shell.write("End\n")
    shell.run.peak_memory_mb = 9600
    return 0


def _image_command(shell: Shell, _: Sequence[str]) -> int:
    shell.write("sandbox: no command is set, and the image's own is not run\n", after_seconds=2)
    return 0


_PROGRAMS: Mapping[str, Program] = {
    "calibrate.py": _calibrate,
    "ingest.py": _ingest,
    "train.py": _train,
    "report.py": _report,
}
_PROFILES: Mapping[str, Program] = {"blender": _blender, "openfoam": _openfoam}
