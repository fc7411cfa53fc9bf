"""111 callback URLs with the expected verdicts, and the name server that they need."""

import socket
from collections import Counter
from typing import Any

V4 = "93.184.216.34"  # public
V6 = "2606:2800:220:1:248:1893:25c8:1946"  # public
PORTS = frozenset({80, 443, 8080, 8443})  # the ports that the operator allows in these cases

# The addresses of each name. `rebind.example` has other addresses after the first look-up.
NAMES = {
    "ok.example": [V4],
    "ok6.example": [V6],
    "localhost": ["127.0.0.1"],
    "foo.localhost": ["127.0.0.1"],
    "db": ["172.18.0.2"],
    "redis.default.svc.cluster.local": ["10.96.0.10"],
    "metadata.google.internal": ["169.254.169.254"],
    "host.docker.internal": ["192.168.65.2"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "loop.example": ["127.0.0.1"],
    "meta.example": ["169.254.169.254"],
    "priv.example": ["10.1.2.3"],
    "mixed-bad-first.example": ["10.1.2.3", V4],
    "mixed-bad-last.example": [V4, "10.1.2.3"],
    "rebind.example": [V4],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "sixto4.example": ["2002:7f00:1::"],
    "teredo.example": ["2001:0:7f00:1::80ff:fffe"],
    "compat.example": ["::127.0.0.1"],
    "siit.example": ["::ffff:0:127.0.0.1"],
    "site.example": ["fec0::1"],
    "ula.example": ["fd00::1"],
    "ll.example": ["fe80::1"],
    "cgnat.example": ["100.64.0.1"],
    "bench.example": ["198.18.0.1"],
    "mcast.example": ["224.0.0.1"],
    "bcast.example": ["255.255.255.255"],
    "zero.example": ["0.0.0.0"],
    "azure.example": ["168.63.129.16"],
    "aws6.example": ["fd00:ec2::254"],
    "ali.example": ["100.100.100.200"],
    "oracle.example": ["192.0.0.192"],
    "nat64local.example": ["64:ff9b:1::a00:1"],
    "srv6.example": ["5f00::1"],
    "isatap.example": ["2606:2800::5efe:7f00:1"],
}

# Allowed URLs, and the only address that may be dialled for each.
ALLOWED = {
    "https://ok.example/cb": V4,
    "https://ok6.example/cb": V6,
    "http://ok.example:8080/cb": V4,
    "http://rebind.example/": V4,
}

# Refused by their text alone, when a message is submitted.
REFUSED = [
    "http://127.0.0.1/",
    "http://127.0.0.1:5000/admin",
    "http://127.1/",
    "http://127.0.1/",
    "http://0.0.0.0:8000/",
    "http://0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1.:80/",
    "http://127.0.0.1%00.ok.example/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[2002:7f00:1::]/",
    "http://[fec0::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://10.0.0.5/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://localhost/",
    "http://LOCALHOST:6379/",
    "http://localhost./",
    "http://foo.localhost/",
    "http://db/",
    "http://ok.example@127.0.0.1/",
    "http://127.0.0.1@ok.example/",
    "http://127.0.0.1#@ok.example/",
    "http://127.0.0.1\\@ok.example/",
    "http://ok.example\\@127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "ftp://ok.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "dict://127.0.0.1:11211/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "javascript:alert(1)",
    "data:text/plain,x",
    "http://ⓛocalhost/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://ok.example:0/",
    "http://ok.example:99999/",
    "http://ok.example:6379/",
    "http://ok.example:25/",
    "http://ok.example\r\nHost: x/",
    "http://ok.example/\r\nX-A: b",
    " http://127.0.0.1/",
    "http://127.0.0.1\t/",
    "http://%31%32%37.0.0.1/",
    "http://ok.example%2f@127.0.0.1/",
    "http://[::1",
    "http://",
    "http://ok..example/",
]

# Names that are accepted with the message, and refused when the connection is made.
BLOCKED = [
    "http://redis.default.svc.cluster.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://host.docker.internal/",
    "http://127.0.0.1.nip.io/",
    "http://loop.example/",
    "http://meta.example/",
    "http://priv.example/",
    "http://mixed-bad-first.example/",
    "http://mixed-bad-last.example/",
    "http://mapped.example/",
    "http://nat64.example/",
    "http://sixto4.example/",
    "http://teredo.example/",
    "http://compat.example/",
    "http://siit.example/",
    "http://site.example/",
    "http://ula.example/",
    "http://ll.example/",
    "http://cgnat.example/",
    "http://bench.example/",
    "http://mcast.example/",
    "http://bcast.example/",
    "http://zero.example/",
    "http://azure.example/",
    "http://aws6.example/",
    "http://ali.example/",
    "http://oracle.example/",
    "http://nat64local.example/",
    "http://srv6.example/",
    "http://isatap.example/",
]


def infos(addresses: list[str], port: int) -> list[tuple[Any, ...]]:
    """Addresses in the format of `socket.getaddrinfo`."""
    return [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
        if ":" in address
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in addresses
    ]


class NameServer:
    """Resolves names from a table, others to `default`, and numbers as the system's resolver does."""

    def __init__(self, names: dict[str, list[str]], default: list[str] | None = None) -> None:
        self.names = names
        self.default = default
        self.asked: Counter[str] = Counter()

    def __call__(self, host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        try:
            return list(socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **hints))
        except socket.gaierror:
            return infos(self._look_up(host.lower().removesuffix(".")), port)

    def _look_up(self, name: str) -> list[str]:
        self.asked[name] += 1
        if name == "rebind.example" and self.asked[name] > 1:
            return ["127.0.0.1"]
        found = self.names.get(name, self.default)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found
