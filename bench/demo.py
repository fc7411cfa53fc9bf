"""Show the whole product once: a message, a click, its callback and the report. Run it with `make demo`.

Starts its own instance on loopback, with callbacks to loopback allowed, and stops everything. The exit code is 0
only if the callback came with a valid signature and the report agrees.
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from instance import Instance, running

BROWSER = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
PREVIEW = "WhatsApp/2.24.20.89 A"
TEXT = "Your parcel is on its way: https://example.com/track?id=4711 Thank you!"
Callback = tuple[dict[str, str], bytes]


def demonstrate(house: Instance, receiver_url: str, arrived: "queue.Queue[Callback]") -> bool:
    """Run the demo step by step; return whether everything was as promised."""
    auth = (house.sid, house.token)
    print("\n1. Send a message: its link becomes a shortlink that only this message uses")
    order = {"message": TEXT, "lt_callbackurl": receiver_url, "client_tag": "order-4711", "recipient": "+818012345678"}
    message = asked(requests.post(f"{house.url}/v1/messages", auth=auth, json=order, timeout=10)).json()
    print(f"before: {TEXT}\nafter:  {message['message']}")
    shortlink = message["link_tracking"]["shortlink"]

    print("\n2. A messenger fetches a preview: it is redirected, but does not count as a person")
    print(click(shortlink, PREVIEW))

    print("\n3. The recipient clicks")
    clicked = time.monotonic()
    print(click(shortlink, BROWSER))

    headers, body = arrived.get(timeout=10)
    print(f"\n4. The callback arrives, {(time.monotonic() - clicked) * 1000:.0f} ms after the click was sent")
    print("\n".join(f"{name}: {value}" for name, value in headers.items()))
    print(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
    valid = verified(headers, body, house.signing_secret)
    print(f"The signature {'is valid' if valid else 'IS NOT VALID'} for the account's signing secret.")

    print("\n5. The report agrees")
    report = settled(message["url"], auth)
    counts, callback = report["clicks"]["counts"], report["callback"]
    print(f"clicked:  {report['link_tracking']['accessed_on']}\nclicks:   {counts}")
    print(f"callback: {callback['state']}, attempts: {[one['detail'] for one in callback['attempts']]}")
    return valid and callback["state"] == "delivered" and counts["person"] == 1 and arrived.empty()


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
def receiver() -> Iterator[tuple[str, "queue.Queue[Callback]"]]:
    """Run a sender's back end that answers 200 to every POST; yield its URL and a queue of the callbacks."""
    arrived: queue.Queue[Callback] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            arrived.put(({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/clicked", arrived
        server.shutdown()


def main() -> int:
    """Start the instance and the receiver, run the demo, stop everything; return the exit code."""
    print("Starting an instance of the product, and a receiver for its callbacks ...")
    try:
        with receiver() as (url, arrived), running("shop", callback_allow_nets="127.0.0.0/8,::1/128") as house:
            worked = demonstrate(house, url, arrived)
    except KeyboardInterrupt:
        return 130
    except (OSError, RuntimeError, LookupError, queue.Empty) as error:
        print(f"\nThis did not work: {error!r}", file=sys.stderr)
        return 1
    print("\nIt works. Everything that was started has stopped." if worked else "\nThis did not work: see above.")
    return 0 if worked else 1


if __name__ == "__main__":
    sys.exit(main())
