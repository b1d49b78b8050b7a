"""The client of the API: one attribute for each noun."""

from pydantic import SecretStr

from qarnot_mcp.qarnot.account import AccountClient
from qarnot_mcp.qarnot.hardware import HardwareClient
from qarnot_mcp.qarnot.http.session import Session
from qarnot_mcp.qarnot.http.transport import Transport
from qarnot_mcp.qarnot.jobs import JobsClient
from qarnot_mcp.qarnot.platform import PlatformClient
from qarnot_mcp.qarnot.pools import PoolsClient
from qarnot_mcp.qarnot.profiles import ProfilesClient
from qarnot_mcp.qarnot.storage.client import StorageClient
from qarnot_mcp.qarnot.storage.pool import StoragePool
from qarnot_mcp.qarnot.storage.uploads import UploadsClient
from qarnot_mcp.qarnot.tasks.client import TasksClient
from qarnot_mcp.qarnot.tasks.control import ControlClient
from qarnot_mcp.qarnot.usage import CarbonClient, CreditsClient


class QarnotClient:
    """Client for one caller's API key. Cheap: create one per call of a tool.

    All methods check their arguments (`InvalidArgument`) before anything is sent, and raise `KeyProblem`, `ApiRefused`
    or `ApiUnavailable`; with `read_only` those that write raise `ReadOnly`. Each class says which calls it stands for.
    """

    def __init__(
        self,
        transport: Transport,
        key: SecretStr | None,
        *,
        read_only: bool = False,
        request_id: str = "",
        storage: StoragePool | None = None,
    ) -> None:
        self._session = Session(transport, key, read_only=read_only, request_id=request_id)
        self.account = AccountClient(self._session)
        self.carbon = CarbonClient(self._session)
        self.control = ControlClient(self._session)
        self.credits = CreditsClient(self._session)
        self.hardware = HardwareClient(self._session)
        self.jobs = JobsClient(self._session)
        self.platform = PlatformClient(self._session)
        self.pools = PoolsClient(self._session)
        self.profiles = ProfilesClient(self._session)
        self.storage = StorageClient(self._session, self.account, self.platform, storage)
        self.tasks = TasksClient(self._session)
        self.uploads = UploadsClient(self.storage)

    @property
    def owner(self) -> str:
        """The digest of the caller's key; raises `KeyProblem` without a usable key."""
        return self._session.owner

    @property
    def requests(self) -> int:
        """How many requests were sent to the API."""
        return self._session.requests
