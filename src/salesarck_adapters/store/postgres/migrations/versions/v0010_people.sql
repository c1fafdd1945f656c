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

GRANT SELECT, INSERT, UPDATE, DELETE ON public.profile TO salesarck_service;

-- Evidence that its owner lets go of can be proved by somebody else.
GRANT DELETE ON public.proof TO salesarck_service;
