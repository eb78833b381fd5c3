//! Many clients and token records that nobody made one by one.

use anyhow::Result;
use informer_oauth_testkit::servers::ThrowawayDatabase;

/// One statement inserts at most so many.
const AT_ONCE: u64 = 100_000;
/// Tenths of the records that have been refreshed.
const REFRESHED: u32 = 7;
const DAY: u64 = 24 * 60 * 60;
/// How long a grant with refresh tokens lives, in seconds.
const LIFETIME: u64 = 30 * DAY;

/// A UUID v7 (RFC 9562 §5.7) of this moment: what the service makes, so that keys are as well ordered as there.
const UUID: &str = "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing \
     substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid";
const NOW: &str = "(extract(epoch FROM now()) * 1000000)::bigint";

/// How old the records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Granted within the lifetime of a grant.
    Living,
    /// Expired so long ago that they are due to be purged.
    Expired,
}

impl Age {
    /// Seconds since the youngest and the oldest record was granted.
    fn range(self) -> (u64, u64) {
        match self {
            Self::Living => (60, LIFETIME - DAY),
            Self::Expired => (LIFETIME + 2 * DAY, 2 * LIFETIME),
        }
    }
}

/// Adds public clients.
pub(crate) fn clients(database: &ThrowawayDatabase, count: u64) {
    database.sql(&format!(
        "INSERT INTO clients (uid, client_id, name, description, url, redirect_uris, pkce, refresh_tokens, scope,
             enabled, introspect, resources, source, created_by, created_at, updated_at, revision)
         SELECT {UUID}, substring(encode(sha256(n::text::bytea), 'hex') FOR 20), 'Seeded ' || n, '', NULL,
             ARRAY['https://app.example/callback'], true, true, '', true, false, '{{}}', 'admin', 'bench', {NOW}, {NOW}, 1
         FROM generate_series(1, {count}) AS n"
    ));
}

/// Adds token records of the clients that there are, in the names of as many users as an installation of that size has. As in life,
/// those that were granted first come first, and seven of ten have been refreshed since then, a few of each page at a time: they
/// grow into the room that is kept in it. Had they been as long from the start, pages would end where the next of them did not
/// fit, and a record just granted would: so every one of those would go to another old page.
pub(crate) fn records(database: &ThrowawayDatabase, count: u64, age: Age) {
    let (youngest, oldest) = age.range();
    let users = (count / 20).clamp(10, 50_000);
    let mut done = 0;
    while done < count {
        let now = (count - done).min(AT_ONCE);
        let before = database.sql(
            "SELECT coalesce((SELECT id FROM token_records ORDER BY id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000')",
        );
        database.sql(&format!(
            "WITH known AS MATERIALIZED (SELECT array_agg(uid) AS uids, array_agg(client_id) AS ids, count(*) AS clients FROM clients),
                  drawn AS MATERIALIZED (
                      SELECT n, 1 + floor(random() * known.clients)::int AS client,
                             {NOW} - ({oldest} - ({done} + n) * {span}::float8 / {count})::bigint * 1000000 AS created
                      FROM known, generate_series(1, {now}) AS n)
             INSERT INTO token_records (id, client_uid, client_id, username, scope, audience, created_at, expires_at, generation,
                 current_jti, current_issued_at)
             SELECT {UUID}, known.uids[client], known.ids[client], 'user' || floor(random() * {users})::int,
                 'read:dataset read:profile', 'http://127.0.0.1:8787', created, created + {LIFETIME}::bigint * 1000000,
                 0, gen_random_uuid(), created
             FROM known, drawn",
            span = oldest - youngest,
        ));
        for tenth in 0..REFRESHED {
            database.sql(&format!(
                "SET enable_seqscan = off;
                 UPDATE token_records SET generation = 1, previous_jti = current_jti, previous_issued_at = current_issued_at,
                     previous_asked = scope, current_jti = gen_random_uuid(), last_used_at = created_at
                 WHERE id > '{before}' AND uuid_hash(id) & 1023 BETWEEN {tenth} * 102 AND {tenth} * 102 + 101",
            ));
        }
        done += now;
    }
}

/// Gathers statistics and does what autovacuum would do soon, so that it does not during a round.
pub(crate) fn settle(database: &ThrowawayDatabase) -> Result<u64> {
    database.sql("VACUUM (FREEZE, ANALYZE)");
    Ok(database.sql("SELECT count(*) FROM token_records").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_living_do_not_expire_during_a_run_and_the_expired_are_kept_no_longer() {
        let (youngest, oldest) = Age::Living.range();
        assert!(youngest < oldest && oldest <= LIFETIME - DAY);
        let (youngest, oldest) = Age::Expired.range();
        assert!(
            youngest < oldest && youngest > LIFETIME + DAY,
            "a day longer for late replays"
        );
    }
}
