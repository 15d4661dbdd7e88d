with reasoned as (
    select
        table_name,
        source,
        regexp_replace(reasons, '(?s): ''.*?'' is not ', ': ... is not ', 'g') as reasons,
        quarantined_at
    from quarantine.rows
)

select
    table_name,
    source,
    reasons,
    count(*) as quarantined_rows,
    max(quarantined_at) as last_quarantined_at
from reasoned
group by table_name, source, reasons
