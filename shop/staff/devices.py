"""What a browser calls itself, as people call it: Firefox on Linux."""

from shop.languages import gettext as _

BROWSERS = (  # the first that stands in the user agent: each claims to be those behind it as well
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
LONGEST = 40  # letters of a name that nobody knows


def device(user_agent: str) -> str:
    """Return the browser and the system; for a program its own name."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    named = browser or system or user_agent.split("/", maxsplit=1)[0].strip()[:LONGEST]
    return named or _("Unknown device")
