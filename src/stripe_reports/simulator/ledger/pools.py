"""The texts from which the details of a ledger are drawn. None is an empty cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Metadata = int | Sequence[str | None]
"""Values of one metadata key: texts to draw from, or a number of digits with leading zeros."""

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=1+1",
    '=HYPERLINK("http://example.com","click")',
    "@SUM(A1:A9)",
    "+1-1",
    "-2+3",
    "{{7*7}}",
    "${7*7}",
    "Robert'); DROP TABLE charges;--",
    "../../etc/passwd",
)
"""Text that must stay text."""

AWKWARD = (
    'Quoted "inside", and a comma',
    "Two\nlines",
    "Windows\r\nlines",
    " spaces around ",
    "NULL",
    "nan",
    "true",
    "007",
    "1e5",
    "2026-10-05",
    "1,234.50",
)
"""Text that a guessing reader takes for something else."""

_PEOPLE = (
    *("Ada Lovelace", "Søren Kierkegård", "Zoë Müller", "O'Brien, Pat", "山田 太郎", "محمد علي"),
    *("Łukasz Żółć", "Иван Петров", "José Ñandú", "Βασίλης Παπάς", "김민준", "नेहा शर्मा", "🦊 Fox & Sons"),
    *("Mary Jackson", "Grace Hopper", "Katherine Johnson", "Emmy Noether", "Sofja Kowalewskaja"),
    *("Jean-Luc d'Étoile", "Anna van den Berg", "Null", "Tuấn Nguyễn", "Aoife Ní Bhriain", "Test\u00a0User"),
)
NAMES = (*_PEOPLE * 4, *HOSTILE[:4], *AWKWARD[:3])

CUSTOMER_DESCRIPTIONS = (*(None,) * 60, *("Wholesale", "Press, free copies") * 10, *HOSTILE, *AWKWARD)

_BOUGHT = (
    *("Subscription update", "Subscription creation", "Order 00017", "Gift card", "Café crème, 2×", "請求書"),
    *(
        "Subscription update",
        "Subscription creation",
        "Order 00042",
        "Crème brûlée “to go”",
        "Invoice 0001-A",
    ),
)
CHARGE_DESCRIPTIONS = (*(None,) * 90, *_BOUGHT * 9, *HOSTILE, *AWKWARD)

ADDRESSES: tuple[tuple[str | None, ...], ...] = (
    ("Prager Straße 10", None, "Dresden", "SN", "01067", "DE"),
    ("1 Beacon St", "Apt. #4, rear", "Boston", "MA", "02108", "US"),
    ("Carrer de l'Hospital 5", None, "Barcelona", "B", "08001", "ES"),
    ("Karl Johans gate 22", None, "Oslo", None, "0026", "NO"),
    ("千代田1-1", None, "東京都", "東京都", "100-0001", "JP"),
    ("10 Downing St", None, "London", None, "SW1A 2AA", "GB"),
    ("12 rue de l'Église", 'Bâtiment "B"', "Paris", None, "75001", "FR"),
    ("Block 3, Street 17", "Floor 0", "Kuwait City", None, "00965", "KW"),
    ("5 Calle Fortaleza", None, "San Juan", "PR", "00901", "US"),
    ("Rynek 1\nlok. 2", None, "Kraków", None, "30-001", "PL"),
    ("Bahnhofstrasse 1", None, "Zürich", "ZH", "8001", "CH"),
    ("742 Evergreen Terrace", "c/o <b>Simpson</b>", "Springfield", "OR", "97403", "US"),
)
"""Line 1, line 2, city, state, postal code, country."""

COUNTRIES = ("US", "US", "DE", "FR", "GB", "JP", "KW", "NO", "ES", "NA", "IT", "NL")
CARD_BRANDS = ("visa", "visa", "visa", "mastercard", "mastercard", "amex", "jcb", "discover")
CARD_FUNDINGS = ("credit", "credit", "debit", "debit", "prepaid", "unknown")
PAYMENT_METHODS = (*("card",) * 17, "sepa_debit", "link", "klarna")
STATEMENT_DESCRIPTORS = (None, None, "KIOSK", "KIOSK* ORDER", "KIOSK*00042")
DISPUTE_REASONS = (
    *("fraudulent", "fraudulent", "product_not_received", "duplicate", "subscription_canceled"),
    *("unrecognized", "credit_not_processed", "general"),
)

PAYMENT_METADATA: Mapping[str, Metadata] = {
    "order_id": 8,
    "Coupon Code": (*(None,) * 6, "SPRING-10%", "$149.00", "01/04/2024", "007", "half, price", "=1+1"),
    "channel": ("web", "web", "app", "shop", None),
    "Channel": ("WEB", None, None, "wholesale", "App"),
    "cart.size": ("1", "2", "03", "12", None),
    "note": (*(None,) * 60, *HOSTILE, *AWKWARD),
}
"""Keys with spaces, capitals and dots, and two that differ only in case."""

REFUND_METADATA: Mapping[str, Metadata] = {
    "reason_code": 4,
    "Agent": ("Zoë", "O'Brien, Pat", None, "@SUM(A1:A9)", "bot"),
}
