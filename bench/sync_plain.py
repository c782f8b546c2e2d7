"""Reading the pages plainly: httpx2 gets them, ``json`` takes them apart, and that is all.

``python sync_plain.py PORT SIZE`` prints processor seconds, how many records and their total.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal

import httpx2


def run() -> None:
    """Read page after page until one is not full."""
    port, size = int(sys.argv[1]), int(sys.argv[2])
    processor, wall = time.process_time(), time.perf_counter()
    count, total, page, full = 0, Decimal(0), 1, True
    with httpx2.Client(trust_env=False) as client:
        while full:
            asked = {"page": str(page), "size": str(size)}
            answer = client.get(f"http://127.0.0.1:{port}/orders", params=asked)
            rows = json.loads(answer.content, parse_float=Decimal)["items"]
            count += len(rows)
            total += sum(Decimal(row["amount"]) for row in rows)
            full, page = len(rows) == size, page + 1
    told = {
        "cpu_s": time.process_time() - processor,
        "wall_s": time.perf_counter() - wall,
        "records": count,
        "total": str(total),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    run()
