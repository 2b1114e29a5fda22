"""The application: every page, for who may read the DAG, and errors as one line."""

from fastapi import Depends, FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from operators.pages import data, days, duplicates, objects, runs
from operators.pages.access import LoginNeededError, reader
from operators.pages.headers import Guarded
from smelt.errors import LakeOutageError, SmeltError

app = FastAPI(title="Smelt", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(reader)])
app.add_middleware(Guarded)
for part in (runs, data, duplicates, days, objects):
    app.include_router(part.router)


@app.exception_handler(LoginNeededError)
async def to_login(request: Request, _: LoginNeededError) -> Response:
    """Send a browser to the login page, and back afterwards."""
    from airflow.api_fastapi.app import get_auth_manager

    return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)))


@app.exception_handler(SmeltError)
def to_message(_: Request, error: SmeltError) -> Response:
    """What is not in the lake is not found; the line says what. A lake that is out of reach may come back."""
    status = 503 if isinstance(error, LakeOutageError) else 404
    return Response(str(error), status_code=status, media_type="text/plain")
