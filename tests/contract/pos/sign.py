"""Signs as Square and Clover do, sharing no code with what checks it.

`python tests/contract/pos/sign.py FILE…` puts the signature that its keys give into each recording:
write the body, run it, and only then spoil something if the recording is about a forgery.
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any


def square(key: str, url: str, body: bytes) -> str:
    digest = hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()
    return base64.standard_b64encode(digest).decode()


def clover_checkout(secret: str, signed_at: object, body: bytes) -> str:
    signed = f"{signed_at}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def body_of(delivery: dict[str, Any]) -> bytes:
    if "body_base64" in delivery:
        return base64.b64decode(delivery["body_base64"])
    return str(delivery["body"]).encode()


def signed_headers(recording: dict[str, Any], key_index: int = 0) -> dict[str, str]:
    """Say what the provider would send beside this body, with this one of its keys."""
    keys, body = recording["keys"], body_of(recording["delivery"])
    if recording["provider"] == "square":
        key = keys["signature_keys"][key_index]
        return {"x-square-hmacsha256-signature": square(key, keys["notification_url"], body)}
    if "auth_codes" in keys:
        return {"x-clover-auth": keys["auth_codes"][key_index]}
    value = clover_checkout(keys["signing_secrets"][key_index], keys["now"], body)
    return {"clover-signature": f"t={keys['now']},v1={value}"}


def main(files: list[str]) -> None:
    for file in map(Path, files):
        recording = json.loads(file.read_text())
        recording["delivery"].setdefault("headers", {}).update(signed_headers(recording))
        file.write_text(json.dumps(recording, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
