//! Characters that Postgres cannot hold.

use informer_oauth_domain::audit::AuditEvent;
use informer_oauth_ports::{AuditLog, ConsentStore, EventFilter, PageRequest, TokenFilter, TokenStore, UserDirectory};
use informer_oauth_testkit::{
    run,
    values::{a_record, an_event, client_uid, moment},
};

use crate::support::throwaway;

const ALL: PageRequest = PageRequest { start: 0, limit: 10 };

#[test]
fn a_text_with_nul_is_no_error_but_equals_nothing() {
    run(async {
        let (store, _database) = throwaway().await;
        TokenStore::insert(&store, &a_record(1)).await.unwrap();
        let filter = TokenFilter {
            client: None,
            username: Some("ada\0".into()),
        };
        assert_eq!(UserDirectory::find(&store, "ada\0").await.unwrap(), None);
        assert!(!store.set_locked("ada\0", true, moment(1)).await.unwrap());
        assert_eq!(
            ConsentStore::find(&store, "ada\0", client_uid(1), None).await.unwrap(),
            None
        );
        assert_eq!(ConsentStore::list(&store, "ada\0").await.unwrap(), []);
        assert!(!store.forget("ada\0", client_uid(1)).await.unwrap());
        assert_eq!(
            TokenStore::list(&store, &filter, ALL, moment(5)).await.unwrap().total,
            0
        );
        let reason = informer_oauth_domain::token_record::RevocationReason::User;
        assert_eq!(store.revoke_all(&filter, reason, moment(5)).await.unwrap(), 0);
    });
}

#[test]
fn an_event_is_recorded_whatever_somebody_typed() {
    run(async {
        let (store, _database) = throwaway().await;
        let typed = AuditEvent {
            actor: Some("a\0b".into()),
            target: Some("\0".into()),
            ..an_event(1)
        };
        store.append(&typed).await.unwrap();
        let list = AuditLog::list(&store, &EventFilter::default(), ALL).await.unwrap();
        assert_eq!(list.items[0].actor.as_deref(), Some("a\u{fffd}b"));
        assert_eq!(list.items[0].target.as_deref(), Some("\u{fffd}"));
    });
}
