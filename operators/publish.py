"""Assets: what a DAG tells Airflow that it has made, and what other DAGs start on."""

from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from operators.retries import RETRY_POLICY, told

CORPUS = Asset("corpus", group="smelt")
"""A partition's documents, as the last of the data stages leaves them."""
CHECKPOINT = Asset("checkpoint", group="smelt")
"""A trained and exported model."""


class PublishOperator(BaseOperator):
    """Publishes an asset for a stage's artifact. The event's extra has ``run``, ``stage`` and ``fingerprint``.

    The run keeps it too, for those that see the lake alone: garbage collection spares what `corpus` names.

    It runs in a worker: Airflow makes no events for tasks that end in the triggerer.

    Args:
        stage: whose artifact it is, in the plan of this run.
        asset: what to publish.
    """

    ui_color = "#d9d2e9"

    def __init__(self, *, stage: str, asset: Asset, **kwargs) -> None:
        super().__init__(outlets=[asset], retry_policy=RETRY_POLICY, **kwargs)
        self.stage = stage
        self.asset = asset

    def execute(self, context: Context) -> None:
        """Name the artifact in the event, and in the lake beside the run.

        Raises:
            LakeError: the lake is out of reach.
        """
        from smelt.lake import Lake
        from smelt.run import load_run, published_key, safe_run_id

        with told(context):
            lake = Lake.connect()
            run = load_run(lake, safe_run_id(context["run_id"]))
            published: dict[str, Any] = {
                "run": run.id,
                "stage": self.stage,
                "fingerprint": run.planned(self.stage).fingerprint,
            }
            lake.put_json(published_key(run.id, self.asset.name), published)
        context["outlet_events"][self.asset].extra = published
        self.log.info("%s: %s/%s", self.asset.name, self.stage, published["fingerprint"])
