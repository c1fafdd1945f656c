CREATE SEQUENCE public.applied_number;
CREATE SEQUENCE public.inbox_number;
CREATE SEQUENCE public.inbox_turn;
CREATE TABLE public.applied (
    tenant_id uuid NOT NULL,
    number bigint DEFAULT nextval('public.applied_number') NOT NULL,
    deed jsonb NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    correlation text NOT NULL,
    CONSTRAINT applied_pkey PRIMARY KEY (tenant_id, number)
);

CREATE TABLE public.audit (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    correlation text NOT NULL,
    CONSTRAINT audit_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_tenant_id_target_idx ON public.audit (tenant_id, target);

CREATE TABLE public.handshake (
    number bigint GENERATED ALWAYS AS IDENTITY,
    provider text COLLATE "C" NOT NULL,
    code text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT handshake_pkey PRIMARY KEY (provider, number)
);

CREATE TABLE public.inbox (
    id uuid NOT NULL,
    number bigint DEFAULT nextval('public.inbox_number') NOT NULL,
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    body_hash bytea NOT NULL,
    body bytea NOT NULL,
    headers jsonb NOT NULL,
    correlation text NOT NULL,
    received_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    deliveries integer NOT NULL,
    state text DEFAULT 'waiting' NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    token uuid,
    outcome text,
    error text,
    clock_ahead boolean DEFAULT false NOT NULL,
    answers jsonb DEFAULT '[]' NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (id),
    CONSTRAINT inbox_delivery_key UNIQUE (provider, merchant, key, body_hash),
    CONSTRAINT inbox_state CHECK (state IN ('waiting', 'leased', 'unlinked', 'done', 'parked')),
    CONSTRAINT inbox_lease CHECK ((state = 'leased') = (token IS NOT NULL)),
    CONSTRAINT inbox_outcome CHECK ((state = 'done') = (outcome IS NOT NULL))
);
CREATE INDEX inbox_open_idx
    ON public.inbox (provider, merchant, number) WHERE state IN ('waiting', 'leased');
CREATE INDEX inbox_state_idx ON public.inbox (state, number);

CREATE TABLE public.inbox_lane (
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    turn bigint DEFAULT 0 NOT NULL,
    CONSTRAINT inbox_lane_pkey PRIMARY KEY (provider, merchant)
);

CREATE TABLE public.inbox_sale (
    tenant_id uuid NOT NULL,
    sale_id uuid NOT NULL,
    row_id uuid NOT NULL,
    CONSTRAINT inbox_sale_pkey PRIMARY KEY (tenant_id, sale_id, row_id)
);

CREATE TABLE public.outbox (
    tenant_id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    content jsonb NOT NULL,
    CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, number)
);

CREATE TABLE public.proof (
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    consumer_id uuid NOT NULL,
    proved_at timestamptz NOT NULL,
    CONSTRAINT proof_pkey PRIMARY KEY (kind, value),
    CONSTRAINT proof_kind CHECK (kind IN ('phone', 'email'))
);
CREATE INDEX proof_consumer_id_idx ON public.proof (consumer_id);

CREATE TABLE public.sale (
    tenant_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid,
    posted integer DEFAULT 0 NOT NULL,
    earned bigint DEFAULT 0 NOT NULL,
    clawed bigint DEFAULT 0 NOT NULL,
    worth bigint DEFAULT 0 NOT NULL,
    happened_at timestamptz,
    moment timestamptz,
    award jsonb,
    waits_for jsonb DEFAULT '[]' NOT NULL,
    CONSTRAINT sale_pkey PRIMARY KEY (tenant_id, provider, merchant, name),
    CONSTRAINT sale_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT sale_sums CHECK (posted >= 0 AND earned >= 0 AND clawed BETWEEN 0 AND earned)
);
CREATE INDEX sale_tenant_id_consumer_id_moment_idx
    ON public.sale (tenant_id, consumer_id, moment);
CREATE INDEX sale_tenant_id_moment_idx ON public.sale (tenant_id, moment);

CREATE TABLE public.tenant (
    id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    country text NOT NULL,
    time_zone text NOT NULL,
    code_lifetime interval NOT NULL,
    claim_window interval NOT NULL,
    grace interval NOT NULL,
    terms jsonb NOT NULL,
    suspended boolean NOT NULL,
    CONSTRAINT tenant_pkey PRIMARY KEY (id)
);

CREATE TABLE public.till_customer (
    tenant_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    main text COLLATE "C" NOT NULL,
    phone text,
    email text,
    merged text[] NOT NULL,
    CONSTRAINT till_customer_pkey PRIMARY KEY (tenant_id, provider, id)
);

CREATE TABLE public.till_proof (
    tenant_id uuid NOT NULL,
    value text COLLATE "C" NOT NULL,
    consumer_id uuid NOT NULL,
    proved_at timestamptz NOT NULL,
    CONSTRAINT till_proof_pkey PRIMARY KEY (tenant_id, value)
);

CREATE TABLE public.waiting (
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    tenant_id uuid NOT NULL,
    sale_id uuid NOT NULL,
    CONSTRAINT waiting_pkey PRIMARY KEY (kind, value, tenant_id, sale_id)
);
CREATE INDEX waiting_tenant_id_sale_id_idx ON public.waiting (tenant_id, sale_id);

CREATE TABLE public.wrong_try (
    tenant_id uuid NOT NULL,
    place text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT wrong_try_pkey PRIMARY KEY (tenant_id, place, at, number)
);

CREATE TABLE public.link (
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    linked_at timestamptz NOT NULL,
    CONSTRAINT link_pkey PRIMARY KEY (provider, merchant),
    CONSTRAINT link_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES public.tenant (id)
);
CREATE INDEX link_tenant_id_idx ON public.link (tenant_id);

CREATE TABLE public.member (
    person_id uuid NOT NULL,
    role text NOT NULL,
    tenant_id uuid,
    CONSTRAINT member_person_id_role_tenant_id_key UNIQUE NULLS NOT DISTINCT (person_id, role, tenant_id),
    CONSTRAINT member_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES public.tenant (id)
);

CREATE TABLE public.retirement (
    tenant_id uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    up_to integer NOT NULL,
    CONSTRAINT retirement_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT retirement_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES public.tenant (id)
);

CREATE TABLE public.rule_version (
    tenant_id uuid NOT NULL,
    number integer NOT NULL,
    rules jsonb NOT NULL,
    in_force_from timestamptz NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    content_hash text NOT NULL,
    CONSTRAINT rule_version_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT rule_version_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES public.tenant (id)
);

CREATE TABLE public.tender (
    tenant_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    payment text COLLATE "C" NOT NULL,
    sale_name text COLLATE "C",
    state jsonb,
    CONSTRAINT tender_pkey PRIMARY KEY (tenant_id, provider, merchant, payment),
    CONSTRAINT tender_tenant_id_provider_merchant_sale_name_fkey FOREIGN KEY (tenant_id, provider, merchant, sale_name)
        REFERENCES public.sale (tenant_id, provider, merchant, name)
);
CREATE INDEX tender_tenant_id_provider_merchant_sale_name_idx
    ON public.tender (tenant_id, provider, merchant, sale_name);

CREATE TABLE public.wallet (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    CONSTRAINT wallet_pkey PRIMARY KEY (tenant_id, consumer_id),
    CONSTRAINT wallet_tenant_id_fkey FOREIGN KEY (tenant_id)
        REFERENCES public.tenant (id)
);
CREATE INDEX wallet_consumer_id_idx ON public.wallet (consumer_id);

CREATE TABLE public.ledger_entry (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    points bigint NOT NULL,
    owed_change bigint NOT NULL,
    balance_after bigint NOT NULL,
    owed_after bigint NOT NULL,
    reference text COLLATE "C" NOT NULL,
    rule_version integer,
    actor text NOT NULL,
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    previous_hash text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,
    correlation text NOT NULL,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (tenant_id, consumer_id, seq),
    CONSTRAINT ledger_entry_tenant_id_reference_kind_key UNIQUE (tenant_id, reference, kind),
    CONSTRAINT ledger_entry_tenant_id_consumer_id_fkey FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES public.wallet (tenant_id, consumer_id),
    CONSTRAINT ledger_entry_kind CHECK (kind IN ('earn', 'bonus', 'grant', 'release', 'redeem', 'clawback', 'expire', 'deduct', 'repay')),
    CONSTRAINT ledger_entry_seq CHECK (seq >= 1),
    CONSTRAINT ledger_entry_points CHECK (points BETWEEN 0 AND 1000000000000000),
    CONSTRAINT ledger_entry_balance CHECK (balance_after >= 0),
    CONSTRAINT ledger_entry_owed CHECK (owed_after >= 0)
);

CREATE TABLE public.redemption_code (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    points bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    pepper integer NOT NULL,
    lookup text COLLATE "C" NOT NULL,
    state text NOT NULL,
    settled_at timestamptz,
    till text,
    CONSTRAINT redemption_code_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT redemption_code_tenant_id_consumer_id_fkey FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES public.wallet (tenant_id, consumer_id),
    CONSTRAINT redemption_code_state CHECK (state IN ('issued', 'redeemed', 'expired', 'cancelled', 'undone')),
    CONSTRAINT redemption_code_points CHECK (points >= 1),
    CONSTRAINT redemption_code_settled CHECK ((state = 'issued') = (settled_at IS NULL))
);
CREATE INDEX redemption_code_due_idx
    ON public.redemption_code (expires_at) WHERE state = 'issued';
CREATE UNIQUE INDEX redemption_code_live_key
    ON public.redemption_code (tenant_id, lookup)
    WHERE state = 'issued';
CREATE INDEX redemption_code_tenant_id_consumer_id_idx
    ON public.redemption_code (tenant_id, consumer_id);
CREATE INDEX redemption_code_tenant_id_lookup_idx ON public.redemption_code (tenant_id, lookup);

CREATE TABLE public.refund (
    tenant_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    merchant text COLLATE "C" NOT NULL,
    payment text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    state jsonb NOT NULL,
    CONSTRAINT refund_pkey PRIMARY KEY (tenant_id, provider, merchant, payment, reference),
    CONSTRAINT refund_tenant_id_provider_merchant_payment_fkey FOREIGN KEY (tenant_id, provider, merchant, payment)
        REFERENCES public.tender (tenant_id, provider, merchant, payment)
);

CREATE TABLE public.lot (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    id uuid NOT NULL,
    opened_by bigint NOT NULL,
    points bigint NOT NULL,
    remaining bigint NOT NULL,
    run_out bigint NOT NULL,
    ends_at timestamptz,
    sale_id uuid,
    CONSTRAINT lot_pkey PRIMARY KEY (tenant_id, consumer_id, id),
    CONSTRAINT lot_tenant_id_consumer_id_opened_by_fkey FOREIGN KEY (tenant_id, consumer_id, opened_by)
        REFERENCES public.ledger_entry (tenant_id, consumer_id, seq),
    CONSTRAINT lot_remaining CHECK (remaining >= 0),
    CONSTRAINT lot_run_out CHECK (run_out >= 0),
    CONSTRAINT lot_points CHECK (remaining + run_out <= points)
);
CREATE INDEX lot_due_idx ON public.lot (ends_at) WHERE remaining > 0;
CREATE INDEX lot_open_idx ON public.lot (tenant_id, consumer_id) WHERE remaining > 0;
CREATE INDEX lot_tenant_id_sale_id_idx ON public.lot (tenant_id, sale_id);

CREATE TABLE public.lot_movement (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    seq bigint NOT NULL,
    place integer NOT NULL,
    lot_id uuid NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT lot_movement_pkey PRIMARY KEY (tenant_id, consumer_id, seq, place),
    CONSTRAINT lot_movement_tenant_id_consumer_id_seq_fkey FOREIGN KEY (tenant_id, consumer_id, seq)
        REFERENCES public.ledger_entry (tenant_id, consumer_id, seq),
    CONSTRAINT lot_movement_tenant_id_consumer_id_lot_id_fkey FOREIGN KEY (tenant_id, consumer_id, lot_id)
        REFERENCES public.lot (tenant_id, consumer_id, id),
    CONSTRAINT lot_movement_points CHECK (points >= 1)
);


-- Lanes with something waiting or leased, found by skipping from one to the next in the index.
CREATE VIEW public.open_lane AS
WITH RECURSIVE lane AS (
    (
        SELECT provider, merchant FROM public.inbox
        WHERE state IN ('waiting', 'leased')
        ORDER BY provider, merchant
        LIMIT 1
    )
    UNION ALL
    SELECT following.provider, following.merchant
    FROM lane
    CROSS JOIN LATERAL (
        SELECT inbox.provider, inbox.merchant FROM public.inbox
        WHERE state IN ('waiting', 'leased')
            AND (inbox.provider, inbox.merchant) > (lane.provider, lane.merchant)
        ORDER BY inbox.provider, inbox.merchant
        LIMIT 1
    ) AS following
)
SELECT provider, merchant FROM lane;
