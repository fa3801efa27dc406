"""The far end of mail, over a real socket: a server of a few words, that writes down what it is told."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy

from shop.settings.options import MAIL_HOST, MAIL_PORT, MAIL_SECURITY, MAIL_SENDER
from tests.settings.reading import changed


class Far(socketserver.StreamRequestHandler):
    """The far end: a mail server of a few words, that writes down what it is told."""

    def handle(self) -> None:
        self.say("220 far end")
        while line := self.rfile.readline():
            words = line.decode().strip()
            self.server.heard.append(words)
            verb = words.split(" ")[0].upper()
            if verb == "EHLO":
                self.say("250-far end"), self.say("250 AUTH PLAIN")
            elif verb == "AUTH":
                self.say(self.server.answers.get("AUTH", "235 in"))
            elif verb == "DATA":
                self.say("354 go on")
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    self.server.heard.append(part.decode().rstrip())
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say(self.server.answers.get(verb, "250 fine"))

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


@contextmanager
def a_mail_server(**answers: str) -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Far) as server:
        server.heard, server.answers = [], answers
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        changed(MAIL_HOST, "127.0.0.1")
        changed(MAIL_PORT, server.server_address[1])
        changed(MAIL_SECURITY, "none")
        changed(MAIL_SENDER, "pult@example.com")
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def last_mail(server: socketserver.ThreadingTCPServer) -> tuple[str, str]:
    """Return to whom the last mail went, and its text."""
    start = max(place for place, words in enumerate(server.heard) if words.upper() == "DATA")
    message = message_from_string("\n".join(server.heard[start + 1 :]).removesuffix("quit"), policy=policy.default)
    return str(message["To"]), message.get_content()
