"""The few programs that the sandbox plays, so that its world has failures with a reason, and long runs.

`python3 calibrate.py`   instance 2 stops with a traceback, the others succeed; with `--skip-na` it does, too
`python3 ingest.py`      needs more memory than the machine has; with `--chunks` it does not
`python3 train.py`       hours of epochs
`python3 report.py`      a short success
blender, openfoam        what these profiles print
"""

from collections.abc import Mapping, Sequence

from qarnot_mcp.sandbox.commands.pictures import draw_frame
from qarnot_mcp.sandbox.commands.shell import Program, Run, Shell

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
    return Shell(variables, find_program, inputs).follow(command)


def find_program(words: Sequence[str]) -> Program | None:
    """Return the program that a command starts, if the sandbox plays it."""
    if len(words) < 2 or words[0] not in ("python", "python3"):
        return None
    name, option = words[1], _OPTIONS.get(words[1], "")
    return _PROGRAMS.get(f"{name} {option}" if option in words else name)


def run_profile(profile: str, variables: Mapping[str, str]) -> Run:
    """Return what a profile without a command does."""
    shell = Shell(variables, find_program)
    _PROFILES.get(profile, _image_command)(shell)
    return shell.run


def _calibrate(shell: Shell) -> int:
    return _calibrate_part(shell, fails_in=2)


def _calibrate_without_gaps(shell: Shell) -> int:
    return _calibrate_part(shell, fails_in=None)


def _calibrate_part(shell: Shell, fails_in: int | None) -> int:
    instance = int(shell.lookup("INSTANCE_ID") or 0)
    shell.write(f"calibrate: part {instance}, 512 samples\n")
    for step in range(1, 5):
        shell.wait(90)
        shell.write(f"step {step}/4 loss={0.81 / step:.3f}\n")
        if instance == fails_in and step == 2:
            shell.write(_TRACEBACK, "stderr")
            return 1
    shell.leave(f"parameters-{instance}.json", f'{{"part": {instance}, "samples": 512, "loss": 0.2025}}\n')
    shell.write(f"calibrated, parameters written to /job/parameters-{instance}.json\n")
    return 0


def _ingest(shell: Shell) -> int:
    shell.write("ingest: reading /job/events.parquet\n")
    for millions, memory_mb in ((40, 11800), (80, 23900), (104, 31700)):
        shell.wait(35)
        shell.write(f"ingest: {millions} million rows, {memory_mb} MB\n")
    shell.write("Killed\n", "stderr")
    shell.run.peak_memory_mb, shell.run.is_out_of_memory = 31980, True
    return 137


def _ingest_in_chunks(shell: Shell) -> int:
    for chunk in range(1, 9):
        shell.wait(30)
        shell.write(f"ingest: chunk {chunk}/8, 3100 MB\n")
    rows = "".join(f"{chunk},13000000,{3100 + chunk}\n" for chunk in range(1, 9))
    shell.leave("chunks.csv", f"chunk,rows,memory_mb\n{rows}")
    shell.run.peak_memory_mb = 3180
    return 0


def _train(shell: Shell) -> int:
    for epoch in range(1, 241):
        shell.wait(540)
        loss, accuracy = 2.4 / (1 + epoch * 0.07), 1 - 0.62 / (1 + epoch * 0.05)
        shell.write(f"epoch {epoch:3d}/240 loss={loss:.4f} accuracy={accuracy:.4f}\n")
        if epoch % 60 == 0:
            shell.write(f"UserWarning: learning rate lowered at epoch {epoch}\n", "stderr")
    shell.run.peak_memory_mb = 18400
    return 0


def _report(shell: Shell) -> int:
    shell.write("report: 12 sections\n")
    shell.wait(41)
    shell.leave(
        "report.csv",
        "section,height_m,force_kn\n" + "".join(f"{n},{2 + n / 10:.1f},{40 + 7 * n}\n" for n in range(1, 13)),
    )
    shell.write("report: written to /job/report.csv\n")
    return 0


def _blender(shell: Shell) -> int:
    scene, frame = shell.lookup("BLEND_FILE") or "undefined.blend", int(shell.lookup("INSTANCE_ID") or 0)
    shell.run.peak_memory_mb = 2140
    shell.write(f'Blender 4.2.2 LTS\nRead blend: "/job/{scene}"\n')
    for percent in (25, 50, 75, 100):
        shell.wait(48)
        shell.write(f"Fra:{frame} Mem:1893.40M (Peak 2140.07M) | Rendering {percent} %\n")
    shell.leave(f"frame_{frame:04d}.png", draw_frame(frame))
    shell.write(f"Saved: '/job/frame_{frame:04d}.png'\n")
    return 0


def _openfoam(shell: Shell) -> int:
    shell.run.peak_memory_mb = 9600
    shell.write("Create time\nCreate mesh for time = 0\n")
    residuals = "time,Ux,p\n"
    for step in range(1, 41):
        shell.wait(90)
        residual = 0.8 / (1 + step * step * 0.4)
        shell.write(
            f"Time = {step * 25}\n"
            f"smoothSolver:  Solving for Ux, Initial residual = {residual:.6f}, No Iterations 3\n"
            f"GAMG:  Solving for p, Initial residual = {residual * 1.7:.6f}, No Iterations 6\n"
        )
        residuals += f"{step * 25},{residual:.6f},{residual * 1.7:.6f}\n"
    shell.leave(f"residuals-{shell.lookup('INSTANCE_ID') or 0}.csv", residuals)
    shell.write("End\n")
    return 0


def _image_command(shell: Shell) -> int:
    shell.wait(2)
    shell.write("sandbox: no command is set, and the image's own is not run\n")
    return 0


_OPTIONS: Mapping[str, str] = {"calibrate.py": "--skip-na", "ingest.py": "--chunks"}
"""Of each program that has one, the option by which it is another one."""
_PROGRAMS: Mapping[str, Program] = {
    "calibrate.py": _calibrate,
    "calibrate.py --skip-na": _calibrate_without_gaps,
    "ingest.py": _ingest,
    "ingest.py --chunks": _ingest_in_chunks,
    "train.py": _train,
    "report.py": _report,
}
_PROFILES: Mapping[str, Program] = {"blender": _blender, "openfoam": _openfoam}
