//! A change counts when it is committed, not when the server has said what it would be.

use std::fmt::Debug;

use informer_oauth_domain::token_record::RevocationReason;
use informer_oauth_ports::{ClientStore, StoreError, TokenFilter, TokenStore};
use informer_oauth_testkit::{
    run,
    values::{a_client, a_record, a_rotation, a_secret, moment},
};

use crate::support::throwaway;

/// Has every change fail when it is committed: after its rows were sent, as when the server ends in that moment.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not committed'; END $$;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE OR DELETE ON %I
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()', name);
        END LOOP;
    END $$;";

#[track_caller]
fn is_refused<T: Debug>(what: &str, answer: Result<T, StoreError>) {
    assert!(answer.is_err(), "{what} was acknowledged: {answer:?}");
}

#[test]
fn what_fails_to_be_committed_is_not_acknowledged() {
    run(async {
        let (store, database) = throwaway().await;
        let (client, secret, record) = (a_client(1), a_secret(1, 1), a_record(1));
        ClientStore::insert(&store, &client).await.unwrap();
        store.insert_secret(&secret, None).await.unwrap();
        TokenStore::insert(&store, &record).await.unwrap();
        database.sql(REFUSE);

        let (now, reason) = (moment(100), RevocationReason::Client);
        is_refused("a record", TokenStore::insert(&store, &a_record(2)).await);
        is_refused("a rotation", store.rotate(&a_rotation(&record, 1000, now)).await);
        is_refused("a revocation", store.revoke(record.id, None, reason, now).await);
        is_refused("a bar", store.bar(&a_record(3), reason, now).await);
        is_refused("a bar of what is there", store.bar(&record, reason, now).await);
        is_refused(
            "the end of all",
            store.revoke_all(&TokenFilter::default(), reason, now).await,
        );
        is_refused("a use", TokenStore::touch(&store, record.id, now).await);

        let uid = client.uid;
        is_refused("a client", ClientStore::insert(&store, &a_client(2)).await);
        is_refused("an edit", store.replace(uid, &client.profile, None, now).await);
        let expected = Some(client.revision);
        is_refused(
            "a careful edit",
            store.replace(uid, &client.profile, expected, now).await,
        );
        is_refused("a secret", store.insert_secret(&a_secret(1, 2), None).await);
        is_refused("a secret's use", store.touch_secret(secret.uid, now).await);
        is_refused("a secret's end", store.delete_secret(uid, secret.uid).await);
        is_refused("a client's end", ClientStore::delete(&store, uid, now).await);

        assert_eq!(store.find(record.id).await.unwrap(), Some(record));
    });
}
