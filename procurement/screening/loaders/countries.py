"""Country names as the lists print them, as ISO 3166-1 alpha-2 codes.

Source: ISO 3166-1 with the United Nations' and OFAC's spellings. A name that is not here gives no code: the
country is then no evidence for or against.
"""

from __future__ import annotations

_NAMES = """
AF Afghanistan|AL Albania|DZ Algeria|AO Angola|AR Argentina|AM Armenia|AU Australia|AT Austria|AZ Azerbaijan
BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium|BZ Belize|BA Bosnia and Herzegovina|BR Brazil
VG British Virgin Islands|VG Virgin Islands, British|BG Bulgaria|MM Burma|MM Myanmar|KH Cambodia|CA Canada
KY Cayman Islands|CF Central African Republic|TD Chad|CL Chile|CN China|CN PRC|CN People's Republic of China
HK Hong Kong|HK China, Hong Kong Special Administrative Region|MO Macau|MO Macao
CO Colombia|KM Comoros|CG Congo|CG Congo, Republic of the|CD Democratic Republic of the Congo
CD Congo, Democratic Republic of the|CR Costa Rica|HR Croatia|CU Cuba|CY Cyprus|CZ Czech Republic|CZ Czechia
KP Democratic People's Republic of Korea|KP Korea, North|KP North Korea|KR Korea, South|KR South Korea
KR Republic of Korea|DK Denmark|DO Dominican Republic|EC Ecuador|EG Egypt|SV El Salvador|ER Eritrea
EE Estonia|ET Ethiopia|FI Finland|FR France|GA Gabon|GM Gambia|GM The Gambia|GE Georgia|DE Germany|GH Ghana|GI Gibraltar
GR Greece|GT Guatemala|GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HN Honduras|HU Hungary|IN India
ID Indonesia|IR Iran|IR Iran (Islamic Republic of)|IQ Iraq|IE Ireland|IL Israel|IT Italy|JM Jamaica|JP Japan
JO Jordan|KZ Kazakhstan|KE Kenya|KW Kuwait|KG Kyrgyzstan|LV Latvia|LB Lebanon|LR Liberia|LY Libya
LI Liechtenstein|LT Lithuania|LU Luxembourg|MY Malaysia
MV Maldives|ML Mali|MT Malta|MH Marshall Islands
MR Mauritania|MU Mauritius|MX Mexico|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MA Morocco|MZ Mozambique
NA Namibia|NP Nepal|NL Netherlands|NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria
MK North Macedonia|NO Norway
OM Oman|PK Pakistan|PS State of Palestine|PS Palestinian|PA Panama|PY Paraguay|PE Peru
PH Philippines|PL Poland
PT Portugal|QA Qatar|RO Romania|RU Russia|RU Russian Federation|RW Rwanda|SM San Marino|SA Saudi Arabia
SN Senegal|RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SK Slovakia|SI Slovenia|SO Somalia
ZA South Africa|SS South Sudan|ES Spain|LK Sri Lanka|SD Sudan|SE Sweden|CH Switzerland|SY Syria
SY Syrian Arab Republic|TW Taiwan|TJ Tajikistan|TZ Tanzania|TZ United Republic of Tanzania|TH Thailand|TG Togo
TT Trinidad and Tobago|TN Tunisia|TR Turkey|TR Türkiye|TM Turkmenistan|UG Uganda|UA Ukraine
AE United Arab Emirates|GB United Kingdom|GB United Kingdom of Great Britain and Northern Ireland
US United States|US United States of America|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VE Venezuela|VN Vietnam
VN Viet Nam|YE Yemen|ZM Zambia|ZW Zimbabwe
"""
_BY_NAME = {item[3:].strip().casefold(): item[:2] for line in _NAMES.strip().splitlines() for item in line.split("|")}


def country_code(text: str) -> str:
    """The code for a country's name or code; "" for one that is not known."""
    plain = " ".join(text.split())
    if len(plain) == 2 and plain.isascii() and plain.isalpha():
        return plain.upper()
    return _BY_NAME.get(plain.casefold(), "")


def country_codes(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of those that are known, each once, in order."""
    return tuple(dict.fromkeys(code for text in texts if (code := country_code(text))))
