select
    'recommend' as domain,
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
from models.recommendation_card

union all

select
    'forecast' as domain,
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
from models.forecast_card

union all

select
    'support' as domain,
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
from models.support_card

union all

select
    'profile' as domain,
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
from models.profile_card

union all

select
    'profile' as domain,
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
from models.clusters_card

union all

select
    'profile' as domain,
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
from models.propensity_card

union all

select
    'profile' as domain,
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
from models.lifetime_card

union all

select
    'marketing' as domain,
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
from models.budget_card
