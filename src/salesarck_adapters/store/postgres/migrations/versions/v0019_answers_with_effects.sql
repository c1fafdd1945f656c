-- Commands are all tenants': a tenant's work only writes the answer of the one whose token it shows.

REVOKE ALL ON public.command FROM salesarck_service;
GRANT
    SELECT (caller, route, key, token, status),
    UPDATE (status, answer)
ON public.command TO salesarck_service;

ALTER TABLE public.command ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.command FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON public.command TO salesarck_platform USING (true) WITH CHECK (true);
CREATE POLICY held ON public.command TO salesarck_service
    USING (token = CAST(nullif(current_setting('salesarck.command', true), '') AS uuid));
