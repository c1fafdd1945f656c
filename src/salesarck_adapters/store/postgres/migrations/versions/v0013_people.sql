CREATE TABLE public.profile (
    consumer_id uuid NOT NULL,
    name text,
    birth_month integer,
    birth_day integer,
    birth_year integer,
    language text,
    CONSTRAINT profile_pkey PRIMARY KEY (consumer_id),
    CONSTRAINT profile_birthday CHECK ((birth_month IS NULL) = (birth_day IS NULL)),
    CONSTRAINT profile_birth_year CHECK (birth_year IS NULL OR birth_month IS NOT NULL)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON public.profile TO salesarck_platform;

-- Evidence that its owner lets go of can be proved by somebody else.
GRANT DELETE ON public.proof TO salesarck_platform;

-- `moved_from` is whose evidence was before two accounts became one.
ALTER TABLE public.proof ADD COLUMN moved_from uuid;
GRANT UPDATE ON public.proof TO salesarck_platform;

CREATE TABLE public.account_merge (
    id uuid NOT NULL,
    absorbed_id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    at timestamptz NOT NULL,
    undone_at timestamptz,
    CONSTRAINT account_merge_pkey PRIMARY KEY (id)
);

CREATE TABLE public.wallet_merge (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    absorbed_id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    seq bigint NOT NULL,
    sales uuid[] NOT NULL,
    is_undone boolean NOT NULL,
    CONSTRAINT wallet_merge_pkey PRIMARY KEY (tenant_id, id)
);

GRANT SELECT, INSERT, UPDATE ON public.account_merge TO salesarck_platform;
GRANT SELECT, INSERT, UPDATE ON public.wallet_merge TO salesarck_service;
