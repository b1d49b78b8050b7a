"""The sandbox's storage, and requests that are signed here: signatures, ranges, conditions, bounds, results."""

import hashlib
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from qarnot_mcp.sandbox.api.storage import MAX_BODY_BYTES
from qarnot_mcp.sandbox.app import create_app
from tests.support.sandbox_calls import EMPTY_KEY, KEY, Caller, caller


class Storage:
    """Signs requests with the key of an account, and sends them to the app."""

    def __init__(self, calls: Caller, email: str, key: str) -> None:
        self.http = calls.http
        self.credentials = Credentials(email, key)

    def signed(self, method: str, path: str, body: bytes = b"", **headers: str) -> AWSRequest:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, f"http://sandbox{path}", data=body, headers=names)
        S3SigV4Auth(self.credentials, "s3", "us-east-1").add_auth(request)
        return request

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> httpx.Response:
        request = self.signed(method, path, body, **headers)
        sent = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
        sent["authorization"] = request.headers["Authorization"]
        return await self.http.request(method, path, content=body, headers=sent)

    def presigned(self, method: str, path: str, seconds: int = 60) -> str:
        request = AWSRequest(method, f"http://sandbox{path}")
        S3SigV4QueryAuth(self.credentials, "s3", "us-east-1", expires=seconds).add_auth(request)
        return str(request.url)


@pytest.fixture
def app() -> Any:
    """A sandbox on the clock of the machine, as signatures carry its time."""
    return create_app(speed=1000, seed=5)


@pytest.fixture
async def storage(app: Any) -> Any:
    return await opened(app, EMPTY_KEY)


async def opened(app: Any, key: str) -> Storage:
    calls = caller(app, key)
    return Storage(calls, (await calls.get("/info"))["email"], key)


async def filled(storage: Storage, *keys: str) -> None:
    assert (await storage.send("PUT", "/files")).status_code == 200
    for key in keys:
        assert (await storage.send("PUT", f"/files/{quote(key)}", f"content of {key}".encode())).status_code == 200


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]


async def test_a_signature_that_is_wrong_in_any_part_is_refused(app: Any, storage: Storage) -> None:
    await filled(storage, "a.txt")
    stranger = Storage(caller(app, EMPTY_KEY), storage.credentials.access_key, "sandbox-another-key")
    assert code(await stranger.send("GET", "/files/a.txt")) == (403, "SignatureDoesNotMatch")
    nobody = Storage(caller(app, EMPTY_KEY), "nobody@example.org", EMPTY_KEY)
    assert code(await nobody.send("GET", "/files/a.txt")) == (403, "InvalidAccessKeyId")
    link = storage.presigned("GET", "/files/a.txt")
    assert (await storage.http.get(link, headers={"authorization": ""})).text == "content of a.txt"
    for changed in (link.replace("a.txt", "b.txt"), link[:-1] + ("0" if link[-1] != "0" else "1")):
        assert code(await storage.http.get(changed)) == (403, "SignatureDoesNotMatch")
    assert code(await storage.http.put(link, content=b"x")) == (403, "SignatureDoesNotMatch")
    for seconds in ("604801", "0", "60" + "0" * 5000, "000000060" + "0" * 5000):
        assert code(await storage.http.get(link.replace("X-Amz-Expires=60", f"X-Amz-Expires={seconds}")))[0] == 400


async def test_a_body_that_was_changed_on_the_way_is_refused(storage: Storage) -> None:
    await filled(storage)
    request = storage.signed("PUT", "/files/a.txt", b"mine")
    response = await storage.http.put("/files/a.txt", content=b"theirs", headers=dict(request.headers.items()))
    assert code(response) == (400, "XAmzContentSHA256Mismatch")


async def test_ranges_and_conditions_are_honoured(storage: Storage) -> None:
    await filled(storage)
    await storage.send("PUT", "/files/a.txt", b"0123456789")
    part = await storage.send("GET", "/files/a.txt", Range="bytes=-3")
    assert (part.status_code, part.text, part.headers["content-range"]) == (206, "789", "bytes 7-9/10")
    assert (await storage.send("GET", "/files/a.txt", Range="bytes=2-4")).text == "234"
    assert code(await storage.send("GET", "/files/a.txt", Range="bytes=10-")) == (416, "InvalidRange")
    taken = await storage.send("PUT", "/files/a.txt", b"new", If_None_Match="*")
    assert code(taken) == (412, "PreconditionFailed")
    etag = hashlib.md5(b"0123456789").hexdigest()
    assert (await storage.send("GET", "/files/a.txt", If_None_Match=f'"{etag}"')).status_code == 304
    assert (await storage.send("PUT", "/files/a.txt", b"new", If_Match=f'"{etag}"')).status_code == 200
    head = await storage.send("HEAD", "/files")
    assert (head.headers["x-rgw-object-count"], head.headers["x-rgw-bytes-used"]) == ("1", "3")


async def test_both_lists_fold_folders_and_go_on_where_they_stopped(storage: Storage) -> None:
    await filled(storage, "a/1", "a/2", "b", "c/1", "d&<e>")
    first = (await storage.send("GET", "/files?delimiter=%2F&max-keys=2")).text
    assert "<Prefix>a/</Prefix>" in first
    assert "<NextMarker>b</NextMarker>" in first
    second = (await storage.send("GET", "/files?delimiter=%2F&marker=b")).text
    assert "<Prefix>c/</Prefix>" in second
    assert "<Key>d&amp;&lt;e&gt;</Key>" in second
    folder = (await storage.send("GET", "/files?delimiter=%2F&marker=a%2F&max-keys=1")).text
    assert "<Key>b</Key>" in folder
    page = (await storage.send("GET", "/files?list-type=2&max-keys=3&encoding-type=url")).text
    token = page.partition("<NextContinuationToken>")[2].partition("<")[0]
    rest = (await storage.send("GET", f"/files?continuation-token={quote(token, safe='')}&list-type=2")).text
    assert "<KeyCount>2</KeyCount>" in rest
    assert "<Key>c/1</Key>" in rest
    versions = (await storage.send("GET", "/files?prefix=a%2F&versions=")).text
    assert versions.count("<VersionId>null</VersionId>") == 2
    assert code(await storage.send("GET", "/files?continuation-token=%21&list-type=2"))[0] == 400


async def test_a_body_has_a_bound(storage: Storage) -> None:
    await filled(storage)
    assert code(await storage.send("PUT", "/files/more", bytes(MAX_BODY_BYTES + 1))) == (400, "EntityTooLarge")


async def test_the_account_refuses_more_than_its_quota() -> None:
    part = bytes(1000)
    storage = await opened(create_app(speed=1000, seed=5, storage_bytes=4 * len(part) + 1), EMPTY_KEY)
    await filled(storage)
    assert (await storage.send("PUT", "/files/0", part)).status_code == 200
    for number in range(1, 4):
        copied = await storage.send("PUT", f"/files/{number}", x_amz_copy_source="/files/0")
        assert copied.status_code == 200
    assert code(await storage.send("PUT", "/files/more", part)) == (403, "QuotaExceeded")
    assert code(await storage.send("PUT", "/files/more", x_amz_copy_source="/files/0")) == (403, "QuotaExceeded")
    assert (await storage.send("DELETE", "/files/0")).status_code == 204
    assert (await storage.send("PUT", "/files/more", part)).status_code == 200


@pytest.mark.parametrize("name", ["Capitals", "under_score", "ab", "-dash", "a" * 64])
async def test_a_bucket_has_a_name_that_the_platform_takes(storage: Storage, name: str) -> None:
    assert code(await storage.send("PUT", f"/{name}")) == (400, "InvalidBucketName")


async def test_a_bucket_with_files_is_not_deleted(storage: Storage) -> None:
    await filled(storage, "a.txt")
    assert code(await storage.send("DELETE", "/files")) == (409, "BucketNotEmpty")
    assert code(await storage.send("POST", "/files?delete=", b"<Delete></Delete>", Content_MD5="x")) == (
        400,
        "MalformedXML",
    )
    await storage.send("DELETE", "/files/a.txt")
    assert (await storage.send("DELETE", "/files")).status_code == 204
    assert code(await storage.send("GET", "/files")) == (404, "NoSuchBucket")


async def test_results_carry_their_prefix_and_inputs_are_filtered_and_stripped(storage: Storage, app: Any) -> None:
    await filled(storage, "run/in.txt", "other/in.txt")
    api = caller(app, EMPTY_KEY)
    bucket = {
        "bucketName": "files",
        "filtering": {"prefixFiltering": {"prefix": "run/"}},
        "resourcesTransformation": {"stripPrefix": {"prefix": "run/"}},
    }
    command = "sh -c 'cat in.txt > out-$INSTANCE_ID.txt; cat /job/in.txt; cat other/in.txt'"
    task = await api.ended(
        f"{command} || true", 2, advancedResourceBuckets=[bucket], resultBucket="results", resultsBucketPrefix="day/"
    )
    assert [instance["results"] for instance in task["completedInstances"]] == [
        [f"s3://storage.qarnot.com/results/day/out-{number}.txt"] for number in range(2)
    ]
    assert (await storage.send("GET", "/results/day/out-1.txt")).text == "content of run/in.txt"
    assert "other/in.txt: No such file" in await api.get(f"/tasks/{task['uuid']}/stderr")


async def test_the_seeded_tasks_have_inputs_and_results(app: Any) -> None:
    storage = await opened(app, KEY)
    frames = (await storage.send("GET", "/scenes?prefix=frame_")).text
    assert frames.count("<Key>") == 12
    assert (await storage.send("GET", "/seawall-meshes/meshes/coarse.obj")).text.startswith("# coarse")
    assert (await storage.send("GET", "/seawall-results/report.csv")).text.startswith("section,")
