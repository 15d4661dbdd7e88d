"""A row for each element of a list: the lines of an order, the products of an event, the tickets of an answer.

The column that held the list holds one element afterwards; all others are repeated. A list inside an object gets a
column of its own, named by its path, in which the object stands for itself where it has no such list: an event about one
product is told like one about several.
"""

from __future__ import annotations

import duckdb

from ecom_pipeline.shop.readers.table import FileRead, file_read, scratch_name
from ecom_pipeline.sql import literal, quoted


def spread(con: duckdb.DuckDBPyConnection, target: str, found: FileRead, path: str) -> FileRead:
    """Give a table that was read a row for each element of a list.

    Parameters
    ----------
    target
        The table, as the readers fill it; ``_row`` is counted anew.
    found
        What was read.
    path
        The column, and after points the keys that lead to the list inside its object.

    Returns
    -------
    FileRead
        With the rows and columns that there are now; as it was if there is no such column.
    """
    names = {name.lower(): name for name in found.columns}
    name = names.get(path.lower()) or names.get(path.split(".")[0].lower())
    if name is None:
        return found
    column, inner = quoted(name), "" if path.lower() == name.lower() else path[len(name) :]
    held = f"json_extract_string({column}, {literal(f'${inner}')})" if inner else column
    alone = column if inner else held
    lists = f"case when starts_with({held}, '[') and json_valid({held}) then json_extract_string({held}, '$[*]') end"
    told = (
        f"select * exclude (_row), _row as _whole, coalesce(nullif({lists}, []), [{alone}]) as _elements from {target}"
    )
    own = path if inner else name
    spreading = f"""select * exclude ({"" if inner else f"{column}, "}_whole, _elements, _problem, _line),
            nullif(nullif(unnest(_elements), ''), '[]') as {quoted(own)}, unnest(range(len(_elements))) as _place,
            _whole, _problem, _line
        from ({told})"""
    whole = scratch_name("whole")
    con.execute(f"create temp table {whole} as {spreading}").fetchall()
    try:
        columns = [*(one for one in found.columns if one != own), own]
        con.execute(
            f"""create or replace table {target} as
            select {", ".join(map(quoted, columns))}, row_number() over (order by _whole, _place) as _row, _problem, _line
            from {whole} order by _whole, _place"""
        ).fetchall()
    finally:
        con.execute(f"drop table {whole}").fetchall()
    return file_read(con, target, columns, encoding=found.encoding, dialect=found.dialect, notices=found.notices)
