-- The role for what comes before a tenant is known. Whoever may work as the service may work as it.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'salesarck_platform') THEN
        CREATE ROLE salesarck_platform NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else has just made it
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role salesarck_platform is missing, and % may not make it', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = format(
                'let an administrator run: CREATE ROLE salesarck_platform; '
                'GRANT salesarck_platform TO %I;', current_user);
END $$;
DO $$
DECLARE
    login name;
BEGIN
    FOR login IN
        SELECT current_user
        UNION
        SELECT member.rolname
        FROM pg_catalog.pg_auth_members AS membership
        JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
        WHERE membership.roleid = CAST('salesarck_service' AS regrole)
    LOOP
        BEGIN
            -- Who made a role is its member since Postgres 16, but may not work as it yet.
            EXECUTE format('GRANT salesarck_platform TO %I', login);
        EXCEPTION
            WHEN insufficient_privilege THEN
                IF NOT pg_catalog.pg_has_role(login, 'salesarck_platform', 'MEMBER') THEN
                    RAISE;
                END IF;
        END;
    END LOOP;
END $$;
DO $$
DECLARE
    strong name;
BEGIN
    SELECT rolname INTO strong FROM pg_catalog.pg_roles
    WHERE rolname IN ('salesarck_service', 'salesarck_platform') AND (rolsuper OR rolbypassrls);
    IF FOUND THEN
        RAISE EXCEPTION 'the role % may pass by row security', strong
            USING ERRCODE = 'invalid_role_specification', HINT = format(
                'let an administrator run: ALTER ROLE %I NOSUPERUSER NOBYPASSRLS;', strong);
    END IF;
END $$;

-- What is no tenant's, it may do as the service does.

GRANT USAGE ON SCHEMA public TO salesarck_platform;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO salesarck_platform;
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT CAST(relation.oid AS regclass) AS name, string_agg(privilege.privilege_type, ', ') AS rights
        FROM pg_catalog.pg_class AS relation
        CROSS JOIN LATERAL aclexplode(relation.relacl) AS privilege
        WHERE relation.relnamespace = CAST('public' AS regnamespace)
            AND relation.relkind IN ('r', 'p', 'v')
            AND relation.relname <> 'tenant'
            AND privilege.grantee = CAST('salesarck_service' AS regrole)
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_attribute AS attribute
                WHERE attribute.attrelid = relation.oid AND attribute.attname = 'tenant_id'
                    AND NOT attribute.attisdropped
            )
        GROUP BY relation.oid
    LOOP
        EXECUTE format('GRANT %s ON %s TO salesarck_platform', given.rights, given.name);
    END LOOP;
END $$;

-- Deliveries are all tenants': a tenant's work only notes how one that it holds has ended.

ALTER VIEW public.open_lane SET (security_invoker = true);
REVOKE ALL ON
    public.handshake,
    public.inbox,
    public.inbox_lane,
    public.open_lane
FROM salesarck_service;
GRANT
    SELECT (id, token, state, outcome),
    UPDATE (token, state, outcome, error, clock_ahead)
ON public.inbox TO salesarck_service;
