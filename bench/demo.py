"""Show the whole product once: a message, its receipts, a click, both callbacks, the report. Run it with `make demo`.

Starts its own instance on loopback, with the simulator as its gateway and callbacks to loopback allowed, and stops
everything. The exit code is 0 only if all callbacks came with valid signatures and the report agrees.
"""

import base64
import hashlib
import hmac
import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from instance import Instance, running

BROWSER = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
PREVIEW = "WhatsApp/2.24.20.89 A"
TEXT = "Your parcel is on its way: https://example.com/track?id=4711 Thank you!"
RECIPIENT = "+818012345678"  # its end makes the simulator deliver
FINAL = "delivered"
Callback = tuple[dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Receiver:
    """A sender's back end: the URLs for clicks and receipts, and the callbacks that came to each."""

    url: str
    clicks: "queue.Queue[Callback]"
    receipts: "queue.Queue[Callback]"


def demonstrate(house: Instance, receiver: Receiver) -> bool:
    """Run the demo step by step; return whether everything was as promised."""
    auth = (house.sid, house.token)
    print("\n1. Send a message: its link becomes a shortlink that only this message uses")
    message = asked(requests.post(f"{house.url}/v1/messages", auth=auth, json=order(receiver), timeout=10)).json()
    print(f"before: {TEXT}\nafter:  {message['message']}\nstate:  {message['receipt']['state']}")

    print("\n2. A gateway carries it to the recipient, here a simulator, and its receipts come back as callbacks")
    received = receipts(receiver, house.signing_secret)

    print("\n3. A messenger fetches a preview: it is redirected, but does not count as a person")
    shortlink = message["link_tracking"]["shortlink"]
    print(click(shortlink, PREVIEW))

    print("\n4. The recipient clicks")
    clicked = time.monotonic()
    print(click(shortlink, BROWSER))
    headers, body = receiver.clicks.get(timeout=10)
    print(f"\n5. The callback arrives, {(time.monotonic() - clicked) * 1000:.0f} ms after the click was sent")
    print("\n".join(f"{name}: {value}" for name, value in headers.items()))
    print(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
    valid = verified(headers, body, house.signing_secret)
    print(f"The signature {'is valid' if valid else 'IS NOT VALID'} for the account's signing secret.")
    return valid and received and agrees(settled(message["url"], auth)) and receiver.clicks.empty()


def order(receiver: Receiver) -> dict[str, str]:
    """Return the fields of the message."""
    urls = {"lt_callbackurl": f"{receiver.url}/clicked", "receipts_url": f"{receiver.url}/receipts"}
    return {"message": TEXT, "sender": "Acme", "recipient": RECIPIENT, "client_tag": "order-4711", **urls}


def receipts(receiver: Receiver, secret: str) -> bool:
    """Print the receipts until the final one; return whether all were signed and the message was delivered."""
    while True:
        headers, body = receiver.receipts.get(timeout=10)
        event = json.loads(body)
        valid = verified(headers, body, secret)
        print(f"{event['type']}: {event['data']['state']}, at {event['data']['at']}{'' if valid else ', NOT SIGNED'}")
        if not valid or event["data"]["final"]:
            return valid and event["data"]["state"] == FINAL


def agrees(report: dict[str, Any]) -> bool:
    """Print the report; return whether it says the same."""
    counts, callback, receipt = report["clicks"]["counts"], report["callback"], report["receipt"]
    print("\n6. The report agrees")
    print(f"{receipt['state']}: {receipt['at']}\nclicked:   {report['link_tracking']['accessed_on']}")
    attempts = [one["detail"] for one in callback["attempts"]]
    print(f"clicks:    {counts}\ncallback:  {callback['state']}, attempts: {attempts}")
    return receipt["state"] == FINAL and callback["state"] == "delivered" and counts["person"] == 1


def click(shortlink: str, agent: str) -> str:
    """GET the shortlink with the User-Agent `agent`, without following it; return the answer as text."""
    answer = asked(requests.get(shortlink, headers={"User-Agent": agent}, allow_redirects=False, timeout=10))
    return f"GET {shortlink} as {agent}\n{answer.status_code}, Location: {answer.headers['Location']}"


def asked(answer: requests.Response) -> requests.Response:
    """Return the answer. Raise RuntimeError if it is an error."""
    if not answer.ok:
        raise RuntimeError(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
    return answer


def settled(url: str, auth: tuple[str, str]) -> dict[str, Any]:
    """Return the report as soon as it contains the receiver's answer."""
    for _ in range(50):
        report: dict[str, Any] = asked(requests.get(url, auth=auth, timeout=10)).json()
        if report["callback"]["state"] == "delivered":
            break
        time.sleep(0.1)
    return report


def verified(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Return whether the callback's signature is valid, as any Standard Webhooks library would check."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a sender's back end that answers 200 to every POST."""
    arrived: dict[str, queue.Queue[Callback]] = {"/clicked": queue.Queue(), "/receipts": queue.Queue()}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            arrived[self.path].put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Receiver(f"http://localhost:{server.server_port}", arrived["/clicked"], arrived["/receipts"])
        server.shutdown()


def main() -> int:
    """Start the instance and the receiver, run the demo, stop everything; return the exit code."""
    print("Starting an instance of the product, and a receiver for its callbacks ...")
    settings = {"callback_allow_nets": "127.0.0.0/8,::1/128", "gateway": "simulator"}
    try:
        with receiving() as receiver, running("shop", **settings) as house:
            worked = demonstrate(house, receiver)
    except KeyboardInterrupt:
        return 130
    except (OSError, RuntimeError, LookupError, queue.Empty) as error:
        print(f"\nThis did not work: {error!r}", file=sys.stderr)
        return 1
    print("\nIt works. Everything that was started has stopped." if worked else "\nThis did not work: see above.")
    return 0 if worked else 1


if __name__ == "__main__":
    sys.exit(main())
