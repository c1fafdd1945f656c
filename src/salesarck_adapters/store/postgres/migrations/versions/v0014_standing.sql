-- The column is turned in place: a rewrite sees every row, whoever may see which.
ALTER TABLE public.tenant
    ALTER COLUMN suspended TYPE text
    USING CASE WHEN suspended THEN 'suspended' ELSE 'active' END;
ALTER TABLE public.tenant RENAME COLUMN suspended TO state;
ALTER TABLE public.tenant
    ADD CONSTRAINT tenant_state CHECK (state IN ('pending', 'active', 'suspended')),
    ADD COLUMN adjustment_limit bigint DEFAULT 10000 NOT NULL,
    ADD CONSTRAINT tenant_adjustment_limit CHECK (adjustment_limit >= 0);

ALTER TABLE public.wallet ADD COLUMN frozen boolean DEFAULT false NOT NULL;

ALTER TABLE public.audit ADD COLUMN on_behalf_of text DEFAULT '' NOT NULL;

CREATE TABLE public.platform_audit (
    id uuid NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    correlation text NOT NULL,
    on_behalf_of text NOT NULL,
    CONSTRAINT platform_audit_pkey PRIMARY KEY (id)
);
CREATE INDEX platform_audit_target_idx ON public.platform_audit (target);
CREATE TRIGGER platform_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.platform_audit
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TABLE public.suspension (
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT suspension_pkey PRIMARY KEY (person_id)
);

GRANT SELECT, INSERT ON public.platform_audit TO salesarck_platform;
GRANT SELECT, INSERT, DELETE ON public.suspension TO salesarck_platform;
