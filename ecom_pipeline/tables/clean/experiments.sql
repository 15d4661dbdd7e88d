with experiments as (
    select
        nullif(trim(experiment_id), '') as experiment_id,
        nullif(trim(customer_id), '') as customer_id,
        nullif(trim(arm), '') as arm,
        assigned_at,
        assigned_date,
        is_control,
        planned_share,
        cost,
        nullif(upper(trim(currency)), '') as currency,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.experiments
)

select
    experiments.experiment_id,
    experiments.customer_id,
    experiments.arm,
    experiments.assigned_at,
    experiments.assigned_date,
    coalesce(
        experiments.is_control,
        lower(experiments.arm) in (
            'control', 'control group', 'holdout', 'hold-out', 'hold out', 'none', 'no treatment', 'no e-mail',
            'no email', 'no mail', '对照', '对照组', '空白组', '控制组'
        )
    ) as is_control,
    experiments.planned_share,
    case
        when experiments.currency is null then experiments.cost
        else try_cast(cast(experiments.cost as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as cost,
    experiments.cost as original_cost,
    experiments.currency as original_currency,
    experiments._source,
    experiments._load_id,
    experiments._file,
    experiments._row,
    experiments._reasons
from experiments
left join input.exchange_rates as rates on experiments.currency = rates.currency
