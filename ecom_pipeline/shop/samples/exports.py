"""The shop's tables as its systems would export them: text, each in the headers, words and formats of its source.

Here: the look of every file. Not here: what is in them, and what is wrong in them (:mod:`planted`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.advertising import CAMPAIGNS
from ecom_pipeline.shop.samples.catalogue import Catalogue
from ecom_pipeline.shop.samples.draws import Texts, numbered
from ecom_pipeline.shop.samples.traffic import NOBODY

TIMEZONE = "Asia/Shanghai"
_EVENTS_2023 = {
    "view": "pv", "favourite": "fav", "cart": "addcart", "remove": "delcart", "purchase": "buy", "search": "search", "visit": "visit",
}  # fmt: skip
_EVENTS_2024 = {
    "view": "page_view", "favourite": "wishlist", "cart": "add_to_cart", "remove": "remove_from_cart",
    "purchase": "purchase", "search": "search", "visit": "session_start",
}  # fmt: skip
_HEADERS_2023 = [
    "act", "ts", "uid", "sid", "sku", "qty", "price", "cur", "order", "src", "cmp", "dev", "q", "ua", "_part",
]  # fmt: skip
_HEADERS_2024 = [
    "event_name", "event_time", "user_id", "session_id", "product_id", "quantity", "price", "currency", "order_no",
    "utm_source", "utm_campaign", "device", "keyword", "user_agent", "_part",
]  # fmt: skip
_SOURCES = {
    "search": ("baidu", "google"), "social": ("xiaohongshu", "instagram"), "video": ("douyin", "tiktok"),
    "email": ("edm", "newsletter"), "affiliate": ("taobaoke", "affiliate"), "": ("", ""),
}  # fmt: skip
_SPEND_CHANNELS = {"search": "搜索", "social": "社交", "video": "短视频", "email": "邮件", "affiliate": "联盟"}
STATUSES = {"已完成": "completed", "待发货": "pending", "已取消": "cancelled", "已退货": "returned"}
"""The order export's words."""
_CHANNELS = np.array([campaign.channel for campaign in CAMPAIGNS] + [""], dtype=object)
_CAMPAIGN_IDS = np.array([campaign.campaign_id for campaign in CAMPAIGNS] + [""], dtype=object)


def channel_of(campaign: pd.Series) -> Texts:
    """The channel of each campaign number; empty for DIRECT, which is the last."""
    return np.asarray(_CHANNELS[campaign.to_numpy()], dtype=object)


def events(
    catalogue: Catalogue,
    customers: pd.DataFrame,
    orders: pd.DataFrame,
    visits: pd.DataFrame,
    items: pd.DataFrame,
    events: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two event exports: the tracker of 2023 (JSON lines) and the one that replaced it (CSV)."""
    visit = visits.iloc[events["visit"].to_numpy()].reset_index(drop=True)
    known = (visit["customer"] != NOBODY).to_numpy() & ~_guest(orders, visit)
    language = np.where(visit["customer"] == NOBODY, "zh", customers["language"].to_numpy()[visit["customer"]])
    channel = channel_of(visit["campaign"])
    has_session = visit["has_session_id"].to_numpy() | ~known
    item = events["item"].to_numpy()
    product = events["product"].to_numpy()
    line = (item != NOBODY) & events["type"].isin(["purchase", "cart"]).to_numpy()
    bought = (events["type"] == "purchase").to_numpy()
    price = np.where(line, items["unit_price"].to_numpy()[item], catalogue.products["price"].to_numpy()[product])
    tidy = pd.DataFrame(
        {
            "type": events["type"],
            "at": events["at"],
            "customer": np.where(known, customers["customer_id"].to_numpy()[visit["customer"]], ""),
            "session": np.where(has_session, numbered("s", events["visit"].to_numpy() + 1, 6), ""),
            "product": np.where(product == NOBODY, "", catalogue.products["product_id"].to_numpy()[product]),
            "quantity": np.where(line, items["quantity"].to_numpy()[item].astype(str), ""),
            "price": np.where(product == NOBODY, "", _money(price)),
            "currency": np.where(product == NOBODY, "", np.where(line, items["currency"].to_numpy()[item], "CNY")),
            "order": np.where(bought, orders["order_id"].to_numpy()[items["order"].to_numpy()[item]], ""),
            "channel": [_SOURCES[name][0 if code == "zh" else 1] for name, code in zip(channel, language, strict=True)],
            "campaign": _CAMPAIGN_IDS[visit["campaign"]],
            "device": visit["device"],
            "query": events["search_query"],
            "agent": visit["user_agent"],
        }
    )
    tidy = tidy.sort_values("at", kind="stable", ignore_index=True)
    tidy["_part"] = tidy["at"].to_numpy().astype("datetime64[M]").astype(str)
    old, new = tidy[tidy["at"] < "2024"], tidy[tidy["at"] >= "2024"].reset_index(drop=True)
    return _tracker_2023(old), _tracker_2024(new)


def _guest(orders: pd.DataFrame, visit: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    order = visit["order"].to_numpy()
    return np.asarray((order != NOBODY) & orders["is_guest"].to_numpy()[order])


def _tracker_2023(tidy: pd.DataFrame) -> pd.DataFrame:
    epoch = tidy["at"].dt.tz_localize(TIMEZONE).dt.tz_convert("UTC").dt.tz_localize(None)
    milliseconds = ((epoch - pd.Timestamp(0)) // pd.Timedelta(milliseconds=1)).astype(str)
    return tidy.assign(type=tidy["type"].map(_EVENTS_2023), at=milliseconds).set_axis(_HEADERS_2023, axis=1)


def _tracker_2024(tidy: pd.DataFrame) -> pd.DataFrame:
    table = tidy.assign(type=tidy["type"].map(_EVENTS_2024), at=_stamp(tidy["at"], "-")).set_axis(_HEADERS_2024, axis=1)
    table.insert(0, "event_id", numbered("E", np.arange(1, len(tidy) + 1), 7))
    return table


def orders(customers: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """The order export: Chinese headers, one file per quarter."""
    buyer = customers.iloc[orders["customer"].to_numpy()].reset_index(drop=True)
    return pd.DataFrame(
        {
            "订单编号": orders["order_id"],
            "会员编号": np.where(orders["is_guest"], "", buyer["customer_id"]),
            "下单时间": _stamp(orders["ordered_at"], "/"),
            "订单状态": orders["status"],
            "币种": buyer["currency"],
            "收货国家": buyer["country"],
            "优惠金额": _money(orders["discount"]),
            "运费": _money(orders["shipping"]),
            "优惠券": orders["coupon"],
            "是否测试": "否",
            "更新时间": _stamp(orders["updated_at"], "/"),
            "_part": _quarter(orders["ordered_at"]),
        }
    )


def order_items(catalogue: Catalogue, orders: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The lines of the orders."""
    order_id = orders["order_id"].to_numpy()[items["order"]]
    return pd.DataFrame(
        {
            "line_id": order_id + "-" + (items.groupby("order").cumcount() + 1).astype(str),
            "order_no": order_id,
            "sku": catalogue.products["product_id"].to_numpy()[items["product"]],
            "qty": items["quantity"].astype(str),
            "unit_price": _money(items["unit_price"]),
            "discount": _money(items["discount"]),
            "amount": _money(items["line_amount"]),
            "currency": items["currency"],
            "_part": _quarter(orders["ordered_at"].iloc[items["order"].to_numpy()].reset_index(drop=True)),
        }
    )


def refunds(catalogue: Catalogue, customers: pd.DataFrame, orders: pd.DataFrame, refunds: pd.DataFrame) -> pd.DataFrame:
    """The refund export of a European payment provider: semicolons, decimal commas, day first."""
    order = orders.iloc[refunds["order"].to_numpy()].reset_index(drop=True)
    return pd.DataFrame(
        {
            "refund_no": numbered("RF", np.arange(1, len(refunds) + 1), 5),
            "order_no": order["order_id"],
            "sku": catalogue.products["product_id"].to_numpy()[refunds["product"]],
            "customer": np.where(order["is_guest"], "", customers["customer_id"].to_numpy()[order["customer"]]),
            "refund_time": refunds["refunded_at"].dt.strftime("%d.%m.%Y %H:%M"),
            "qty": refunds["quantity"].astype(str),
            "amount": pd.Series(_money(refunds["line_amount"])).str.replace(".", ","),
            "currency": refunds["currency"],
            "reason": refunds["reason"],
            "_part": "",
        }
    )


def products(catalogue: Catalogue) -> pd.DataFrame:
    """The product master, delisted products left out."""
    listed = catalogue.products[catalogue.products["is_listed"]]
    return pd.DataFrame(
        {
            "商品编码": listed["product_id"],
            "商品名称": listed["name"],
            "类目": listed["category"],
            "品牌": listed["brand"],
            "售价": _money(listed["price"]),
            "成本": _money(listed["cost"]),
            "库存": listed["stock"].astype(str),
            "备货天数": listed["lead_time"].astype(str),
            "描述": listed["description"],
            "在售": "是",
            "_part": "",
        }
    )


def customers(customers: pd.DataFrame) -> pd.DataFrame:
    """The customer master of the CRM."""
    columns = [
        "customer_id", "name", "email", "phone", "address", "birth_year", "gender", "country", "city", "language",
    ]  # fmt: skip
    table = customers[columns].copy()
    table["birth_year"] = table["birth_year"].astype("string").fillna("").astype(object)
    table["registered_at"] = customers["registered"].dt.strftime("%Y-%m-%d")
    table["acquisition_channel"] = customers["acquisition"]
    table["opted_out"] = np.where(customers["opted_out"], "1", "0")
    return table.assign(_part="")


def messages(messages: pd.DataFrame) -> pd.DataFrame:
    """The help desk's export."""
    table = messages[["message_id", "customer_id", "order_id", "author", "language", "text"]].copy()
    table.insert(1, "sent_at", messages["sent_at"].dt.strftime("%Y-%m-%dT%H:%M:%S+08:00"))
    table["intent"] = messages["label"]
    return table.assign(_part="")


def spend(spend: pd.DataFrame) -> pd.DataFrame:
    """The advertising export, one file per year; the last day of 2023 is told in full by the file of 2024 only."""
    return pd.DataFrame(
        {
            "日期": spend["date"].astype(str),
            "渠道": spend["channel"].map(_SPEND_CHANNELS),
            "计划编号": _CAMPAIGN_IDS[spend["campaign"]],
            "花费": _money(spend["amount"]),
            "币种": "CNY",
            "展现": spend["impressions"].astype(str),
            "点击": spend["clicks"].astype(str),
            "_part": np.where(spend["date"].astype(str) < "2023-12-31", "2023", "2024"),
        }
    )


def campaigns() -> pd.DataFrame:
    """The campaign plan."""
    return pd.DataFrame(
        [
            {
                "campaign_id": campaign.campaign_id,
                "name": campaign.name,
                "channel": campaign.channel,
                "start_date": campaign.starts.isoformat(),
                "end_date": campaign.ends.isoformat(),
                "budget": f"{campaign.level * 35 * ((campaign.ends - campaign.starts).days + 1):.0f}",
                "currency": "CNY",
                "_part": "",
            }
            for campaign in CAMPAIGNS
        ]
    )


def staff_orders(
    rng: np.random.Generator, catalogue: Catalogue, table: pd.DataFrame, tests: int, empty: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders that staff placed to try the shop, with one line each, and orders cancelled before they had a line."""
    drawn = table.iloc[rng.choice(len(table), tests + empty, replace=False)].reset_index(drop=True)
    drawn["订单编号"] = (
        "SO" + drawn["下单时间"].str[:10].str.replace("/", "") + numbered("9", np.arange(tests + empty), 3)
    )
    drawn["优惠金额"], drawn["运费"], drawn["优惠券"] = "0.00", "0.00", ""
    trial, unfilled = drawn[:tests], drawn[tests:]
    trial = trial.assign(会员编号="STAFF", 币种="CNY", 收货国家="CN", 订单状态="已完成", 是否测试="是")
    unfilled = unfilled.assign(订单状态="已取消")
    lines = pd.DataFrame(
        {
            "line_id": trial["订单编号"] + "-1",
            "order_no": trial["订单编号"],
            "sku": catalogue.products["product_id"].to_numpy()[rng.integers(0, 50, tests)],
            "qty": "1",
            "unit_price": "0.01",
            "discount": "0.00",
            "amount": "0.01",
            "currency": "CNY",
            "_part": trial["_part"],
        }
    )
    return pd.concat([trial, unfilled]), lines


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """A table that is exported as it is, in one file."""
    return table.astype(str).assign(_part="")


def _money(values: pd.Series | np.ndarray[tuple[int], np.dtype[np.float64]]) -> Texts:
    return np.array([f"{value:.2f}" for value in np.asarray(values)], dtype=object)


def _stamp(values: pd.Series, separator: str) -> Texts:
    texts = np.datetime_as_string(values.to_numpy(), unit="s").astype(object)
    return np.array([text.replace("-", separator).replace("T", " ") for text in texts], dtype=object)


def _quarter(values: pd.Series) -> pd.Series:
    return values.dt.year.astype(str) + "Q" + values.dt.quarter.astype(str)
