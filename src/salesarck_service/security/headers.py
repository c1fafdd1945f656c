"""Headers that every answer carries unless it knows better."""

from collections.abc import Mapping

PAGES_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: what is ours. Everything else is data, and loads nothing."""

SECURITY_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
}
PAGE_HEADERS: Mapping[str, str] = {**SECURITY_HEADERS, "content-security-policy": PAGES_CSP}


def headers_for(media_type: str) -> Mapping[str, str]:
    """Choose by what the answer is."""
    return PAGE_HEADERS if media_type.startswith("text/html") else SECURITY_HEADERS
