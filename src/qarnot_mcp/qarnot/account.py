"""The account of a key: who it is, its quotas with what is in use, and its projects."""

from contextlib import suppress

from pydantic import Field

from qarnot_mcp.qarnot import fields
from qarnot_mcp.qarnot.errors import BadRequest, Forbidden, NotFound, UnreadableResponse
from qarnot_mcp.qarnot.fields import first_of
from qarnot_mcp.qarnot.http.responses import Resource
from qarnot_mcp.qarnot.http.session import NounClient

ACCOUNT = Resource("account", "of this key")


class Quota(fields.Record):
    """What may run at a time with one scheduling type, and what does."""

    max_instances: fields.OptionalCount = None
    max_cores: fields.OptionalCount = None
    running_instances: fields.OptionalCount = first_of("runningInstancesCount", "runningInstanceCount")
    running_cores: fields.OptionalCount = first_of("runningCoresCount", "runningCoreCount")


class Reservation(Quota):
    """Machines that are reserved for this account."""

    reservation_name: fields.Text = ""
    machine_key: fields.Text = ""


class ComputingQuotas(fields.Record):
    """The quotas by scheduling type, those of a person or of an organisation, which has a name."""

    name: fields.OptionalText = None
    flex: Quota | None = None
    on_demand: Quota | None = None
    reserved: fields.Records[Reservation] = Field(default_factory=list)


class QuotasOfAccount(fields.Record):
    """The quotas that come with an account."""

    user: ComputingQuotas | None = None


class Project(fields.Record):
    """A project that tasks and pools are charged to."""

    uuid: fields.Uuid = None
    name: fields.Text = ""
    slug: fields.Text = ""
    is_default: bool | None = None


class User(fields.Record):
    """The account of a key: its e-mail address, what it uses and what it may use."""

    email: fields.Text
    max_task: fields.OptionalCount = None
    task_count: fields.OptionalCount = None
    max_running_task: fields.OptionalCount = None
    running_task_count: fields.OptionalCount = None
    max_pool: fields.OptionalCount = None
    pool_count: fields.OptionalCount = None
    max_job: fields.OptionalCount = None
    job_count: fields.OptionalCount = None
    max_instances: fields.OptionalCount = None
    running_instance_count: fields.OptionalCount = None
    max_cores: fields.OptionalCount = None
    max_bucket: fields.OptionalCount = None
    quota_bytes_bucket: fields.OptionalCount = None
    """Bytes that all buckets together may hold; 0 where it is not known."""
    used_quota_bytes_bucket: fields.OptionalCount = None
    default_scheduling: fields.OptionalState = None
    computing_quotas: QuotasOfAccount | None = None
    projects: fields.Records[Project] = Field(default_factory=list)


class AccountClient(NounClient):
    """Calls about the account that the caller's key belongs to."""

    async def get(self, *, cached: bool = False) -> User:
        """Return the account (`GET /info`); with `cached` it may be up to a minute old."""
        if cached and (kept := self._session.cached("user", User)):
            return kept
        return self._session.cache("user", await self._session.get("/info", ACCOUNT, "the account", User.read))

    async def quotas(self) -> ComputingQuotas:
        """Return what may run by scheduling type, and what does (`GET /quotas/computing-quotas/user`)."""
        path = "/quotas/computing-quotas/user"
        return await self._session.get(path, ACCOUNT, "the quotas", ComputingQuotas.read, rooted=True)

    async def organization_quotas(self) -> ComputingQuotas | None:
        """Return the quotas of the organisation (`GET /quotas/computing-quotas/organization`).

        Return None where the account has none, where they are not shown to it, or where their shape, which has
        changed before, is another one.
        """
        path = "/quotas/computing-quotas/organization"
        with suppress(BadRequest, Forbidden, NotFound, UnreadableResponse):
            return await self._session.get(path, ACCOUNT, "the quotas", ComputingQuotas.read, rooted=True)
        return None
