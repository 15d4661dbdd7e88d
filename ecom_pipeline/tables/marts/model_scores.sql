select
    domain,
    model,
    metric,
    value,
    baseline,
    baseline_value,
    decision,
    reason,
    trained_from,
    trained_to,
    parameters,
    seed,
    versions,
    metrics
from models.registry
