with campaigns as (
    select
        nullif(trim(campaign_id), '') as campaign_id,
        nullif(trim(name), '') as name,
        nullif(lower(trim(channel)), '') as channel,
        starts_on,
        ends_on,
        budget,
        nullif(upper(trim(currency)), '') as currency,
        _source,
        _load_id,
        _file,
        _row,
        _reasons
    from input.campaigns
)

select
    campaigns.campaign_id,
    campaigns.name,
    campaigns.channel,
    campaigns.starts_on,
    campaigns.ends_on,
    case
        when campaigns.currency is null then campaigns.budget
        else try_cast(cast(campaigns.budget as decimal(19, 4)) * rates.rate as decimal(18, 4))
    end as budget,
    campaigns.budget as original_budget,
    campaigns.currency as original_currency,
    campaigns._source,
    campaigns._load_id,
    campaigns._file,
    campaigns._row,
    campaigns._reasons
from campaigns
left join input.exchange_rates as rates on campaigns.currency = rates.currency
