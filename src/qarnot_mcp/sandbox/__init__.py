"""A local Qarnot for demonstrations and tests: the compute API over a simulated platform.

Start it with `python -m qarnot_mcp.sandbox`, or in a process with `app.create_app`. It differs from Qarnot in this:

- No program runs. A few shell commands are followed (`commands.shell`) and a few programs are played
  (`commands.programs`); any other command fails and says what is simulated.
- Any key that begins with `sandbox` is an account of its own, with past tasks; `sandbox-empty...` has none, and
  `sandbox-broke...` has no credits. At most 200 accounts are kept, in memory only.
- Time runs faster, by a factor; every time is in whole seconds.
- The storage is at the sandbox's own address (`GET /settings` says so), in path style; 256 MiB for each account.
- The nodes of pools print nothing.
- What no document says about Qarnot is listed in `platform.assumptions`, each point a switch.
- Qarnot publishes no error codes: those of instances are the sandbox's own.
- `SANDBOX_QUEUE_SECONDS` and `SANDBOX_PREEMPTIONS` are constants that shape a task; an image whose name contains
  `does-not-exist` is not found; `/sandbox/...` has switches for tests (`control`).

Rooms import downwards only: app -> control -> api -> platform -> commands, wire.
"""
