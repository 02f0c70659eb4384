"""English names of countries that are written where a code is meant: only to say which code."""

_TEXT = """
AD Andorra|AE United Arab Emirates|AE UAE|AE Emirates|AR Argentina|AT Austria|AU Australia
BE Belgium|BG Bulgaria|BR Brazil|CA Canada|CH Switzerland|CL Chile|CN China|CO Colombia|CY Cyprus
CZ Czechia|CZ Czech Republic|DE Germany|DE Deutschland|DK Denmark|EE Estonia|ES Spain|FI Finland
FO Faroe Islands|FR France|GB United Kingdom|GB UK|GB Great Britain|GB England|GG Guernsey
GR Greece|GR EL|HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia|IE Ireland|IL Israel
IM Isle of Man|IN India|IS Iceland|IT Italy|JE Jersey|JP Japan|KR South Korea|KR Korea
LI Liechtenstein|LT Lithuania|LU Luxembourg|LV Latvia|MT Malta|MX Mexico|MY Malaysia
NL Netherlands|NL Holland|NO Norway|NZ New Zealand|PL Poland|PT Portugal|RO Romania|RS Serbia
RU Russia|SA Saudi Arabia|SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|TH Thailand|TR Turkey
TR Turkiye|TW Taiwan|UA Ukraine|US United States|US USA|US America|UY Uruguay|VN Vietnam
ZA South Africa
"""

_PAIRS = [
    (code, name)
    for code, _, name in (
        entry.partition(" ") for line in _TEXT.split("\n") for entry in line.split("|") if entry
    )
]
CODES_BY_NAME = {name.lower(): code for code, name in _PAIRS}
COUNTRY_NAMES = dict(reversed(_PAIRS))
"""By code, the name that is written first."""
