"""Which dirt lies in which source of the ``sample`` shop."""

from __future__ import annotations

from ecom_pipeline.shop.samples.dirt import EXACT, SUPERSEDED, Dirt

FUTURE = "2099-01-01 00:00:00"

EVENTS_2023 = (
    Dirt(EXACT, 600),
    Dirt("bad_timestamp", 70, {"ts": ("N/A", "0000-00-00", "16725xx00")}),
    Dirt("future", 20, {"ts": ("4070908800000",)}),
    Dirt("unknown_type", 30, {"act": ("heartbeat", "")}),
    Dirt("negative_price", 50, {"price": ("-",)}, ("act", "buy")),
    Dirt("negative_quantity", 40, {"qty": ("-",)}, ("act", "buy")),
    Dirt("unknown_currency", 30, {"cur": ("BTC", "???")}, ("act", "buy")),
    Dirt("torn_line", 25, broken=True),
)
EVENTS_2024 = (
    Dirt(EXACT, 500),
    Dirt("bad_timestamp", 60, {"event_time": ("2024-02-30 10:00:00", "N/A", "")}),
    Dirt("future", 20, {"event_time": (FUTURE,)}),
    Dirt("unknown_type", 30, {"event_name": ("heartbeat", "")}),
    Dirt("negative_price", 40, {"price": ("-",)}, ("event_name", "purchase")),
    Dirt("negative_quantity", 30, {"quantity": ("-",)}, ("event_name", "purchase")),
    Dirt("unknown_currency", 20, {"currency": ("BTC", "???")}, ("event_name", "purchase")),
    Dirt("torn_line", 25, broken=True),
)
ORDERS = (
    Dirt(EXACT, 90),
    Dirt(SUPERSEDED, 40, {"订单状态": ("待发货",), "更新时间": ("=下单时间",)}, ("订单状态", "已完成"), same_id=True),
    Dirt("bad_timestamp", 60, {"下单时间": ("2023/13/45 25:61:00", "2023-02-30", "")}),
    Dirt("future", 20, {"下单时间": ("2099/01/01 00:00:00",)}),
    Dirt("missing_id", 40, {"订单编号": ("",)}),
    Dirt("unknown_currency", 30, {"币种": ("BTC", "港纸")}),
    Dirt("unknown_status", 20, {"订单状态": ("???", "异常")}),
    Dirt("torn_line", 15, broken=True),
)
ORDER_ITEMS = (
    Dirt(EXACT, 150),
    Dirt("negative_price", 60, {"unit_price": ("-",), "amount": ("-",)}),
    Dirt("negative_quantity", 50, {"qty": ("-",)}),
    Dirt("missing_id", 30, {"order_no": ("",)}),
    Dirt("missing_product", 30, {"sku": ("",)}),
    Dirt("unknown_currency", 40, {"currency": ("BTC", "RMB?")}),
    Dirt("bad_number", 25, {"qty": ("one", "1O")}),
    Dirt("torn_line", 20, broken=True),
)
REFUNDS = (
    Dirt(EXACT, 8),
    Dirt("bad_timestamp", 5, {"refund_time": ("31.02.2024 10:00", "gestern")}),
    Dirt("negative_amount", 4, {"amount": ("-",)}),
    Dirt("missing_amount", 3, {"amount": ("",)}),
    Dirt("unknown_currency", 2, {"currency": ("BTC",)}),
)
PRODUCTS = (
    Dirt(EXACT, 3),
    Dirt("negative_price", 2, {"售价": ("-",)}),
    Dirt("bad_number", 1, {"售价": ("面议",)}),
    Dirt("missing_id", 1, {"商品编码": ("",)}),
)
CUSTOMERS = (
    Dirt(EXACT, 20),
    Dirt("bad_timestamp", 15, {"registered_at": ("2023-02-30", "unknown")}),
    Dirt("missing_id", 10, {"customer_id": ("",)}),
)
MESSAGES = (
    Dirt(EXACT, 60),
    Dirt("bad_timestamp", 15, {"sent_at": ("yesterday", "2024-02-30T10:00:00+08:00")}),
    Dirt("future", 8, {"sent_at": ("2099-01-01T00:00:00+08:00",)}),
    Dirt("missing_text", 20, {"text": ("",)}),
    Dirt("torn_line", 10, broken=True),
)
SPEND = (
    Dirt(SUPERSEDED, 5, {"花费": ("35.50", "20.00"), "_part": ("2023",)}, ("日期", "2023-12-31")),
    Dirt("negative_amount", 8, {"花费": ("-",)}),
    Dirt("bad_timestamp", 6, {"日期": ("2023-06-31", "合计")}),
    Dirt("missing_channel", 5, {"渠道": ("",)}),
    Dirt("unknown_currency", 4, {"币种": ("BTC",)}),
)
MARKET = (
    Dirt(EXACT, 4),
    Dirt("bad_number", 5, {"value": ("--", "n/a"), "indicator": ("search_index_mobile",)}),
)
