select
    product_id,
    risk_date,
    expected_stock,
    stock_out_risk
from models.stock_out_risk
