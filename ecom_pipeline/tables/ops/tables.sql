with latest as (
    select
        table_name,
        outcome,
        rows,
        reason,
        run_id,
        written_at,
        row_number() over (partition by table_name order by written_at desc, run_id desc) as place
    from ops.writes
),

written as (
    select
        table_name,
        max(written_at) as last_swapped_at
    from ops.writes
    where outcome in ('swapped', 'merged', 'skipped')
    group by table_name
)

select
    latest.table_name,
    latest.outcome,
    latest.rows as candidate_rows,
    latest.reason,
    latest.run_id,
    latest.written_at,
    written.last_swapped_at
from latest
left join written on latest.table_name = written.table_name
where latest.place = 1
