"""The official SDK's buckets, and rclone, take the sandbox's storage for Qarnot's."""

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from qarnot.bucket import Bucket
from qarnot.connection import Connection
from qarnot.task import Task

Connect = Callable[[], Connection]
RCLONE = shutil.which("rclone")

_numbers = count()


@pytest.fixture
def connect(sandbox_url: str) -> Iterator[Connect]:
    """Connections to the sandbox, each to an account of its own."""
    opened: list[Connection] = []

    def connect() -> Connection:
        connection = Connection(
            cluster_url=sandbox_url, client_token=f"sandbox-empty-storage-{next(_numbers)}", retry_wait=0
        )
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection._http.close()
        connection._s3client.close()
        connection._s3resource.meta.client.close()


def finished(connection: Connection, command: str, **fields: object) -> Task:
    task = connection.create_task("files", "docker-batch", 1)
    task.constants["DOCKER_CMD"] = command
    for name, value in fields.items():
        setattr(task, name, value)
    task.submit()
    while not task.wait(timeout=0.05):
        continue
    return task


def keys(bucket: Bucket) -> list[str]:
    return [entry.key for entry in bucket.list_files()]


def test_buckets_are_created_listed_and_deleted(connect: Connect) -> None:
    connection = connect()
    bucket = connection.create_bucket("inputs-one")
    connection.create_bucket("inputs-one")
    assert [each.uuid for each in connection.buckets()] == ["inputs-one"]
    assert connection.retrieve_bucket("inputs-one").uuid == "inputs-one"
    assert connection.user_info.max_bucket == 100
    bucket.delete()
    with pytest.raises(ClientError, match="404"):
        connection.retrieve_bucket("inputs-one")


def test_a_folder_is_synced_up_and_files_are_read_copied_renamed_and_deleted(connect: Connect, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a.txt").write_text("first")
    (source / "deep" / "é b+c.txt").write_text("second")
    (source / "large.bin").write_bytes(os.urandom(20_000_000))
    connection = connect()
    bucket = connection.create_bucket("inputs")
    bucket.sync_directory(str(source))
    assert keys(bucket) == ["a.txt", "deep/é b+c.txt", "large.bin"]
    bucket.sync_directory(str(source))
    target = tmp_path / "target"
    bucket.get_all_files(str(target))
    assert (target / "deep" / "é b+c.txt").read_text() == "second"
    assert (target / "large.bin").read_bytes() == (source / "large.bin").read_bytes()
    bucket.copy_file("a.txt", "copied.txt")
    assert sorted(entry.key for entry in bucket.directory("deep")) == ["deep/é b+c.txt"]
    bucket.delete_file("a.txt")
    assert keys(bucket) == ["copied.txt", "deep/é b+c.txt", "large.bin"]
    bucket.delete()
    assert connection.buckets() == []


@pytest.mark.filterwarnings("ignore:flush is deprecated")
def test_results_are_downloaded_and_inputs_were_seen(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    bucket = connection.create_bucket("inputs")
    bucket.add_string("from the bucket\n", "words/in.txt")
    output = connection.create_bucket("out")
    task = finished(
        connection,
        "sh -c 'cat words/in.txt; cat words/in.txt > seen.txt; echo hi > out.log; echo no > /tmp/x'",
        resources=[bucket],
        results=output,
        results_whitelist="txt$",
    )
    assert task.state == "Success"
    assert "from the bucket" in task.stdout()
    task.download_results(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["seen.txt"]
    assert (tmp_path / "seen.txt").read_text() == "from the bucket\n"


@pytest.mark.filterwarnings("ignore:flush is deprecated")
def test_blender_leaves_pictures_that_the_filter_lets_through(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    task = connection.create_task("render", "blender", 3)
    task.results = connection.create_bucket("frames")
    task.results_whitelist = "000[12]"
    task.submit()
    while not task.wait(timeout=0.05):
        continue
    bucket = connection.retrieve_bucket("frames")
    assert keys(bucket) == [f"frame_000{number}.png" for number in (1, 2)]
    picture = bucket.get_file("frame_0001.png", str(tmp_path / "frame.png"))
    assert Path(picture).read_bytes().startswith(b"\x89PNG")


def test_a_presigned_address_of_the_sdks_client_reads_and_writes(connect: Connect) -> None:
    connection = connect()
    connection.create_bucket("inputs").add_string("shared", "a b.txt")
    client = connection._s3client
    address = client.generate_presigned_url("get_object", Params={"Bucket": "inputs", "Key": "a b.txt"}, ExpiresIn=60)
    with urllib.request.urlopen(address) as response:
        assert response.read() == b"shared"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.replace("a%20b", "a%20c")).close()


def test_a_key_of_another_account_reads_nothing(connect: Connect) -> None:
    mine, other = connect(), connect()
    mine.create_bucket("private").add_string("x", "x.txt")
    other.user_info  # noqa: B018 - an account is there from its first call on
    with pytest.raises(ClientError, match="NoSuchBucket"):
        other._s3client.get_object(Bucket="private", Key="x.txt")
    with pytest.raises(ClientError, match="404"):
        other.retrieve_bucket("private")


@pytest.mark.e2e
@pytest.mark.skipif(RCLONE is None, reason="rclone is not installed")
def test_rclone_copies_checks_and_uploads_50_megabytes_in_parts(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    source = tmp_path / "source"
    source.mkdir()
    (source / "small.txt").write_text("small")
    (source / "large.bin").write_bytes(os.urandom(50 * 1024 * 1024))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "RCLONE_CONFIG_Q_TYPE": "s3",
        "RCLONE_CONFIG_Q_PROVIDER": "Ceph",
        "RCLONE_CONFIG_Q_ENDPOINT": connection._s3client.meta.endpoint_url,
        "RCLONE_CONFIG_Q_ACCESS_KEY_ID": connection.user_info.email,
        "RCLONE_CONFIG_Q_SECRET_ACCESS_KEY": connection._http.headers["authorization"],
        "RCLONE_S3_UPLOAD_CUTOFF": "8M",
        "RCLONE_RETRIES": "1",
    }

    def rclone(*arguments: str) -> None:
        done = subprocess.run([str(RCLONE), *arguments], env=environment, capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr

    rclone("copy", str(source), "q:from-rclone")
    rclone("check", str(source), "q:from-rclone")
    stored = connection._s3client.head_object(Bucket="from-rclone", Key="large.bin")
    assert stored["ETag"].endswith('-10"')
    rclone("copy", "q:from-rclone", str(tmp_path / "back"))
    assert (tmp_path / "back" / "large.bin").read_bytes() == (source / "large.bin").read_bytes()
    rclone("purge", "q:from-rclone")
    assert connection.buckets() == []
