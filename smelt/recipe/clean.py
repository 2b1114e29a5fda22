"""Edits of the text, personal data that gives way to placeholders, and reference filters by name.

Every edit can be switched off and every edit is counted, in columns ``edit_<kind>``.
"""

from typing import Any, Literal

from pydantic import Field, model_validator

from smelt.recipe.base import Config


class EditsConfig(Config):
    """Edits that change form and layout, not what is said."""

    unicode: Literal["nfc"] | None = "nfc"
    """Normal form; NFKC is not offered, since it takes superscripts and ligatures apart."""
    width: bool = True
    """Full-width letters, digits and symbols to ASCII; Chinese punctuation stays as it is."""
    control: bool = True
    """Control characters, byte order marks and zero-width characters are removed; every line end is LF."""
    whitespace: bool = True
    """Spaces at line ends are removed, and more than two empty lines in a row become two."""
    boilerplate: bool = True
    """Lines of navigation, cookie banners, share buttons and editorial credits are removed."""


class PiiConfig(Config):
    """Personal data replaced by typed placeholders such as ``<EMAIL>``."""

    email: bool = True
    """E-mail addresses."""
    phone: bool = True
    """Phone numbers: mainland mobile and landline, North American, international with ``+``."""
    id_number: bool = True
    """Resident identity numbers of 18 digits whose checksum (ISO 7064, MOD 11-2) and date hold."""
    bank_card: bool = True
    """Bank card numbers of 13 to 19 digits that pass the Luhn check and begin like one."""
    ip: bool = True
    """Public IPv4 and IPv6 addresses; private and documentation ranges stay."""
    passport: bool = True
    """Passport numbers that are named as such."""
    plate: bool = True
    """Mainland licence plates."""
    social: bool = True
    """WeChat and QQ ids that are named as such."""
    byline: bool = True
    """Names in bylines (作者：, 记者, 责任编辑：, 文/, 摄)."""
    secret: bool = True
    """Keys and tokens with a known form (AWS, GitHub, private key blocks ...)."""


class StepConfig(Config):
    """A datatrove ``PipelineStep`` that runs over the documents after the edits."""

    step: str = Field(pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    """Import path, such as ``datatrove.pipeline.filters.gopher_quality_filter.GopherQualityFilter``."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Its arguments."""


class CleanConfig(Config):
    """What decides the cleaned text and its signals."""

    edits: EditsConfig = EditsConfig()
    pii: PiiConfig = PiiConfig()
    steps: tuple[StepConfig, ...] = ()
    """Reference steps in order; a document that one drops is kept as a row with ``drop_reason`` set."""

    @model_validator(mode="after")
    def _plain_arguments(self) -> "CleanConfig":
        for step in self.steps:
            if "exclusion_writer" in step.args:
                raise ValueError(f"{step.step} can't be given an exclusion_writer (rejects are kept in the artifact)")
        return self
