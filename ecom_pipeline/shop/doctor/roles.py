"""What kind of export a file is: the one role that explains most of its columns.

Sales are one role, whether a row is an order, a line of one or both; how they are split is decided in ``inputs``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecom_pipeline.contracts import Column, Contract
from ecom_pipeline.shop.doctor.matching import KEYED, Hint, Matches, match
from ecom_pipeline.shop.doctor.meaning import named_event, read_words, understood
from ecom_pipeline.shop.doctor.names import KNOWN, VAGUE
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile

SALES = "sales"
ROLES = (
    "events", SALES, "refunds", "products", "customers", "messages", "faq", "marketing_spend", "campaigns", "experiments",
    "calendar", "market",
)  # fmt: skip

NEEDED = {
    "events": ("event_type", "event_at"),
    "refunds": ("refunded_at", "amount"),
    "products": ("product_id",),
    "customers": ("customer_id",),
    "messages": ("sent_at", "text"),
    "faq": ("intent", "questions", "answer"),
    "marketing_spend": ("spend_date", "amount"),
    "campaigns": ("campaign_id",),
    "experiments": ("experiment_id", "customer_id", "arm", "assigned_at"),
    "market": ("market_date", "indicator", "value"),
    "calendar": ("calendar_date", "name"),
}
TELLING = {
    "events": ("customer_id", "product_id", "session_id"),
    "products": ("name", "category_path", "brand", "price", "cost", "stock", "description"),
    "customers": ("email", "phone", "name", "birth_year", "gender", "registered_at", "address", "city", "is_opted_out"),
    "marketing_spend": ("impressions", "clicks", "campaign_id"),
    "campaigns": ("starts_on", "ends_on", "budget"),
    "calendar": ("kind", "country"),
}
"""Columns of which a file of the role has at least one, unless its name or its headers say what it is."""
HINTS = {
    "events": "event|behavio|click|activity|log|view|session|visit|行为|浏览|日志|点击",
    SALES: (
        "order|sale|invoice|transaction|purchase|basket|line|订单|销售|交易|发票|明细|pedido|venta|venda|bestell|commande|ordin"
        "|заказ|продаж|реализ|sipari|satış|satis|주문|판매|طلب|مبيعات|ऑर्डर|zam[oó]wie|sprzeda"
    ),
    "refunds": "refund|return|credit|order_?slip|avoir|退|售后",
    "products": "product|item|catalog|sku|goods|article|商品|产品|宝贝|货品|товар|ürün|urun|상품|منتج|उत्पाद|produkt|prodott",
    "customers": "customer|user|client|member|buyer|household|subscri|opt_?(in|out)|suppress|退订|客户|用户|会员|买家|顾客|клиент|müşteri|musteri|고객|회원|عملاء|ग्राहक|klien|kunde",
    "messages": "message|ticket|chat|support|review|comment|消息|客服|工单|咨询|留言",
    "faq": "faq|macro|knowledge|问答|知识|常见问题",
    "marketing_spend": "spend|ads|marketing|cost|投放|花费|广告|推广",
    "campaigns": "campaign|计划|活动",
    "experiments": "experiment|ab_test|abtest|holdout|trial|实验|分组",
    "market": "market|indicator|index|trend|指数|指标|行情",
    "calendar": "calendar|holiday|festival|日历|节日|节假日",
}
SOLD = "sales|sold|revenue|umsatz|ventas|vendas|销售|销量|продаж|выручк|satış|판매|매출|مبيعات"
"""What amounts of sales by day are called, whose rows know neither order nor customer."""
TOO_LITTLE = 0.45


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role, how sure it is, and the columns that speak for it, by input."""

    name: str
    score: float
    matches: Mapping[str, Matches]


def find_role(
    name: str,
    profiles: Sequence[Profile],
    contracts: Mapping[str, Contract],
    hints: Mapping[tuple[str, str], Hint] | None = None,
) -> Role | None:
    """The role that explains an export best; None if none does.

    Parameters
    ----------
    name
        Of its files.
    contracts
        The input contracts, by table.
    """
    matches = {table: match(contract, profiles, hints) for table, contract in contracts.items()}
    looks = _Looks(name, profiles, matches, contracts)
    roles = [Role(name=role, score=looks.score(role), matches=matches) for role in ROLES]
    best = max(roles, key=lambda role: role.score)
    return best if best.score >= TOO_LITTLE else None


def nearest(
    name: str, profiles: Sequence[Profile], contracts: Mapping[str, Contract]
) -> tuple[str, tuple[str, ...]] | None:
    """What an export that was not recognised is called after, and the columns that it would need for that."""
    for role in ROLES:
        if _is_named(name, role):
            table = "orders" if role == SALES else role
            found = match(contracts[table], profiles)
            lacking = tuple(target for target in NEEDED.get(role, ("order_id", "ordered_at")) if target not in found)
            return (table, lacking) if lacking else None
    return None


def _is_named(name: str, role: str) -> bool:
    return re.search(HINTS[role], name.rsplit("/", 1)[-1], re.IGNORECASE) is not None


@dataclass(frozen=True)
class _Looks:
    """What is seen of an export when its role is asked for."""

    name: str
    profiles: Sequence[Profile]
    matches: Mapping[str, Matches]
    contracts: Mapping[str, Contract]

    def score(self, role: str) -> float:
        """How much a role explains; 0 if it cannot be."""
        tables = ("orders", "order_items") if role == SALES else (role,)
        if not (self._is_sales() if role == SALES else self._is_about(role)):
            return 0.0
        explained: dict[str, float] = {}
        for one in (one for table in tables for one in self.matches[table].values()):
            explained[one.profile.name] = max(one.score, explained.get(one.profile.name, 0.0))
        needed = self._scores(role, NEEDED.get(role, ())) or [
            score
            for table in tables
            for score in self._scores(table, ("order_id", "ordered_at", "product_id", "quantity"))
        ]
        if role == "customers" and not needed:
            needed = self._scores(role, ("email",))
        filled = [profile for profile in self.profiles if not profile.is_empty]
        coverage = sum(explained.values()) / max(len(filled), 1)
        return 0.5 * sum(needed) / len(needed) + 0.5 * coverage + 0.25 * _is_named(self.name, role)

    def _scores(self, table: str, targets: Sequence[str]) -> list[float]:
        return [self.matches[table][target].score for target in targets if target in self.matches[table]]

    def _is_sales(self) -> bool:
        gives_back = _is_named(self.name, "refunds") and self._tells_refunds_alone()
        is_told = self._may_be_sales() and (_is_named(self.name, SALES) or self._numbers_orders())
        return is_told and not gives_back and not self._tells_views()

    def _is_about(self, role: str) -> bool:
        found, said = self.matches[role], _is_named(self.name, role)
        lacking = [target for target in NEEDED[role] if target not in found]
        if role == "events" and lacking == ["event_type"]:
            whose = "session_id" in found or {"product_id", "customer_id"} <= set(found)
            says = {"text", "sent_at"} <= set(self.matches["messages"])
            return whose and not says and named_event(self.name) is not None and not self._may_be_sales()
        by_email = role == "customers" and lacking == ["customer_id"] and "email" in found
        is_of_staff = role == "customers" and re.search("employee|staff|员工", self.name, re.IGNORECASE)
        if is_of_staff or (lacking and not by_email):
            return False
        is_named = said and (role != "campaigns" or found["campaign_id"].score > VAGUE)
        told = self._scores(role, (*NEEDED[role][:1], *TELLING.get(role, ())))
        if role in KEYED and not is_named and max(told, default=0.0) <= VAGUE:
            return False
        if not (is_named or role not in TELLING or any(target in found for target in TELLING[role])):
            return False
        is_order = max(self._scores("orders", ("order_id",)), default=0.0) >= 0.9 * KNOWN and self._may_be_sales()
        if role == "events":
            kind = found["event_type"]
            return bool(kind.profile.words) and (
                understood(kind.profile, self._event_type()) >= 0.3 or kind.score >= VAGUE
            )
        if role == "refunds":
            headers = " ".join(profile.name for profile in self.profiles)
            return said or re.search(HINTS["refunds"], headers, re.IGNORECASE) is not None
        if role == "marketing_spend" and not {"channel", "impressions", "clicks"} & set(found):
            return False
        if role in KEYED:
            if role == "products" and self._may_be_sales():
                return False
            return not is_order and found["email" if by_email else NEEDED[role][0]].profile.unique >= 0.9
        if role == "market":
            return len(self.profiles) <= 5
        return not (role in ("marketing_spend", "calendar") and is_order)

    def _event_type(self) -> Column:
        return next(column for column in self.contracts["events"].columns if column.name == "event_type")

    def _numbers_orders(self) -> bool:
        """Whether the number of an order is called so, or somebody ordered: what is an ``id`` alone numbers anything."""
        numbers = [score for table in self.matches for score in self._scores(table, ("order_id",))]
        return max(numbers, default=1.0) > VAGUE or bool({"customer_id", "status"} & set(self.matches["orders"]))

    def _tells_refunds_alone(self) -> bool:
        """Whether the one amount is what was given back."""
        is_of_line = {"unit_price", "line_amount"} & set(self.matches["order_items"])
        return "amount" in self.matches["refunds"] and not is_of_line

    def _tells_views(self) -> bool:
        """Whether rows are what visitors did, of which orders are a part only."""
        found = self.matches["events"]
        if not {"event_type", "event_at"} <= set(found):
            return False
        return "view" in read_words(found["event_type"].profile, self._event_type()).values()

    def _lists_products(self) -> bool:
        """Whether rows say which products are in which orders, and when nothing of it: every row is a piece."""
        is_moment = any(column.time for column in self.profiles) or named_event(self.name) is not None
        order = self.matches["order_items"]["order_id"].profile
        return _is_named(self.name, SALES) and not is_moment and order.unique < ENOUGH

    def _says_nothing_else(self) -> bool:
        """Whether rows are who had what and when, and no more."""
        is_told = "product_id" in self.matches["order_items"] or "name" in self.matches["products"]
        return is_told and len(self.profiles) == 3 and named_event(self.name) is None

    def _may_be_sales(self) -> bool:
        orders, items = self.matches["orders"], self.matches["order_items"]
        amounts = any(target in items for target in ("quantity", "unit_price", "line_amount"))
        if "order_id" in items and "product_id" in items and (amounts or self._lists_products()):
            return True
        if "order_id" in orders and "ordered_at" in orders:
            return True
        if "ordered_at" in orders and "customer_id" in orders and self._says_nothing_else():
            return True
        if "ordered_at" not in orders or not amounts:
            return False
        told = (items[target].profile.name for target in ("quantity", "line_amount") if target in items)
        return "customer_id" in orders or any(re.search(SOLD, header, re.IGNORECASE) for header in told)
