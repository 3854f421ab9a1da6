"""World regions of the built-in data's items: the topic of a name.

Conventions
-----------
A topic is one of the five continents of UN M49, as CLDR's territory containment groups them; ""
where an item belongs to none or to several. A currency belongs where its code's territory does,
else where all territories that use it do; a time zone by its name's continent, else where all its
zones are (or, if it has none today, the zone of its name); a language where its likely territory
is (English: Americas, by population).

Sources: UN M49; Unicode CLDR (supplemental data, through Babel).
"""

from __future__ import annotations

from functools import cache

_TERRITORIES = {
    "Africa": """002 011 014 015 017 018 202 DZ EG EH LY MA SD TN EA IC BF BJ CI CV GH GM GN GW LR
        ML MR NE NG SH SL SN TG AO CD CF CG CM GA GQ ST TD BI DJ ER ET IO KE KM MG MU MW MZ RE RW
        SC SO SS TF TZ UG YT ZM ZW BW LS NA SZ ZA""",
    "Americas": """003 005 013 019 021 029 419 BM CA GL PM US BZ CR GT HN MX NI PA SV AG AI AW BB
        BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI AR BO BR BV CL CO
        EC FK GF GS GY PE PY SR UY VE""",
    "Asia": """030 034 035 142 143 145 KG KZ TJ TM UZ CN HK JP KP KR MN MO TW BN ID KH LA MM MY PH
        SG TH TL VN AF BD BT IN IR LK MV NP PK AE AM AZ BH CY GE IL IQ JO KW LB OM PS QA SA SY TR
        YE""",
    "Europe": """039 150 151 154 155 EU EZ BG BY CZ HU MD PL RO RU SK UA AX DK EE FI FO GB GG IE IM
        IS JE LT LV NO SE SJ AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA XK CQ AT BE CH DE FR LI
        LU MC NL""",
    "Oceania": """009 053 054 057 061 AU CC CX HM NF NZ FJ NC PG SB VU FM GU KI MH MP NR PW UM AS CK
        NU PF PN TK TO TV WF WS""",
}

REGION_OF = {code: region for region, codes in _TERRITORIES.items() for code in codes.split()}
"""Territory (ISO 3166 alpha-2 or UN M49) -> continent; the Antarctic and the world have none."""

_ZONE_PREFIX = {"Africa": "Africa", "America": "Americas", "Europe": "Europe"}


def region(kind: str, item: str) -> str:
    """The world region of an item (territory, language, currency or timezone), or ""."""
    return _REGIONS[kind](item)


def _territory_region(code: str) -> str:
    from babel.core import get_global

    if code in REGION_OF:
        return REGION_OF[code]
    aliases = get_global("territory_aliases").get(code, ())  # SU, YU, DD: by the first successor
    return REGION_OF.get(aliases[0], "") if aliases else ""


def _language_region(code: str) -> str:
    from babel.core import get_global

    likely = get_global("likely_subtags").get(code, "")
    return _territory_region(likely.split("_")[-1]) if likely else ""


def _currency_region(code: str) -> str:
    from babel.core import get_global

    return _territory_region(code[:2]) or _common(get_global("all_currencies").get(code, ()))


def _timezone_region(metazone: str) -> str:
    prefix = _ZONE_PREFIX.get(metazone.partition("_")[0])
    return prefix or _common(_territories_by_metazone().get(metazone, ()))


@cache
def _territories_by_metazone() -> dict[str, set[str]]:
    from babel.core import get_global

    territories = get_global("zone_territories")
    found: dict[str, set[str]] = {}
    for zone, metazone in get_global("meta_zones").items():
        found.setdefault(metazone, set()).add(territories.get(zone, ""))
    for zone, territory in territories.items():  # Almaty had a metazone of its own
        found.setdefault(zone.split("/")[-1].replace("_", ""), {territory})
    return found


def _common(territories: tuple[str, ...] | set[str]) -> str:
    regions = {_territory_region(code) for code in territories} - {""}
    return regions.pop() if len(regions) == 1 else ""


_REGIONS = {"territory": _territory_region, "language": _language_region,
            "currency": _currency_region, "timezone": _timezone_region}
