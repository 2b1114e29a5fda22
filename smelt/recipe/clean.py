"""Edits of the text, personal data that gives way to placeholders, and reference filters by name.

Every edit can be switched off and every edit is counted, in columns ``edit_<kind>``.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.reading import attached

PLACEHOLDERS = {
    "email": "<EMAIL>",
    "phone": "<PHONE>",
    "id_number": "<ID_NUMBER>",
    "bank_card": "<BANK_CARD>",
    "ip": "<IP>",
    "passport": "<PASSPORT>",
    "plate": "<PLATE>",
    "social": "<SOCIAL>",
    "byline": "<NAME>",
    "secret": "<SECRET>",
}
"""What stands in the place of personal data, by kind."""


KEYWORDS = "keywords_"
"""What the column of a keyword list is called, before the list's name."""


class EditsConfig(Config):
    """Edits that change form and layout, not what is said."""

    encoding: bool = True
    """Text that was decoded wrongly (``schÃ¶n``, ``æ–‡``) is repaired, line by line; not in code."""
    simplified: bool = False
    """Traditional Chinese characters to simplified ones; not in code."""
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
    """Personal data replaced by typed placeholders such as ``<EMAIL>`` (``PLACEHOLDERS``)."""

    email: bool = True
    """E-mail addresses."""
    phone: bool = True
    """Phone numbers: mainland mobile and landline, North American, with ``+``; others behind a word."""
    id_number: bool = True
    """Resident identity numbers of 18 digits whose checksum (ISO 7064, MOD 11-2) and date hold."""
    bank_card: bool = True
    """Bank card numbers of 13 to 19 digits that pass the Luhn check and begin like one, or are named."""
    ip: bool = True
    """Public IPv4 and IPv6 addresses; private and documentation ranges, versions and sections stay."""
    passport: bool = True
    """Passport numbers that are named as such."""
    plate: bool = True
    """Mainland licence plates."""
    social: bool = True
    """WeChat and QQ ids that are named as such."""
    byline: bool = True
    """Names in bylines (作者：, 记者, 责任编辑：, 文/, 摄; By, Photo by, Reporting by)."""
    secret: bool = True
    """Keys and tokens with a known form (AWS, GitHub, private key blocks ...), passwords in URLs, and what is assigned
    to a name such as ``password`` where it looks like a key."""
    labels: str = "recipes/labels/pii.jsonl"
    """JSON Lines file of texts with marked personal data (docs/edits.md), which precision and recall are measured on;
    a path in the checkout, or ``s3://bucket/key``."""
    digest: str = ""
    """SHA-256 of that file's bytes. Filled in from the file, so that figures never come from another one."""

    @property
    def switches(self) -> dict[str, bool]:
        """Whether each kind is replaced, in the order of ``PLACEHOLDERS``."""
        return {kind: getattr(self, kind) for kind in PLACEHOLDERS}

    def with_digest(self) -> "PiiConfig":
        """This config with the digest of the labelled file."""
        return self.model_copy(update={"digest": attached.digest(self.labels, where="clean.pii.labels")})


class KeywordList(Config):
    """Words to count in every document."""

    words: tuple[str, ...] = ()
    """The words themselves."""
    path: str | None = None
    """Text file of words, one a line (``#`` begins a comment): a path in the checkout, or ``s3://bucket/key``."""
    digest: str = ""
    """SHA-256 of that file's bytes. Filled in from the file, so that an edited list is a new one."""

    def with_digest(self, name: str) -> "KeywordList":
        """This list with the digest of its file."""
        where = f"clean.keywords.{name}.path"
        return (
            self if self.path is None else self.model_copy(update={"digest": attached.digest(self.path, where=where)})
        )

    def read(self, name: str) -> tuple[str, ...]:
        """All words.

        Raises:
            RecipeError: when the file is missing or not what ``digest`` says, or the list is empty.
        """
        where = f"clean.keywords.{name}"
        text = "" if self.path is None else attached.read(self.path, where=where, digest=self.digest).decode()
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        if not (found := (*self.words, *(line for line in lines if line))):
            raise RecipeError("has no words", where=where, mend="give `words`, or a `path` to a file of them")
        return found


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
    keywords: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], KeywordList] = Field(
        default_factory=dict, max_length=60
    )
    """Lists of words by name; ``select`` finds the hits of each in the column ``keywords_<name>``."""
    steps: tuple[StepConfig, ...] = ()
    """Reference steps in order; a document that one drops is kept as a row with ``drop_reason`` set."""

    @model_validator(mode="after")
    def _plain_arguments(self) -> "CleanConfig":
        for step in self.steps:
            if "exclusion_writer" in step.args:
                raise ValueError(f"{step.step} can't be given an exclusion_writer (rejects are kept in the artifact)")
        return self

    def with_digests(self) -> "CleanConfig":
        """This config with the digests of the files that it names; what the fingerprint is taken over."""
        lists = {name: words.with_digest(name) for name, words in self.keywords.items()}
        return self.model_copy(update={"pii": self.pii.with_digest(), "keywords": lists})
