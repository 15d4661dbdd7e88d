"""From files to typed inputs: one asset per source of ``shop.yaml`` (raw) and one view per input contract."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import EXPECTED, check_result, key_of, metadata_of, spec_of, step
from ecom_pipeline.quality import check_specs, judge
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.loading import LedgerEntry, LoadReport, load_source
from ecom_pipeline.shop.mapping import input_selects, routing_select
from ecom_pipeline.warehouse.describe import describe
from ecom_pipeline.warehouse.journal import now, record
from ecom_pipeline.warehouse.write import Candidate, Outcome, columns_of, quarantine, quoted
