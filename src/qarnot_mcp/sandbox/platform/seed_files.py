"""The buckets that an account starts with, and the files in them that its past tasks read."""

from functools import lru_cache

from qarnot_mcp.sandbox.commands.pictures import draw_frame
from qarnot_mcp.sandbox.platform.buckets import Buckets

BUCKETS = ("seawall-meshes", "seawall-results", "orchard-images", "orchard-models", "scenes")


@lru_cache(maxsize=1)
def seeded_files() -> tuple[tuple[str, str, bytes, str], ...]:
    """Return the bucket, key, content and content type of each file; all accounts share the contents."""
    vertices = "".join(f"v {x * 0.5:.1f} {y * 0.5:.1f} {(x * y) % 7 * 0.1:.1f}\n" for x in range(20) for y in range(20))
    events = "".join(f"{n},{n % 24:02}:00,{11.5 + n % 9 * 0.7:.1f}\n" for n in range(1, 501))
    sensors = "sensor,height,pressure\n" + "".join(f"{n},{n * 0.25:.2f},{101.3 + n * 0.4:.1f}\n" for n in range(1, 61))
    return (
        ("seawall-meshes", "coarse.sh", b"#!/bin/sh\nblockMesh && simpleFoam\n", "text/x-sh"),
        ("seawall-meshes", "fine.sh", b"#!/bin/sh\nblockMesh -dict fine && simpleFoam\n", "text/x-sh"),
        ("seawall-meshes", "meshes/coarse.obj", f"# coarse sea wall\n{vertices}".encode(), "model/obj"),
        ("seawall-meshes", "meshes/fine.obj", f"# fine sea wall\n{vertices}{vertices}".encode(), "model/obj"),
        ("seawall-results", "archive/solver.log", b"Time = 25\nTime = 50\nEnd\n", "text/plain"),
        ("orchard-images", "events.csv", f"event,hour,celsius\n{events}".encode(), "text/csv"),
        *((("orchard-images", f"parts/{n}/sensors.csv", sensors.encode(), "text/csv")) for n in range(4)),
        *((("orchard-images", f"photos/tree_{n:02}.png", draw_frame(n * 3), "image/png")) for n in range(6)),
        ("scenes", "teaser.blend", b"BLENDER-v402" + bytes(2048), "application/octet-stream"),
    )


def seed_files(buckets: Buckets, at: int) -> None:
    """Create the buckets of an account with past tasks, and put the files into them."""
    for name in BUCKETS:
        buckets.create(name, at)
    for name, key, content, content_type in seeded_files():
        buckets.put(name, key, content, at, content_type)
