"""Words that exports of real shops use for the values of closed columns, English and Chinese, and the commonest of other languages.

Only words that mean the same in every shop stand here: Magento's ``closed`` is refunded and others' is done, so it is
left to the ``values`` of ``shop.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "event_type": {
        "view": (
            "pv|click|page|screen|views|page_view|pageview|product_view|view_item|detail|browse|product viewed|product_viewed|viewed product|$pageview|$screen|product|home|department|category|浏览|点击|查看|浏览商品|访问商品"
        ),
        "cart": "addtocart|add_to_cart|add to cart|add-to-cart|basket|add_to_basket|product added|product_added|added to cart|加购|加购物车|加入购物车|购物车",
        "favourite": "fav|favorite|like|wishlist|add_to_wishlist|collect|save|bookmark|收藏|喜欢|加入收藏",
        "remove": "remove_from_cart|removefromcart|delete|remove_cart|product removed|product_removed|移除|删除|移出购物车",
        "purchase": "buy|order|transaction|checkout|payment|pay|purchased|bought|order completed|order_completed|placed order|checkout completed|购买|支付|下单|成交|付款",
        "search": "query|search_query|products searched|products_searched|site_search|搜索|检索",
        "visit": "session_start|session|login|session started|open|app_open|visit_start|访问|进店|登录|启动",
    },
    "status": {
        "completed": (
            "complete|paid|delivered|shipped|fulfilled|success|successful|finished|done|invoiced|"
            "partially_fulfilled|partially_refunded|wc-completed|"
            "terminée|terminé|livrée|livré|expédiée|expédié|payée|payé|abgeschlossen|versendet|versandt|bezahlt|geliefert|"
            "completado|pagado|enviado|entregado|concluído|pago|entregue|completato|pagato|spedito|consegnato|"
            "a caminho|entregado|en camino|entregada|enviada|выполнен|доставлен|доставляется|отправлен|оплачен|завершён|завершен|"
            "teslim edildi|kargoya verildi|kargoda|tamamlandı|ödendi|zrealizowane|wysłane|opłacone|dostarczone|"
            "배송완료|배송중|구매확정|결제완료|تم التوصيل|تم التسليم|تم التنفيذ|تم الشحن|مكتمل|वितरित|पूर्ण|भेजा गया|"
            "交易完成|已签收|卖家已发货，等待买家确认|卖家已发货,等待买家确认|已完成|交易成功|已付款|已支付|已发货|已收货|完成|成功"
        ),
        "pending": (
            "wc-processing|wc-on-hold|wc-pending|en cours|en attente|in bearbeitung|offen|ausstehend|in wartestellung|"
            "pendiente|procesando|en espera|pendente|em processamento|in attesa|in lavorazione|"
            "processing|created|approved|open|unpaid|on-hold|on_hold|authorized|awaiting_payment|new|"
            "новый|в обработке|ожидает оплаты|ожидает сборки|ожидает отгрузки|yeni|hazırlanıyor|beklemede|onay bekliyor|"
            "nowe|oczekujące|w trakcie realizacji|상품준비중|배송준비중|결제대기|입금대기|قيد التنفيذ|قيد الانتظار|قيد المعالجة|लंबित|"
            "买家已付款，等待卖家发货|买家已付款,等待卖家发货|待付款|待支付|等待买家付款|待发货|处理中|未付款"
        ),
        "cancelled": (
            "wc-cancelled|wc-failed|annulée|annulé|échouée|storniert|abgebrochen|fehlgeschlagen|cancelado|cancelada|annullato|"
            "отменён|отменен|iptal edildi|iptal|anulowane|취소|취소완료|주문취소|ملغي|ملغى|रद्द|"
            "canceled|cancel|void|voided|failed|unavailable|expired|已取消|取消|交易关闭|已关闭|关闭"
        ),
        "returned": (
            "wc-refunded|remboursée|remboursé|erstattet|retourniert|reembolsado|devuelto|devolvido|rimborsato|"
            "возврат|возвращён|возвращен|iade edildi|iade|zwrócone|zwrot|반품|반품완료|환불|مسترجع|مرتجع|वापस|devuelta|devolvida|"
            "return|refunded|refund|charged_back|已退款|退款|退货|已退货|退款成功"
        ),
    },
    "author": {
        "customer": "user|buyer|client|visitor|shopper|inbound|end-user|requester|end_user|买家|客户|用户|顾客",
        "agent": "support|seller|staff|operator|assistant|bot|outbound|客服|卖家|商家|机器人",
    },
    "kind": {
        "event": "promotion|sale|campaign|festival|活动|大促|促销",
        "holiday": "public_holiday|bank_holiday|假日|节假日|法定节假日|节日",
        "closed": "closure|shut|休息|停业|打烊",
        "working_day": "workday|working day|business_day|工作日|调休|补班",
    },
}

SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    column: {value: tuple(words.split("|")) for value, words in meanings.items()} for column, meanings in _WORDS.items()
}
"""Column to value to the other words for it, in lower case."""
