"""The last step of a night: marts, model outputs and ops go live together."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.checks import key_of
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import OWNERS
from ecom_pipeline.shop.rules import audience_exports
from ecom_pipeline.warehouse.release import PUBLISHED, publish


def release_asset(contracts: Mapping[str, Contract], fresh_within: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """The release, downstream of every table it publishes."""
    published: Iterable[Contract] = [contract for contract in contracts.values() if contract.schema_name in PUBLISHED]

    @dg.asset(
        key=["release", "current"],
        deps=[key_of(contract.name) for contract in published],
        description="One release per successful night: marts, model outputs and ops, published as one unit.",
        group_name="release",
        owners=OWNERS,
        tags={"layer": "release"},
        kinds={"duckdb", "parquet"},
        required_resource_keys={"night"},
        freshness_policy=fresh_within,
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        night: Night = context.resources.night
        folder = night.settings.releases_dir(night.shop.name)
        with night.step("release"):
            done = publish(
                night.connection,
                published,
                folder,
                run_id=night.run_id,
                shop=night.shop.name,
                keep=night.settings.keep_releases,
                exports=audience_exports(night.shop),
            )
        return dg.MaterializeResult(
            metadata={
                "release": done.release_id,
                "content": done.digest,
                "folder": dg.MetadataValue.path(str(folder / "current")),
                "tables": dg.MetadataValue.table(
                    records=[dg.TableRecord({"table": table.name, "rows": table.rows}) for table in done.tables]
                ),
            }
        )

    return release
