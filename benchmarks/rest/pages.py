#!/usr/bin/env python3
"""pages.py URL CA PATH PAGES    reads a list page by page on one connection; its standard input is curl's `user = "NAME:PASSWORD"`

Prints the microseconds from the first request to the last answer, and how many records came. The handshake is before that."""
import base64
import http.client
import json
import ssl
import sys
import time
import urllib.parse

server, authority, path, pages = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
user = sys.stdin.readline().split('"')[1]
headers = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()}
connection = http.client.HTTPSConnection(
    server.hostname, server.port, timeout=60, context=ssl.create_default_context(cafile=authority))
connection.connect()
records = 0
began = time.monotonic()
for _ in range(pages):
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"{path}: status {answer.status}: {body[:500]!r}")
    page = json.loads(body)
    records += page["num_records"]
    following = page.get("_links", {}).get("next")
    if following is None:
        break
    path = following["href"]
print(round((time.monotonic() - began) * 1_000_000), records)
