with spend as (
    select
        spend_date,
        nullif(lower(trim(channel)), '') as channel,
        nullif(trim(campaign_id), '') as campaign_id,
        amount,
        nullif(upper(trim(currency)), '') as currency,
        impressions,
        clicks,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.marketing_spend
)

select
    spend.spend_date,
    spend.channel,
    spend.campaign_id,
    case
        when spend.currency is null then spend.amount
        else try_cast(cast(spend.amount as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as amount,
    spend.amount as original_amount,
    spend.currency as original_currency,
    spend.impressions,
    spend.clicks,
    spend._source,
    spend._load_id,
    spend._file,
    spend._row,
    spend._reasons,
    case
        when spend._reasons is not null or spend.spend_date is null or spend.channel is null then 1
        else dense_rank() over (
            partition by
                spend._reasons is null, spend._source, spend.spend_date, spend.channel, spend.campaign_id
            order by spend._load_id desc
        )
    end as _duplicate
from spend
left join input.exchange_rates as rates on spend.currency = rates.currency
