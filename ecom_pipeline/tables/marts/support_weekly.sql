with counted as (
    select
        cast(date_trunc('week', sent_date) as date) as week_date,
        intent,
        sum(messages) as messages
    from marts.support_daily
    group by cast(date_trunc('week', sent_date) as date), intent
),

weeks as (
    select
        week_date,
        sum(messages) as messages
    from counted
    group by week_date
),

intents as (
    select distinct intent
    from counted
),

shares as (
    select
        weeks.week_date,
        intents.intent,
        cast(coalesce(counted.messages, 0) as bigint) as messages,
        cast(coalesce(counted.messages, 0) as double) / weeks.messages as share
    from weeks
    cross join intents
    left join counted on weeks.week_date = counted.week_date and intents.intent = counted.intent
),

usual as (
    select
        week_date,
        intent,
        messages,
        share,
        avg(share) over (
            partition by intent
            order by week_date
            rows between 8 preceding and 1 preceding
        ) as usual_share
    from shares
)

select
    week_date,
    intent,
    messages,
    share,
    usual_share,
    share - usual_share as drift,
    round(sum(abs(share - usual_share)) over (partition by week_date) / 2, 9) as week_drift
from usual
