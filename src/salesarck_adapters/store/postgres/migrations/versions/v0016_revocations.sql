CREATE TABLE public.revocation (
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    before timestamptz NOT NULL,
    kept_until timestamptz NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT revocation_pkey PRIMARY KEY (kind, id),
    CONSTRAINT revocation_kind CHECK (kind IN ('session', 'person', 'tenant'))
);

CREATE INDEX revocation_number_idx ON public.revocation (number);
CREATE INDEX revocation_kept_until_idx ON public.revocation (kept_until);

CREATE TABLE public.revocation_head (
    id integer NOT NULL,
    number bigint NOT NULL,
    leased_until timestamptz NOT NULL,
    CONSTRAINT revocation_head_pkey PRIMARY KEY (id),
    CONSTRAINT revocation_head_one CHECK (id = 1)
);

INSERT INTO public.revocation_head VALUES (1, 0, 'epoch');

GRANT SELECT, INSERT, UPDATE, DELETE ON public.revocation TO salesarck_platform;
GRANT SELECT, UPDATE ON public.revocation_head TO salesarck_platform;
