"""The currencies that Stripe settles or presents, as it writes them: in lower case."""

from __future__ import annotations

__all__ = ["CURRENCIES"]

CURRENCIES: tuple[str, ...] = (
    *("usd", "eur", "gbp", "jpy", "cad", "aud", "chf", "sek", "dkk", "nok", "nzd", "hkd", "sgd", "mxn"),
    *("brl", "inr", "pln", "czk", "huf", "ron", "bgn", "ils", "thb", "myr", "aed", "afn", "all", "amd"),
    *("ang", "aoa", "ars", "awg", "azn", "bam", "bbd", "bdt", "bhd", "bif", "bmd", "bnd", "bob", "bsd"),
    *("bwp", "byn", "bzd", "cdf", "clp", "cny", "cop", "crc", "cve", "djf", "dop", "dzd", "egp", "etb"),
    *("fjd", "fkp", "gel", "gip", "gmd", "gnf", "gtq", "gyd", "hnl", "htg", "idr", "isk", "jmd", "jod"),
    *("kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad"),
    *("mdl", "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mzn", "nad", "ngn", "nio", "npr"),
    *("omr", "pab", "pen", "pgk", "php", "pkr", "pyg", "qar", "rsd", "rub", "rwf", "sar", "sbd", "scr"),
    *("shp", "sle", "sos", "srd", "std", "szl", "tjs", "tnd", "top", "try", "ttd", "twd", "tzs", "uah"),
    *("ugx", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xof", "xpf", "yer", "zar", "zmw"),
)
"""ISO codes, the most used first. Other currencies can be requested too.

Source: https://docs.stripe.com/currencies
"""
