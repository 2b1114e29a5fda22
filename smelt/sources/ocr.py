"""Where the OCR service is reached: from the environment, since it is how a recipe is run and not what decides."""

import os

from smelt.errors import RecipeError
from smelt.recipe.ingest import OcrConfig

URL, TOKEN = "SMELT_OCR_URL", "SMELT_OCR_TOKEN"


def address(config: OcrConfig) -> str:
    """The service's address.

    Raises:
        RecipeError: when the recipe asks for OCR and the environment doesn't say where.
    """
    url = os.environ.get(URL, "")
    if not url.startswith(("http://", "https://")):
        raise RecipeError(
            f"asks for {config.model} {config.version}, but {URL} names no service",
            where="ingest.ocr",
            mend=f"set {URL} to an http address, or leave ocr out",
        )
    return url


def headers() -> dict[str, str]:
    """What every request carries: the token, where the environment has one."""
    token = os.environ.get(TOKEN)
    return {"Authorization": f"Bearer {token}"} if token else {}
