"""Operators that look after the lake, in a worker of Airflow: they list, delete and read, and compute nothing."""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context

from operators.retries import RETRY_POLICY, PermanentError, leave, told


class CollectGarbageOperator(BaseOperator):
    """Deletes the artifacts that no kept run refers to, and stale uploads; only names them while ``delete`` is false.

    The run's params: ``delete``, ``keep_runs`` and ``grace_days``; see ``smelt.maintenance.garbage.Policy``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> int:
        """Find and, where asked to, delete; the bytes that are or would be freed.

        Raises:
            LakeError: the lake is out of reach or refuses.
        """
        from smelt.lake import Lake
        from smelt.maintenance.garbage import Policy, collect, find_garbage
        from smelt.maintenance.uploads import stale_uploads

        with told(context):
            lake, params = Lake.connect(), context["params"]
            policy = Policy(keep_runs=params["keep_runs"], grace=timedelta(days=params["grace_days"]))
            found, uploads = find_garbage(lake, policy), stale_uploads(lake, policy.grace)
            for upload in uploads:
                if params["delete"]:
                    lake.abort(upload)
                self.log.info("stale upload of %s, begun %s", upload.key, upload.begun)
            freed = 0
            for item in collect(lake, found, policy) if params["delete"] else found:
                freed += item.bytes
                self.log.info("%s: %s bytes, last written %s", item.name, f"{item.bytes:,}", item.newest)
            self.log.info(
                "%s %s bytes and %d uploads", "freed" if params["delete"] else "would free", f"{freed:,}", len(uploads)
            )
            return freed


class VerifyOperator(BaseOperator):
    """Reads every artifact and holds its objects to the digests in their records. The param ``verify`` narrows it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> None:
        """Read and compare.

        Raises:
            PermanentError: what is damaged, the first line in full; every line stands in the log.
            LakeError: the lake is out of reach.
        """
        from smelt.artifacts import existing
        from smelt.lake import Lake
        from smelt.maintenance.verify import verify

        with told(context):
            lake = Lake.connect()
            damages: list[str] = []
            for manifest in existing(lake, context["params"]["verify"]):
                found = verify(lake, manifest)
                self.log.info("%s: %d objects, %s bytes", manifest.artifact.root, found.objects, f"{found.bytes:,}")
                for line in found.damages:
                    self.log.error("%s", line)
                damages += found.damages
            if damages:
                more = f" (and {len(damages) - 1} more)" if len(damages) > 1 else ""
                leave(context, f"{damages[0]}{more}")
                raise PermanentError(f"{damages[0]}{more}")
