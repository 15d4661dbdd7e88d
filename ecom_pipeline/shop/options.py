"""What ``shop.yaml`` may state about the text of a file, and its reader detects otherwise."""

from __future__ import annotations

from pydantic import Field

from ecom_pipeline.shop.kinds import Model, Text


class ReadOptions(Model):
    """What the reader must not detect but take as given.

    Attributes
    ----------
    encoding
        Of text files, as Python names it.
    delimiter
        One character; a space stands for runs of spaces.
    header
        Whether the first line names the columns.
    columns
        Names of the columns, in the order of the file, in place of those of the header.
    sheet
        Name of the Excel sheet; the first one if not given.
    skip_rows
        Lines before the header that are no data; detected if not given.
    each
        The list of which every element is a row: a column, and after points the keys inside its object.
    """

    encoding: Text | None = None
    delimiter: Text | None = None
    header: bool | None = None
    columns: tuple[Text, ...] | None = Field(default=None, min_length=1)
    sheet: Text | None = None
    skip_rows: int | None = Field(default=None, ge=0)
    each: Text | None = None
