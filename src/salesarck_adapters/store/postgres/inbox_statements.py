"""The inbox's own statements, as text: they are hot, and they say in SQL what order means."""

from sqlalchemy import text

STORE = text("""
INSERT INTO public.inbox (
    id, number, provider, merchant, key, body_hash, body, headers, correlation,
    received_at, last_seen_at, due_at, deliveries
)
SELECT
    id, number, provider, merchant, key, body_hash, body, headers, correlation,
    received_at, received_at, received_at, deliveries
FROM (
    SELECT nextval('public.inbox_number') AS number, told.*
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:providers AS text[]), CAST(:merchants AS text[]),
        CAST(:keys AS text[]), CAST(:body_hashes AS bytea[]), CAST(:bodies AS bytea[]),
        CAST(:headers AS jsonb[]), CAST(:correlations AS text[]),
        CAST(:moments AS timestamptz[]), CAST(:deliveries AS integer[])
    ) AS told (
        id, provider, merchant, key, body_hash, body, headers, correlation,
        received_at, deliveries
    )
) AS arrived
ORDER BY provider, merchant, key, body_hash
ON CONFLICT (provider, merchant, key, body_hash) DO UPDATE SET
    deliveries = inbox.deliveries + excluded.deliveries,
    last_seen_at = greatest(inbox.last_seen_at, excluded.last_seen_at)
RETURNING provider, merchant, key, body_hash, xmax = 0 AS is_new
""")
"""Numbers are drawn in the order of arrival; rows are locked in the order of their keys, so that
two calls with the same deliveries don't stand in each other's way."""

PARK_FORSAKEN = text("""
UPDATE public.inbox
SET state = 'parked', token = NULL, error = attempts || ' workers took it up and none came back'
WHERE id IN (
    SELECT id FROM public.inbox
    WHERE state = 'leased' AND due_at <= :now AND attempts >= :attempts_max
    FOR UPDATE SKIP LOCKED
)
""")

LOCK_UNLINKED_LANES = text("""
SELECT lane.provider, lane.merchant
FROM public.open_lane JOIN public.inbox_lane AS lane USING (provider, merchant)
WHERE lane.merchant <> ''
    AND NOT EXISTS (
        SELECT FROM public.link
        WHERE link.provider = lane.provider AND link.merchant = lane.merchant
    )
FOR UPDATE OF lane SKIP LOCKED
""")

SET_UNLINKED_ASIDE = text("""
UPDATE public.inbox SET state = 'unlinked', token = NULL
FROM unnest(CAST(:providers AS text[]), CAST(:merchants AS text[])) AS lane (provider, merchant)
WHERE inbox.provider = lane.provider AND inbox.merchant = lane.merchant
    AND inbox.state IN ('waiting', 'leased') AND inbox.due_at <= :now
    AND NOT EXISTS (
        SELECT FROM public.link
        WHERE link.provider = lane.provider AND link.merchant = lane.merchant
    )
""")
"""Looks for the link again: somebody may have made one before the lane was locked."""

LOCK_LANES = text("""
SELECT lane.provider, lane.merchant
FROM public.open_lane
JOIN public.inbox_lane AS lane USING (provider, merchant)
CROSS JOIN LATERAL (
    SELECT number FROM public.inbox
    WHERE inbox.provider = lane.provider AND inbox.merchant = lane.merchant
        AND inbox.state IN ('waiting', 'leased') AND inbox.due_at <= :now
    ORDER BY number
    LIMIT 1
) AS head
WHERE NOT EXISTS (
        SELECT FROM public.inbox AS held
        WHERE held.provider = lane.provider AND held.merchant = lane.merchant
            AND held.state = 'leased' AND held.due_at > :now
    )
    AND (
        lane.merchant = ''
        OR EXISTS (
            SELECT FROM public.link
            WHERE link.provider = lane.provider AND link.merchant = lane.merchant
        )
    )
ORDER BY lane.turn, head.number
LIMIT :limit
FOR UPDATE OF lane SKIP LOCKED
""")

LEASE_HEADS = text("""
UPDATE public.inbox
SET state = 'leased', attempts = attempts + 1, token = gen_random_uuid(), due_at = :ends_at
FROM unnest(CAST(:providers AS text[]), CAST(:merchants AS text[])) AS lane (provider, merchant)
CROSS JOIN LATERAL (
    SELECT row.id FROM public.inbox AS row
    WHERE row.provider = lane.provider AND row.merchant = lane.merchant
        AND row.state IN ('waiting', 'leased') AND row.due_at <= :now
    ORDER BY row.number
    LIMIT 1
) AS head
WHERE inbox.id = head.id
    AND inbox.state IN ('waiting', 'leased') AND inbox.due_at <= :now
    AND NOT EXISTS (
        SELECT FROM public.inbox AS held
        WHERE held.provider = lane.provider AND held.merchant = lane.merchant
            AND held.state = 'leased' AND held.due_at > :now
    )
RETURNING inbox.*, (
    SELECT tenant_id FROM public.link
    WHERE link.provider = inbox.provider AND link.merchant = inbox.merchant
) AS tenant_id
""")
"""Chooses again what to lease: lanes are locked now, and this sees what was done before."""

TAKE_TURNS = text("""
UPDATE public.inbox_lane AS lane SET turn = nextval('public.inbox_turn')
FROM unnest(CAST(:providers AS text[]), CAST(:merchants AS text[])) AS served (provider, merchant)
WHERE lane.provider = served.provider AND lane.merchant = served.merchant
""")

FORGET_HANDSHAKES = text("""
DELETE FROM public.handshake
WHERE provider = :provider AND number NOT IN (
    SELECT number FROM public.handshake WHERE provider = :provider ORDER BY number DESC LIMIT :kept
)
""")

ERASE = text(r"""
UPDATE public.inbox SET body = '', answers = '[]'
FROM (
    SELECT id, lower(encode(body, 'escape') || answers) AS told
    FROM public.inbox
    WHERE done_at IS NOT NULL AND body <> '\x'
) AS kept
WHERE inbox.id = kept.id AND (
    kept.id = ANY (CAST(:rows AS uuid[]))
    OR EXISTS (
        SELECT FROM unnest(CAST(:texts AS text[])) AS needle WHERE strpos(kept.told, needle) > 0
    )
    OR EXISTS (
        SELECT FROM unnest(CAST(:digits AS text[])) AS needle
        WHERE strpos(regexp_replace(kept.told, '[^0-9]', '', 'g'), needle) > 0
    )
)
""")
ERASE_OLD = text(r"""
UPDATE public.inbox SET body = '', answers = '[]'
WHERE id IN (
    SELECT id FROM public.inbox
    WHERE done_at < :before AND done_at IS NOT NULL AND body <> '\x'
    ORDER BY done_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
""")
