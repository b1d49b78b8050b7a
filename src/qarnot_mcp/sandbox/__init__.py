"""A local Qarnot: the compute API over a simulated platform, for demonstrations and tests.

It answers as the API does, and departs from it on purpose in this:

- No command runs. `echo`, `printf`, `seq`, `sleep`, `exit`, `true`, `false`, assignments and `sh -c` are followed; a
  few programs are played (see `programs`); anything else is logged as not run, and succeeds.
- Any key that begins with `sandbox` is an account of its own, furnished with a past; `sandbox-empty...` has none, and
  `sandbox-broke...` has no credits. At most 200 accounts are kept, and nothing outlives the process.
- Time runs faster, by a factor. Every time is in whole seconds.
- There is no storage (`GET /settings` says so): buckets are names. There are no pools and no jobs: quotas of none.
- The codes of errors are the sandbox's own, since Qarnot publishes none; that of an abort is the real one.
- Everything is bounded: see `shell`, `orders`, `account`, `logs` and `platform` for the numbers.
- `SANDBOX_QUEUE_SECONDS` and `SANDBOX_PREEMPTIONS` are constants that it listens to; an image whose name contains
  `does-not-exist` is not found; `/sandbox/...` holds its own switches (see `control` and `faults`).
"""
