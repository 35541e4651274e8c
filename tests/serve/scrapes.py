# SPDX-License-Identifier: MIT
"""
What Parca and Grafana Alloy ask for with the configurations in deploy/, byte by byte, and how they
judge the answers. Read off their sources (parca pkg/scrape, alloy internal/component/pyroscope/scrape,
the HTTP client of prometheus/common that both use, Go's net/http):

  a plain GET, Host and User-Agent first, no Accept, no Accept-Encoding (the transport does not
  compress; Go's own default would say gzip, so that is asked as well), connections are used again;
  Parca   delta: seconds=INTERVAL; 200 and a body that is not empty, then it is parsed as a profile
  Alloy   delta: seconds=INTERVAL - 1; 2xx, Content-Type application/octet-stream, no HTML, no JSON,
          more than two bytes; of block and mutex it takes the difference to the last itself

usage: scrapes.py parca|alloy CONFIGURATION HOST:PORT TOKEN FOLDER
Writes each answer to FOLDER/NAME.N and prints the names, one a line.
"""
import re
import socket
import sys

SECONDS = {"s": 1, "m": 60}
INTERVAL = 3  # instead of that of the configuration, which is only for waiting


def seconds_of(text):
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()
    return int(number) * SECONDS[unit]


def parca(path):
    import yaml

    with open(path) as file:
        config = yaml.safe_load(file)
    known = {"job_name", "params", "scrape_interval", "scrape_timeout", "scheme", "static_configs",
             "normalized_addresses", "profiling_config", "relabel_configs", "authorization",
             "bearer_token_file", "tls_config"}
    assert set(config) == {"object_storage", "scrape_configs"}, config.keys()
    for job in config["scrape_configs"]:
        assert set(job) <= known, set(job) - known
        interval = seconds_of(job["scrape_interval"])
        assert seconds_of(job["scrape_timeout"]) > interval, "Parca refuses this"
        profiles = job["profiling_config"]["pprof_config"]
        # What is not said is on.
        for name in ("memory", "block", "goroutine", "mutex", "process_cpu"):
            assert name in profiles, f"{name} is on by default"
        for name, profile in profiles.items():
            assert set(profile) <= {"enabled", "path", "delta", "keep_sample_type"}, name
            if profile["enabled"]:
                query = f"?seconds={INTERVAL}" if profile.get("delta") else ""
                yield name, profile["path"] + query


def alloy(path):
    with open(path) as file:
        text = re.sub(r"^\s*//.*$", "", file.read(), flags=re.M)
    assert text.count("{") == text.count("}") and text.count("[") == text.count("]")
    scrape = re.search(r'pyroscope\.scrape "\w+" \{(.*?)^\}', text, re.S | re.M).group(1)
    assert seconds_of(re.search(r'scrape_interval\s*= "(\w+)"', scrape).group(1)) >= 2
    assert re.search(r'bearer_token_file\s*= "/etc/loiter/token"', scrape)
    blocks = re.findall(r'profile\.(\w+)(?: "(\w+)")? \{(.*?)\}', scrape, re.S)
    off = {kind for kind, _, body in blocks if re.search(r"enabled\s*= false", body)}
    for kind in ("memory", "block", "goroutine", "mutex", "process_cpu"):
        assert kind in {block[0] for block in blocks}, f"{kind} is on by default"
    for kind, name, body in blocks:
        assert set(re.findall(r"^\s*(\w+)\s*=", body, re.M)) <= {"enabled", "path", "delta"}
        if kind in off:
            continue
        path = re.search(r'path\s*= "([^"]+)"', body).group(1)
        delta = re.search(r"delta\s*= true", body)
        yield name or kind, path + (f"?seconds={INTERVAL - 1}" if delta else "")


def ask(connection, target, host, headers):
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        assert more, f"{target}: closed before the head was complete: {data!r}"
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    status, *fields = head.decode("ascii").split("\r\n")
    fields = {key.lower(): value for key, value in (field.split(": ", 1) for field in fields)}
    length = int(fields["content-length"])
    while len(body) < length:
        more = connection.recv(65536)
        assert more, f"{target}: closed in the body"
        body += more
    assert len(body) == length, f"{target}: more than was announced"
    return int(status.split(" ")[1]), fields, body


def judge(who, target, status, fields, body):
    assert status == 200, f"{target}: {status}: {body!r}"
    assert body, f"{target}: empty"
    # Neither of them asked for an encoding, so neither undoes one.
    assert "content-encoding" not in fields, f"{target}: {fields['content-encoding']}"
    assert body.startswith(b"\x1f\x8b"), f"{target}: not gzip'd: {body[:16]!r}"
    if who == "alloy":
        assert fields["content-type"].startswith("application/octet-stream"), fields["content-type"]
        assert len(body) > 2


def main():
    who, path, address, token, folder = sys.argv[1:]
    agents = {"parca": "conprof/0.24.0", "alloy": "Alloy/v1.11.0 (linux; docker)"}
    host, port = address.rsplit(":", 1)
    plain = [f"User-Agent: {agents[who]}", f"Authorization: Bearer {token}"]
    requests = list({"parca": parca, "alloy": alloy}[who](path))
    assert len(requests) >= 4, requests
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        for number, headers in enumerate([plain, [*plain, "Accept-Encoding: gzip"]]):
            for name, target in requests:
                answer = ask(connection, target, address, headers)
                judge(who, target, *answer)
                with open(f"{folder}/{name}.{number}", "wb") as file:
                    file.write(answer[2])
                print(f"{name}.{number}")
        status, _, body = ask(connection, "/debug/pprof/allocs", address, plain)
        assert status == 404 and body, status
        # Without the token; whoever is refused is not talked to any longer.
        status, fields, body = ask(connection, "/debug/pprof/goroutine", address, plain[:1])
        assert status == 401 and body and fields["connection"] == "close", (status, fields)


main()
