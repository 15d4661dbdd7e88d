"""Which columns hold the money of a line: the price of a piece or of the line, before or after a discount, or the order's.

Headers do not tell these apart (Amazon's ``item-price`` is that of the line, Ta-Feng's ``AMOUNT`` the pieces), sums and
ratios over the rows do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import duckdb

from ecom_pipeline.shop.doctor.columns import made
from ecom_pipeline.shop.doctor.content import determines
from ecom_pipeline.shop.doctor.matching import Match, Matches
from ecom_pipeline.shop.doctor.model import ColumnGuess
from ecom_pipeline.shop.doctor.names import as_sql, folded
from ecom_pipeline.shop.doctor.profiles import Profile
from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import quoted

ORDER_LEVEL = ("discount_amount", "shipping_amount")
SOME = 5
"""Orders or products from which it is no accident what their amounts have in common."""
MOST, CENTS = 0.95, 0.02
"""Share of rows for which a sum has to be right, and how far it may be off."""
GROUPS = 10
"""Groups of rows by chance, of which it is asked whether amounts grow with the pieces where no product is told."""
PIECES = ("amount", "pieces", "units", "count", "number", "num")
REDUCTION = "dis(c|k)|rabat|remise|descuent|sconto|descont|voucher|coupon|promo|优惠|折扣|立减|値引|クーポン|скид|indirim|할인|خصم"


@dataclass(frozen=True)
class Amounts:
    """The money of one export of sales.

    Attributes
    ----------
    key
        The number of the order; None if a row is an order.
    decimal_comma
        Whether numbers are written so.
    """

    con: duckdb.DuckDBPyConnection
    table: str
    profiles: Sequence[Profile]
    key: Match | None
    decimal_comma: bool

    def settle(self, orders: Matches, items: Matches) -> dict[str, ColumnGuess]:
        """Keep in ``orders`` and ``items`` what belongs there; the columns of lines that have to be computed."""
        self._leave_to_the_order(items)
        self._count_pieces(items)
        self._find_money(orders, items)
        if "unit_price" in items and "line_amount" in items and not self._multiplies(items):
            del items["line_amount"]
        self._of_piece_or_line(items)
        rate = self._rate_of_discount(orders, items)
        self._after_discount(orders, items)
        self._price_after_discount(items)
        self._before_discount(items)
        gross = self._amount_before_discount(items)
        for target in ORDER_LEVEL:
            if self.key is None or (target in items and self._is_of_order(items[target])):
                items.pop(target, None)
            if self.key and target in orders and not self._is_of_order(orders[target]):
                del orders[target]
        return rate | self._below_zero(items) | gross

    def _leave_to_the_order(self, items: Matches) -> None:
        """An amount that is the same on all lines of an order is that of the order."""
        for target in ("unit_price", "line_amount"):
            if self.key and target in items and self._is_repeated(items[target].profile):
                del items[target]

    def _is_repeated(self, amount: Profile) -> bool:
        assert self.key is not None
        key, name = quoted(self.key.profile.name), quoted(amount.name)
        several, same = self.con.execute(
            f"""select count(*), count(*) filter (amounts = 1)
            from (select count(distinct {name}) as amounts from {self.table} where {key} is not null
                group by {key} having count(*) > 1)"""
        ).fetchall()[0]
        return several >= SOME and same == several and amount.distinct > 1

    def _count_pieces(self, items: Matches) -> None:
        """A few whole numbers beside the amount are pieces, though they are called an amount."""
        money = [items[target].profile.name for target in ("line_amount", "unit_price") if target in items]
        counts = [one for one in self.profiles if folded(one.name) in PIECES and one.is_count]
        if "quantity" in items or not counts or not money:
            return
        if money == [counts[0].name]:
            left = (one for one in self.profiles if re.search("price|sales", folded(one.name)) and not one.is_count)
            price = next((one for one in left if one.is_number), None)
            if price is None:
                return
            items["line_amount"] = Match(profile=price, score=0.6, why="name")
        items["quantity"] = Match(profile=counts[0], score=0.5, why="a few whole numbers: pieces")

    def _find_money(self, orders: Matches, items: Matches) -> None:
        if "unit_price" in items or "line_amount" in items:
            return
        taken = {found.profile.name for found in (*orders.values(), *items.values())}
        left = (one for one in self.profiles if one.name not in taken and one.is_money)
        if money := next((one for one in left if not (self.key and self._is_repeated(one))), None):
            why = "numbers with cents that nothing else explains"
            items["line_amount"] = Match(profile=money, score=0.5, why=why)

    def _multiplies(self, items: Matches) -> bool:
        """Whether the amount is quantity times price, at times less a discount."""
        if "quantity" not in items:
            return False
        quantity, price, amount = (
            self._number(items[target].profile) for target in ("quantity", "unit_price", "line_amount")
        )
        same, within = self.con.execute(
            f"""select avg((abs({quantity} * {price} - {amount}) <= {CENTS})::int::double),
                avg(({amount} <= {quantity} * {price} + {CENTS})::int::double)
            from {self.table}"""
        ).fetchall()[0]
        return (same or 0.0) >= 0.5 and (within or 0.0) >= 0.8

    def _of_piece_or_line(self, items: Matches) -> None:
        """Whether the one price there is grows with the pieces: then it is the line's."""
        own = [target for target in ("unit_price", "line_amount") if target in items]
        if len(own) != 1 or "quantity" not in items:
            return
        money, same = items[own[0]], items.get("product_id")
        product = quoted(same.profile.name) if same else f"hash(_row) % {GROUPS}"
        quantity = self._number(items["quantity"].profile)
        grows, stays = self.con.execute(
            f"""with bought as materialized (
                select {product} as product, {quantity} as pieces, {self._number(money.profile)} as money from {self.table}
            ),
            compared as (
                select
                    avg(money) filter (pieces = most) / avg(money) filter (pieces = least) as dearer,
                    any_value(most) / any_value(least) as more
                from (
                    select *, max(pieces) over (partition by product) as most, min(pieces) over (partition by product) as least
                    from bought where pieces > 0 and money > 0
                )
                where most > least
                group by product
            )
            select count(*) filter (abs(ln(dearer) - ln(more)) < abs(ln(dearer))),
                count(*) filter (abs(ln(dearer) - ln(more)) >= abs(ln(dearer)))
            from compared"""
        ).fetchall()[0]
        told = own[0]
        if max(grows, stays) >= max(SOME, 4 * min(grows, stays)):
            told = "line_amount" if grows > stays else "unit_price"
        if told != own[0]:
            why = "it grows with the pieces" if told == "line_amount" else "it does not grow with the pieces"
            items[told] = replace(items.pop(own[0]), why=why, score=min(money.score, 0.75))

    def _rate_of_discount(self, orders: Matches, items: Matches) -> dict[str, ColumnGuess]:
        """What a share of the price makes as an amount; after a discount nothing of it is left to take off."""
        found = items.get("discount_amount")
        if found is None or not _is_share(found.profile):
            return {}
        del items["discount_amount"]
        if (other := orders.get("discount_amount")) and other.profile.name == found.profile.name:
            del orders["discount_amount"]
        if "unit_price" not in items or "line_amount" in items or "quantity" not in items:
            return {}
        parts = [items[target].profile.name for target in ("quantity", "unit_price")] + [found.profile.name]
        sql = " * ".join(map(as_sql, parts))
        return {"discount_amount": made("discount_amount", sql, 0.7, "a share of the price, not an amount")}

    def _after_discount(self, orders: Matches, items: Matches) -> None:
        """The amount that is left of a line once a discount is taken off, where a column says it."""
        if not (gross := self._gross(items)):
            return
        taken = {found.profile.name for target, found in items.items() if target not in ("line_amount", *ORDER_LEVEL)}
        numbers = [one for one in self.profiles if one.is_number and one.name not in taken]
        off = [one for one in numbers if re.search(REDUCTION, folded(one.name)) and not _is_share(one)]
        of_order = orders.get("discount_amount")
        off.sort(key=lambda one: of_order is None or one.name != of_order.profile.name)
        for less in off:
            for left in (one for one in numbers if one.fractional > 0 and one not in off):
                if self._differs(gross, less, left):
                    why = "what is left of the line after its discount"
                    items["line_amount"] = Match(profile=left, score=0.8, why=why)
                    items["discount_amount"] = Match(profile=less, score=0.8, why="the difference of two amounts")
                    if orders.get("discount_amount", items["discount_amount"]).profile.name == less.name and self.key:
                        orders.pop("discount_amount", None)
                    return

    def _price_after_discount(self, items: Matches) -> None:
        """A discount that has been taken off the price already: another column has what it was taken off."""
        if not {"quantity", "unit_price", "discount_amount"} <= set(items):
            return
        price, less = items["unit_price"].profile, items["discount_amount"].profile
        pieces = self._number(items["quantity"].profile)
        money = [one for one in self.profiles if one.is_money and one != less and one.distinct > 1]
        for gross, left in permutations(money, 2):
            both = [self._number(column) for column in (gross, left)]
            per_line = [f"{pieces} * {one}" for one in both]
            if gross != price and any(self._differs(more, less, rest) for more, rest in (both, per_line)):
                del items["discount_amount"]
                return

    def _amount_before_discount(self, items: Matches) -> dict[str, ColumnGuess]:
        """The amount of a line less its discount, where the same pieces have the same amount with and without one."""
        if "unit_price" in items or not {"line_amount", "discount_amount", "product_id", "quantity"} <= set(items):
            return {}
        money, less = items["line_amount"].profile, items["discount_amount"].profile
        amount, off = self._number(money), f"abs(coalesce({self._number(less)}, 0))"
        gross, net = self.con.execute(
            f"""select count(*) filter (abs(after - before) < abs(after + off - before)),
                count(*) filter (abs(after - before) >= abs(after + off - before))
            from (
                select median({amount}) filter ({off} > 0) as after, median({amount}) filter ({off} = 0) as before,
                    median({off}) filter ({off} > 0) as off
                from {self.table}
                group by {quoted(items["product_id"].profile.name)}, {quoted(items["quantity"].profile.name)}
            )
            where off is not null and before is not null"""
        ).fetchall()[0]
        if gross < max(SOME, 4 * net):
            return {}
        sql = f"{as_sql(money.name)} {'+' if less.negative else '-'} coalesce({as_sql(less.name)}, 0)"
        return {"line_amount": made("line_amount", sql, 0.7, "the same with and without a discount, so before it")}

    def _before_discount(self, items: Matches) -> None:
        """An amount that is quantity times price whatever the discount says nothing of what was paid."""
        if not {"quantity", "unit_price", "line_amount", "discount_amount"} <= set(items):
            return
        amount, less = (self._number(items[target].profile) for target in ("line_amount", "discount_amount"))
        same, reduced = self.con.execute(
            f"""select avg((abs({self._gross(items)} - {amount}) <= {CENTS})::int::double), count(*) from {self.table}
            where abs({less}) > {CENTS}"""
        ).fetchall()[0]
        if reduced >= SOME and same >= MOST:
            del items["line_amount"]

    def _gross(self, items: Matches) -> str | None:
        if "unit_price" in items:
            parts = [items[target].profile for target in ("quantity", "unit_price") if target in items]
            return " * ".join(map(self._number, parts))
        return self._number(items["line_amount"].profile) if "line_amount" in items else None

    def _differs(self, gross: str, less: Profile, left: Profile | str) -> bool:
        """Whether one amount is another one less a third one, and not always the same as it."""
        one, other = self._number(less), left if isinstance(left, str) else self._number(left)
        right, differ = self.con.execute(
            f"""select avg((abs({gross} - abs({one}) - {other}) <= {CENTS} or abs({gross} + abs({one}) - {other}) <= {CENTS}
                    and {gross} < 0)::int::double),
                count(*) filter (abs({one}) > {CENTS})
            from {self.table} where {other} is not null"""
        ).fetchall()[0]
        return (right or 0.0) >= MOST and differ >= SOME

    def _below_zero(self, items: Matches) -> dict[str, ColumnGuess]:
        """A discount that is written below zero."""
        found = items.get("discount_amount")
        if found is None or found.profile.negative == 0:
            return {}
        sums = f"select sum(greatest({self._number(found.profile)}, 0)), sum(least({self._number(found.profile)}, 0))"
        above, below = self.con.execute(f"{sums} from {self.table}").fetchall()[0]
        if below is None or above > -below:
            return {}
        return {"discount_amount": made("discount_amount", f"-{as_sql(found.profile.name)}", 0.8, "written below zero")}

    def _is_of_order(self, amount: Match) -> bool:
        """Whether all lines of an order have the same amount, or its first line alone has one."""
        assert self.key is not None
        key, name = quoted(self.key.profile.name), quoted(amount.profile.name)
        (below,) = self.con.execute(
            f"""select count(*) from (
                select
                    {name} as amount,
                    row_number() over (partition by {key} order by _row) as place,
                    count({name}) over (partition by {key}) < count(*) over (partition by {key}) as is_on_some
                from {self.table}
            )
            where is_on_some and place > 1 and amount is not null"""
        ).fetchall()[0]
        return below == 0 and determines(self.con, self.table, self.key.profile.name, amount.profile.name)

    def _number(self, profile: Profile) -> str:
        return number(quoted(profile.name), "DECIMAL(18,4)", decimal_comma=self.decimal_comma)


def _is_share(column: Profile) -> bool:
    """Whether the values are shares of one: not above it, and more than naught and one."""
    if not column.words or not column.is_number:
        return False
    values = [float(word.replace(",", ".")) for word, _ in column.words if re.fullmatch(r"\d*[.,]?\d+", word)]
    return bool(values) and max(values) <= 1 and len({value for value in values if 0 < value < 1}) > 1
