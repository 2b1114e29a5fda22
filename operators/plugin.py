"""The Airflow plugin: links on tasks, pages in the API server that show the lake, what is told of runs and when.

Who may read the DAG may read what it made. The pages are read-only.
"""

from airflow.plugins_manager import AirflowPlugin

from operators import ends
from operators.addresses import PREFIX, page
from operators.deadline import RunMade
from operators.links import LINKS
from operators.pages.app import app
from operators.pages.headers import WithSlash


class SmeltPlugin(AirflowPlugin):
    """Registered by the entry point ``airflow.plugins`` of the package."""

    name = "smelt"
    fastapi_apps = [{"app": app, "url_prefix": PREFIX, "name": "smelt"}]
    fastapi_root_middlewares = [{"middleware": WithSlash, "args": [], "kwargs": {"path": PREFIX}, "name": "smelt"}]
    # in a menu: as the only entry of the bar itself, Airflow 3.3 draws it as a button that does nothing
    external_views = [{"name": "Smelt", "href": page(""), "destination": "nav", "category": "browse"}]
    operator_extra_links = LINKS
    listeners = [ends]
    deadline_references = [RunMade]
