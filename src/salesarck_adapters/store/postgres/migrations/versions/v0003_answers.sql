CREATE TABLE public.command (
    caller text COLLATE "C" NOT NULL,
    route text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    token uuid NOT NULL,
    first_seen timestamptz NOT NULL,
    held_until timestamptz NOT NULL,
    kept_until timestamptz NOT NULL,
    attempts integer NOT NULL,
    status integer,
    answer bytea,
    CONSTRAINT command_pkey PRIMARY KEY (caller, route, key),
    CONSTRAINT command_answer CHECK ((status IS NULL) = (answer IS NULL))
);

CREATE INDEX command_kept_idx ON public.command (kept_until);

GRANT SELECT, INSERT, UPDATE, DELETE ON public.command TO salesarck_service;
