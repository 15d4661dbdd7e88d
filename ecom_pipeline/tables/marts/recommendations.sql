with chosen as (
    select
        case
            when bool_and(event_type = 'purchase') then 'bought'
            when bool_and(event_type <> 'purchase') then 'looked at'
            else 'looked at or bought'
        end as did_en,
        case
            when bool_and(event_type = 'purchase') then '买过'
            when bool_and(event_type <> 'purchase') then '看过'
            else '看过或买过'
        end as did_zh
    from features.interactions
),

described as (
    select
        lists.*,
        chosen.did_en,
        chosen.did_zh,
        products.name as product_name,
        products.category,
        products.brand,
        products.price,
        others.name as evidence_product_name,
        coalesce(others.name, lists.evidence_product_id) as other_words,
        cast(lists.evidence_count as varchar) as count_words,
        case lists.evidence_count
            when 2 then 'twice' else concat(cast(lists.evidence_count as varchar), ' times')
        end as times_words,
        cast(lists.evidence_count as varchar) || ' customers' as customer_words,
        case
            when lists.evidence_days = 1 then 'day'
            else concat(cast(lists.evidence_days as varchar), ' days')
        end as days_words,
        cast(lists.evidence_days as varchar) as days_count_words,
        cast(lists.evidence_date as varchar) as date_words
    from models.recommendations as lists
    cross join chosen
    left join features.products as products on lists.product_id = products.product_id
    left join features.products as others on lists.evidence_product_id = others.product_id
)

select
    customer_id,
    shelf,
    rank,
    product_id,
    product_name,
    category,
    brand,
    cast(price as decimal(18, 2)) as price,
    score,
    source,
    reason,
    case reason
        when 'bought_before' then
            case
                when evidence_count = 1 then concat('You bought it on ', date_words)
                when evidence_days is null then concat('You bought it ', times_words, ', last on ', date_words)
                else
                    concat(
                        'You bought it ', times_words, ', about every ', days_words, ', last on ', date_words
                    )
            end
        when 'viewed_before' then
            case
                when evidence_count = 1 then concat('You looked at it on ', date_words)
                else concat('You looked at it on ', count_words, ' days, last on ', date_words)
            end
        when 'bought_together' then
            concat('Bought together ', times_words, ' with ', other_words, ', which you bought on ', date_words)
        when 'chosen_together' then
            concat(
                customer_words, ' who ', did_en, ' ', other_words,
                ', as you did on ', date_words, ', ', did_en, ' it too'
            )
        when 'similar_to_bought' then concat('Similar to ', other_words, ', which you bought on ', date_words)
        when 'similar_to_viewed' then concat('Similar to ', other_words, ', which you looked at on ', date_words)
        when 'popular_in_category' then
            concat('Popular in ', evidence_group, ', one of your categories: ', customer_words, ' ', did_en, ' it')
        when 'popular_in_segment' then
            concat('Popular with customers like you: ', customer_words, ' ', did_en, ' it')
        when 'brand_pin' then concat('The shop recommends ', evidence_group)
        when 'personal' then concat('Picked for you from what you ', did_en)
        else coalesce('Popular: ' || customer_words || ' ' || did_en || ' it', 'Popular in the shop')
    end as reason_en,
    case reason
        when 'bought_before' then
            case
                when evidence_count = 1 then concat('您于 ', date_words, ' 买过它')
                when evidence_days is null then concat('您买过 ', count_words, ' 次，最近一次是 ', date_words)
                else
                    concat(
                        '您买过 ', count_words, ' 次，大约每 ', days_count_words, ' 天一次，最近一次是 ', date_words
                    )
            end
        when 'viewed_before' then
            case
                when evidence_count = 1 then concat('您于 ', date_words, ' 看过它')
                else concat('您有 ', count_words, ' 天看过它，最近一次是 ', date_words)
            end
        when 'bought_together' then
            concat('与您 ', date_words, ' 购买的“', other_words, '”一起被买过 ', count_words, ' 次')
        when 'chosen_together' then
            concat(
                count_words, ' 位和您（', date_words, '）一样', did_zh, '“', other_words, '”的顾客，也', did_zh, '它'
            )
        when 'similar_to_bought' then concat('与您 ', date_words, ' 购买的“', other_words, '”相似')
        when 'similar_to_viewed' then concat('与您 ', date_words, ' 看过的“', other_words, '”相似')
        when 'popular_in_category' then
            concat('在您', did_zh, '的类目“', evidence_group, '”中受欢迎：', count_words, ' 位顾客', did_zh, '它')
        when 'popular_in_segment' then concat('受与您相似的顾客欢迎：其中 ', count_words, ' 位', did_zh, '它')
        when 'brand_pin' then concat('本店推荐品牌“', evidence_group, '”')
        when 'personal' then concat('根据您', did_zh, '的商品为您挑选')
        else coalesce('热门：' || count_words || ' 位顾客' || did_zh || '它', '本店热门商品')
    end as reason_zh,
    evidence_product_id,
    evidence_product_name,
    evidence_count,
    evidence_date,
    evidence_days,
    evidence_group,
    as_of_date
from described
