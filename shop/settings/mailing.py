"""Sends mail of Pult by the server that the settings name, and tests the way there."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from shop.db import db
from shop.errors import ShopError
from shop.languages import gettext as _
from shop.settings.options import MAIL_HOST, MAIL_PASSWORD, MAIL_PORT, MAIL_SECURITY, MAIL_SENDER, MAIL_USER
from shop.settings.values import secret, value

PATIENCE = 10  # seconds that the server has for each answer
OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


class NotSent(ShopError):
    """The mail did not reach the server; the message says why, and nothing else has happened."""


def is_configured() -> bool:
    """Whether there is a server to send by. Without one, what would be sent is shown instead."""
    return bool(value(MAIL_HOST) and value(MAIL_SENDER))


def send(to: str, subject: str, text: str) -> None:
    """Hand one mail to the server. Raises NotSent. No transaction may stand open: the server may take its time."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender(), to, subject
    message["Date"], message["Message-ID"] = formatdate(usegmt=True), make_msgid(domain="pult.invalid")
    message.set_content(text)
    with connected() as server:
        server.send_message(message)


def sender() -> str:
    given = value(MAIL_SENDER)
    if not given:
        raise NotSent(_("No sender is set, so nothing was sent. Set `mail.sender` first."))
    return given


@contextmanager
def connected() -> Iterator[smtplib.SMTP]:
    """Yield the server, secured and signed in as the settings say. Raises NotSent for whatever fails on the way."""
    host, port, security = value(MAIL_HOST), value(MAIL_PORT), value(MAIL_SECURITY)
    user, password = value(MAIL_USER), secret(MAIL_PASSWORD)
    db.session.rollback()  # no transaction waits for a server that may be slow
    if not host:
        raise NotSent(_("No mail server is set, so nothing was sent. Set `mail.host` first."))
    if password and security == "none" and host not in OWN_MACHINE:
        raise NotSent(_("A password would travel openly, so nothing was sent. Secure the connection: `mail.security`."))
    try:
        with opened(host, port, security) as server:
            if user:
                server.login(user, password)
            yield server
    except smtplib.SMTPAuthenticationError as error:
        raise NotSent(
            _("%(host)s does not take the user name and password. Nothing was sent; set them again.", host=host)
        ) from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(
            _(
                "%(host)s refuses (%(code)s). Nothing was sent; the server’s own log says why.",
                host=host,
                code=error.smtp_code,
            )
        ) from error
    except (smtplib.SMTPException, OSError) as error:  # no answer, no certificate, no such name, a cut connection
        why = type(error).__name__ if isinstance(error, smtplib.SMTPException) else error.strerror or str(error)
        raise NotSent(
            _(
                "%(host)s, port %(port)s, cannot be reached as it is set (%(reason)s). Nothing was sent; correct the settings.",
                host=host,
                port=port,
                reason=why[:120],
            )
        ) from error


def opened(host: str, port: int, security: str) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=context)
    server = smtplib.SMTP(host, port, timeout=PATIENCE)
    if security == "starttls":
        try:
            server.starttls(context=context)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server
