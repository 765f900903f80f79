#!/usr/bin/env python3
"""Certificates that run out within 90 days of 2022-08-01, with Python's standard library alone.

    python3 examples/expiring.py http://127.0.0.1:4000/graphql

Where anonymous reading is off, set KUALIK_TOKEN to a token ("kualik token new").
"""
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

QUERY = (pathlib.Path(__file__).parent / "expiring.graphql").read_text(encoding="utf-8")

TOKEN = os.environ.get("KUALIK_TOKEN")
CREDENTIALS = {"authorization": f"Bearer {TOKEN}"} if TOKEN else {}


def ask(endpoint, variables):
    """The data of the answer; exits with the first error's sentence when there is one."""
    request = urllib.request.Request(
        endpoint,
        data=json.dumps({"query": QUERY, "variables": variables}).encode(),
        headers={"content-type": "application/json", "accept": "application/graphql-response+json", **CREDENTIALS},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    if answer.get("errors"):
        sys.exit(answer["errors"][0]["message"])
    return answer["data"]


def expiring(endpoint):
    """All certificates, page after page."""
    after = None
    while True:
        page = ask(endpoint, {"within": "P90D", "on": "2022-08-01", "after": after})["expiring"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def row(found):
    successor = found["successor"]
    until = successor and (successor["validUntil"] or {}).get("edtf")
    return [
        found["person"]["name"] if found["person"] else "(hidden)",
        found["document"]["country"],
        found["document"]["kind"],
        found["lastDay"]["edtf"],
        found["certainty"],
        f"until {until or 'unknown'}" if successor else found["successorKnown"],
    ]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: expiring.py ENDPOINT")
    table = [["HOLDER", "COUNTRY", "KIND", "LAST DAY", "CERTAINTY", "SUCCESSOR"]]
    table += [row(found) for found in expiring(sys.argv[1])]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


if __name__ == "__main__":
    main()
