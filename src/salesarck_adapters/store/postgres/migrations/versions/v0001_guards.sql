-- What is written once stays as it was written.

CREATE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are written once: % is refused', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER ledger_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER lot_movement_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.lot_movement
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER rule_version_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.rule_version
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER retirement_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.retirement
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER applied_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.applied
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON public.audit
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

-- An entry follows the one before it. The limit keeps the planner to the key, however small the
-- ledger was when the plan was made.

CREATE FUNCTION public.ledger_entry_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT fresh.consumer_id, fresh.seq INTO wrong
    FROM told AS fresh
    LEFT JOIN LATERAL (
        SELECT entry.seq, entry.balance_after, entry.owed_after, entry.hash
        FROM public.ledger_entry AS entry
        WHERE entry.tenant_id = fresh.tenant_id
            AND entry.consumer_id = fresh.consumer_id
            AND entry.seq = fresh.seq - 1
        LIMIT 1
    ) AS before ON true
    WHERE (fresh.seq > 1 AND before.seq IS NULL)
        OR fresh.balance_after <> coalesce(before.balance_after, 0) + CASE
            WHEN fresh.kind IN ('earn', 'bonus', 'grant', 'release') THEN fresh.points
            ELSE -fresh.points
        END
        OR fresh.owed_after <> coalesce(before.owed_after, 0) + fresh.owed_change
        OR fresh.previous_hash <> coalesce(before.hash, '')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % of consumer % does not follow the one before it',
            wrong.seq, wrong.consumer_id
            USING ERRCODE = 'check_violation',
                TABLE = 'ledger_entry',
                CONSTRAINT = 'ledger_entry_follows';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_follows AFTER INSERT ON public.ledger_entry
    REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_entry_follows();

-- The role that the program works as. It belongs to the server, not to this database, so it may be
-- there already; making it needs a right that not every owner of a database has.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'salesarck_service') THEN
        CREATE ROLE salesarck_service NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- somebody else has just made it
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role salesarck_service is missing, and % may not make it', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = format(
                'let an administrator run: CREATE ROLE salesarck_service; '
                'GRANT salesarck_service TO %I;', current_user);
END $$;
DO $$
BEGIN
    GRANT salesarck_service TO CURRENT_USER;
EXCEPTION
    WHEN insufficient_privilege THEN
        IF NOT pg_catalog.pg_has_role(current_user, 'salesarck_service', 'MEMBER') THEN
            RAISE;
        END IF;
END $$;

GRANT USAGE ON SCHEMA public TO salesarck_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO salesarck_service;
GRANT SELECT ON public.alembic_version, public.open_lane TO salesarck_service;
GRANT SELECT, INSERT ON
    public.applied,
    public.audit,
    public.inbox_sale,
    public.ledger_entry,
    public.lot_movement,
    public.member,
    public.outbox,
    public.proof,
    public.retirement,
    public.rule_version,
    public.till_proof,
    public.wrong_try
TO salesarck_service;
GRANT SELECT, INSERT, UPDATE ON
    public.inbox,
    public.inbox_lane,
    public.link,
    public.lot,
    public.redemption_code,
    public.refund,
    public.sale,
    public.tenant,
    public.tender,
    public.till_customer,
    public.wallet
TO salesarck_service;
GRANT SELECT, INSERT, DELETE ON
    public.handshake,
    public.waiting
TO salesarck_service;
