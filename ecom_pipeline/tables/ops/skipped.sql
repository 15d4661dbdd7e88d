with latest as (
    select
        table_name,
        outcome,
        reason,
        run_id,
        written_at,
        row_number() over (partition by table_name order by written_at desc, run_id desc) as place
    from journal.writes
)

select
    table_name,
    reason,
    run_id,
    written_at
from latest
where place = 1 and outcome = 'skipped'
