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

SET_UNLINKED_ASIDE = text("""
WITH lane AS MATERIALIZED (
    SELECT provider, merchant FROM public.inbox_lane AS lane
    WHERE merchant <> ''
        AND NOT EXISTS (
            SELECT FROM public.link
            WHERE link.provider = lane.provider AND link.merchant = lane.merchant
        )
        AND EXISTS (
            SELECT FROM public.inbox
            WHERE inbox.provider = lane.provider AND inbox.merchant = lane.merchant
                AND inbox.state IN ('waiting', 'leased') AND inbox.due_at <= :now
        )
    FOR UPDATE SKIP LOCKED
)
UPDATE public.inbox SET state = 'unlinked', token = NULL
FROM lane
WHERE inbox.provider = lane.provider AND inbox.merchant = lane.merchant
    AND inbox.state IN ('waiting', 'leased') AND inbox.due_at <= :now
    AND NOT EXISTS (
        SELECT FROM public.link
        WHERE link.provider = lane.provider AND link.merchant = lane.merchant
    )
""")
