-- One role a person and tenant: of several the strongest stays. For that all rows must be seen.
ALTER TABLE public.member NO FORCE ROW LEVEL SECURITY;
DELETE FROM public.member
WHERE role = 'consumer' OR (role = 'admin') <> (tenant_id IS NULL);
DELETE FROM public.member AS weaker
USING public.member AS stronger
WHERE weaker.person_id = stronger.person_id
    AND weaker.tenant_id = stronger.tenant_id
    AND array_position(ARRAY['cashier', 'manager', 'owner'], weaker.role)
        < array_position(ARRAY['cashier', 'manager', 'owner'], stronger.role);
ALTER TABLE public.member FORCE ROW LEVEL SECURITY;
ALTER TABLE public.member
    DROP CONSTRAINT member_person_id_role_tenant_id_key,
    ADD CONSTRAINT member_person_id_tenant_id_key UNIQUE NULLS NOT DISTINCT (person_id, tenant_id),
    ADD CONSTRAINT member_role CHECK (role IN ('cashier', 'manager', 'owner', 'admin')),
    ADD CONSTRAINT member_place CHECK ((role = 'admin') = (tenant_id IS NULL));
CREATE INDEX member_tenant_id_idx ON public.member (tenant_id);

CREATE TABLE public.invitation (
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    role text NOT NULL,
    invited_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT invitation_pkey PRIMARY KEY (kind, value, tenant_id),
    CONSTRAINT invitation_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant (id),
    CONSTRAINT invitation_kind CHECK (kind IN ('phone', 'email')),
    CONSTRAINT invitation_role CHECK (role IN ('cashier', 'manager', 'owner'))
);
CREATE INDEX invitation_tenant_id_id_idx ON public.invitation (tenant_id, id);
CREATE INDEX invitation_expires_at_idx ON public.invitation (expires_at);

-- Nobody decides their own request, or moves points of their own wallet, whatever a program says.
CREATE TABLE public.adjustment (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    kind text NOT NULL,
    points bigint NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz,
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT adjustment_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT adjustment_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenant (id),
    CONSTRAINT adjustment_kind CHECK (kind IN ('grant', 'deduct')),
    CONSTRAINT adjustment_points CHECK (points BETWEEN 1 AND 1000000000000000),
    CONSTRAINT adjustment_state CHECK (state IN ('made', 'pending', 'approved', 'rejected')),
    CONSTRAINT adjustment_second_admin CHECK (decided_by <> requested_by),
    CONSTRAINT adjustment_own_wallet CHECK (
        requested_by <> 'person:' || consumer_id
        AND (decided_by IS NULL OR decided_by <> 'person:' || consumer_id)
    ),
    CONSTRAINT adjustment_in_time CHECK (decided_at < expires_at),
    CONSTRAINT adjustment_decided CHECK (
        (state IN ('approved', 'rejected')) = (decided_by IS NOT NULL)
        AND (decided_by IS NULL) = (decided_at IS NULL)
        AND (state = 'made') = (expires_at IS NULL)
    )
);
CREATE INDEX adjustment_tenant_id_consumer_id_requested_at_idx
    ON public.adjustment (tenant_id, consumer_id, requested_at);

CREATE FUNCTION public.adjustment_is_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'pending' THEN
        RAISE EXCEPTION 'adjustment % is % for good', OLD.id, OLD.state
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER adjustment_is_decided_once BEFORE UPDATE ON public.adjustment
    FOR EACH ROW EXECUTE FUNCTION public.adjustment_is_decided_once();

GRANT UPDATE (role), DELETE ON public.member TO salesarck_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.invitation TO salesarck_service;
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at) ON public.adjustment
    TO salesarck_service;
