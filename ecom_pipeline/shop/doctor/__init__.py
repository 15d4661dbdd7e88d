"""What unknown exports seem to be: from a folder to a proposed ``shop.yaml``, in which every guess says how sure it is.

``sampling`` reads the beginning of files, ``survey`` groups them by their names (``patterns``) and ``nested`` opens their
JSON; ``profiles`` looks at values, ``names`` at headers, ``matching`` at both; ``roles`` decides what kind of export a file is, ``inputs``,
``sales`` and ``columns`` what it gives, ``rows`` which of its rows count, ``returns`` and ``derived`` what no header
names; ``diagnosis`` goes through all that and ``proposal`` writes it down. Rules of thumb live here and nowhere else:
nothing in the nightly run depends on a guess.
Nothing is written to disk.
"""

from __future__ import annotations

from ecom_pipeline.shop.doctor.diagnosis import diagnose
from ecom_pipeline.shop.doctor.model import ColumnGuess, Diagnosis, Guess, InputGuess, Missing, SourceGuess
from ecom_pipeline.shop.doctor.proposal import propose_yaml

__all__ = [
    "ColumnGuess",
    "Diagnosis",
    "Guess",
    "InputGuess",
    "Missing",
    "SourceGuess",
    "diagnose",
    "propose_yaml",
]
