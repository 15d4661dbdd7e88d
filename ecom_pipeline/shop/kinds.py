"""What a value of ``shop.yaml`` may be: texts of some form, and models that take no key they do not know."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """A part of ``shop.yaml``; what is said about it never shows a value, which may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("expected an IANA timezone such as Europe/London or Asia/Shanghai") from error
    return value


def _below_the_landing_folder(value: str) -> str:
    path = PurePosixPath(value.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", value) or not path.parts:
        raise ValueError("expected a pattern of files below the landing folder, neither absolute nor with '..'")
    return path.as_posix()


def _of_the_form(pattern: str, words: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {words}")
        return value

    return AfterValidator(check)


Text = Annotated[str, Field(min_length=1)]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
Currency = Annotated[str, _of_the_form("[A-Z]{3}", "an ISO 4217 code such as GBP or CNY")]
Country = Annotated[str, _of_the_form("[A-Z]{2}", "an ISO 3166 code such as GB or CN")]
Glob = Annotated[str, AfterValidator(_below_the_landing_folder)]
Format = Literal["csv", "jsonl", "parquet", "excel"]
Name = Annotated[
    str, _of_the_form("(?!.*__)[a-z][a-z0-9_]*", "a name of small letters, digits and single _, such as my_shop")
]
Channel = Annotated[Text, StringConstraints(strip_whitespace=True, to_lower=True)]
"""Spelt as ``clean.marketing_spend`` has it."""
Rate = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=8)]
