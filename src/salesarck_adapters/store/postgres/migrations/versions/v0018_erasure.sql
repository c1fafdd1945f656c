CREATE SEQUENCE public.contact_number;
CREATE TABLE public.contact (
    tenant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    number bigint DEFAULT nextval('contact_number') NOT NULL,
    CONSTRAINT contact_pkey PRIMARY KEY (tenant_id, kind, value),
    CONSTRAINT contact_tenant_id_number_key UNIQUE (tenant_id, number),
    CONSTRAINT contact_kind CHECK (kind IN ('till', 'phone', 'email'))
);
CREATE TABLE public.erased_contact (
    mark text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT erased_contact_pkey PRIMARY KEY (mark)
);
CREATE TABLE public.erasure (
    id uuid NOT NULL,
    people uuid[] NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    finished_at timestamptz,
    CONSTRAINT erasure_pkey PRIMARY KEY (id)
);
CREATE TABLE public.sign_in (
    subject uuid NOT NULL,
    consumer_id uuid NOT NULL,
    CONSTRAINT sign_in_pkey PRIMARY KEY (subject)
);
CREATE INDEX sign_in_consumer_id_idx ON public.sign_in (consumer_id);

ALTER TABLE public.wallet ADD COLUMN is_closed boolean DEFAULT false NOT NULL;

-- A body is emptied some time after its row is done.
ALTER TABLE public.inbox ADD COLUMN done_at timestamptz;
UPDATE public.inbox SET done_at = last_seen_at WHERE state = 'done';
CREATE INDEX inbox_kept_idx ON public.inbox (done_at)
    WHERE done_at IS NOT NULL AND body <> '\x';

-- Of an audit row only the reason, a person's own words, can go.
DROP TRIGGER audit_stays ON public.audit;
CREATE TRIGGER audit_stays BEFORE DELETE OR TRUNCATE ON public.audit
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
DROP TRIGGER platform_audit_stays ON public.platform_audit;
CREATE TRIGGER platform_audit_stays BEFORE DELETE OR TRUNCATE ON public.platform_audit
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE FUNCTION public.only_the_reason_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    OLD.reason := '';
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'rows of % are written once: only a reason can be emptied', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_loses_its_reason BEFORE UPDATE ON public.audit
    FOR EACH ROW EXECUTE FUNCTION public.only_the_reason_goes();
CREATE TRIGGER platform_audit_loses_its_reason BEFORE UPDATE ON public.platform_audit
    FOR EACH ROW EXECUTE FUNCTION public.only_the_reason_goes();

-- So it is with an adjustment, decided or not.
CREATE OR REPLACE FUNCTION public.adjustment_is_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reason NOT IN ('', OLD.reason) THEN
        RAISE EXCEPTION 'of adjustment % the reason can only be emptied', OLD.id
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    OLD.reason := NEW.reason;
    IF OLD.state <> 'pending' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'adjustment % is % for good', OLD.id, OLD.state
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

GRANT USAGE ON SEQUENCE public.contact_number TO salesarck_service;
GRANT SELECT, INSERT, DELETE ON public.contact TO salesarck_service;
GRANT DELETE ON public.till_customer, public.till_proof TO salesarck_service;
GRANT UPDATE (reason) ON public.audit, public.adjustment TO salesarck_service;
GRANT UPDATE (reason) ON public.platform_audit TO salesarck_platform;
GRANT UPDATE (done_at) ON public.inbox TO salesarck_service;
GRANT SELECT, INSERT ON public.erased_contact TO salesarck_service;
GRANT SELECT, INSERT, DELETE ON public.erased_contact TO salesarck_platform;
GRANT SELECT, INSERT, UPDATE ON public.erasure TO salesarck_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.sign_in TO salesarck_platform;
