//! Rows that cannot be a state: an error, never a panic and never a default.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use informer_oauth_domain::id::ClientRef;
use informer_oauth_ports::{
    AttemptCounter, AuditLog, ClientSort, ClientStore, CodeStore, ConsentStore, EventFilter, KeyPurpose, KeyState,
    PageRequest, SigningKeyStore, StoreError, TokenFilter, TokenStore,
};
use informer_oauth_sqlite::{Sqlite, SqliteOptions};
use informer_oauth_testkit::values::{
    NOW, a_client, a_code, a_key, a_presentation, a_record, a_rotation, a_scope, a_secret, an_event, an_icon,
    client_uid, moment, record_id, seconds,
};

const ALL: PageRequest = PageRequest { start: 0, limit: 100 };

/// A store with one of everything, changed behind its back.
async fn damaged(sql: &str) -> (Sqlite, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = Sqlite::open(&path, &SqliteOptions::default()).unwrap();
    ClientStore::insert(&store, &a_client(1)).await.unwrap();
    store.insert_secret(&a_secret(1, 1), None).await.unwrap();
    store.set_icon(client_uid(1), Some(&an_icon(1))).await.unwrap();
    store
        .remember("ada", client_uid(1), None, a_scope(1), NOW)
        .await
        .unwrap();
    store.append(&an_event(1)).await.unwrap();
    TokenStore::insert(&store, &a_record(1)).await.unwrap();
    CodeStore::insert(&store, &a_code(1)).await.unwrap();
    store.record("key", seconds(60), NOW).await.unwrap();
    let (current, next) = (
        a_key(1, KeyPurpose::Access, KeyState::Current { since: NOW }),
        a_key(2, KeyPurpose::Access, KeyState::Next),
    );
    store.install(&current, &next).await.unwrap();
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection
        .batch_execute(&format!("PRAGMA ignore_check_constraints = ON; {sql}"))
        .unwrap();
    (store, folder)
}

#[track_caller]
fn assert_corrupt<T: std::fmt::Debug>(sql: &str, answer: Result<T, StoreError>) {
    assert!(
        matches!(answer, Err(StoreError::Corrupt { store: "sqlite", .. })),
        "{sql}: {answer:?}"
    );
}

#[tokio::test]
async fn damaged_clients_are_told() {
    for sql in [
        "UPDATE clients SET client_id = 'ABCDEFGHIJKLMNOPQRST'",
        "UPDATE clients SET scope = 'read:everything'",
        "UPDATE clients SET redirect_uris = 'javascript:alert(1)'",
        "UPDATE clients SET redirect_uris = 'https://a.example/cb' || char(10)|| char(10) || 'https://b.example/cb'",
        "UPDATE clients SET resources = 'nowhere'",
        "UPDATE clients SET source = 'elsewhere'",
        "UPDATE client_secrets SET lookup = 'short'",
        "UPDATE client_secrets SET label = ''",
        "UPDATE client_secrets SET label = 'two' || char(10) || 'lines'",
        "UPDATE client_secrets SET uid = x'00'",
    ] {
        let (store, _folder) = damaged(sql).await;
        let uid = ClientRef::Uid(client_uid(1));
        assert_corrupt(sql, store.registration(uid).await);
        if sql.contains("clients") {
            assert_corrupt(sql, ClientStore::list(&store, None, ClientSort::Name, false, ALL).await);
        }
    }
    let sql = "UPDATE client_icons SET kind = 'text/html'";
    let (store, _folder) = damaged(sql).await;
    assert_corrupt(sql, store.icon(client_uid(1)).await);
}

#[tokio::test]
async fn damaged_token_records_are_told_and_not_rotated() {
    for sql in [
        "UPDATE token_records SET client_uid = x'00'",
        "UPDATE token_records SET scope = 'Read:dataset'",
        "UPDATE token_records SET audience = ''",
        "UPDATE token_records SET generation = NULL",
        "UPDATE token_records SET generation = -7",
        "UPDATE token_records SET generation = 99999999999",
        "UPDATE token_records SET current_issued_at = NULL",
        "UPDATE token_records SET previous_jti = zeroblob(16)",
        "UPDATE token_records SET revoked_reason = 'client'",
        "UPDATE token_records SET revoked_at = 1, revoked_reason = 'boredom'",
    ] {
        let (store, _folder) = damaged(sql).await;
        assert_corrupt(sql, TokenStore::find(&store, record_id(1)).await);
        // A record that says that it has ended is not listed; and a rotation replaces what is previous.
        if !sql.contains("revoked_at") {
            assert_corrupt(sql, TokenStore::list(&store, &TokenFilter::default(), ALL, NOW).await);
        }
        if !sql.contains("previous") {
            let request = a_rotation(&a_record(1), 9, moment(2));
            let answer = TokenStore::rotate(&store, &request).await;
            if !sql.contains("current_issued_at") {
                assert_corrupt(sql, answer);
            }
        }
    }
}

#[tokio::test]
async fn a_rotation_that_meets_damage_changes_nothing() {
    let sql = "UPDATE token_records SET scope = 'Read:dataset'";
    let (store, folder) = damaged(sql).await;
    let request = a_rotation(&a_record(1), 9, moment(2));
    assert_corrupt(sql, TokenStore::rotate(&store, &request).await);
    let mut connection = SqliteConnection::establish(folder.path().join("test.db").to_str().unwrap()).unwrap();
    connection
        .batch_execute("UPDATE token_records SET scope = 'read:dataset'")
        .unwrap();
    let record = TokenStore::find(&store, record_id(1)).await.unwrap().unwrap();
    assert_eq!(record.refresh, a_record(1).refresh);
}

#[tokio::test]
async fn damaged_codes_are_told_and_not_used_up() {
    for sql in [
        "UPDATE authorization_codes SET scope = 'x'",
        "UPDATE authorization_codes SET audience = '#'",
        "UPDATE authorization_codes SET token_record = x''",
        "UPDATE authorization_codes SET client_id = 'x'",
    ] {
        let (store, _folder) = damaged(sql).await;
        let code = a_code(1);
        for _ in 0..2 {
            assert_corrupt(sql, store.redeem(&code.digest, &a_presentation(&code), NOW).await);
        }
    }
}

#[tokio::test]
async fn other_damage_is_told_as_well() {
    let sql = "UPDATE consents SET scope = 'x'";
    let (store, _folder) = damaged(sql).await;
    assert_corrupt(sql, ConsentStore::find(&store, "ada", client_uid(1), None).await);
    assert_corrupt(sql, store.remember("ada", client_uid(1), None, a_scope(2), NOW).await);
    for sql in [
        "UPDATE audit_events SET kind = 'x'",
        "UPDATE audit_events SET address = 'localhost'",
        "UPDATE audit_events SET client_uid = x'01'",
    ] {
        let (store, _folder) = damaged(sql).await;
        assert_corrupt(sql, AuditLog::list(&store, &EventFilter::default(), ALL).await);
    }
    for sql in [
        "UPDATE signing_keys SET state = 'lost'",
        "UPDATE signing_keys SET state_since = NULL",
        "UPDATE signing_keys SET purpose = 'fun'",
    ] {
        let (store, _folder) = damaged(sql).await;
        assert_corrupt(sql, SigningKeyStore::list(&store).await);
    }
    let sql = "DELETE FROM signing_keys WHERE state = 'next'";
    let (store, _folder) = damaged(sql).await;
    let next = a_key(3, KeyPurpose::Access, KeyState::Next);
    assert_corrupt(sql, SigningKeyStore::rotate(&store, "key-1", &next, NOW).await);
    assert_eq!(
        SigningKeyStore::list(&store).await.unwrap()[0].state,
        KeyState::Current { since: NOW },
        "nothing was half done"
    );
    for sql in [
        "UPDATE attempts SET count = -1",
        "UPDATE attempts SET count = 99999999999",
    ] {
        let (store, _folder) = damaged(sql).await;
        assert_corrupt(sql, store.peek("key", NOW).await);
        assert_corrupt(sql, store.record("key", seconds(60), NOW).await);
    }
}
