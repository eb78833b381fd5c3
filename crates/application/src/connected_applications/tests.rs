#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{AuditLog, EventFilter};
use informer_oauth_testkit::{
    SeededEntropy, run,
    values::{a_client, a_record, client_uid, moment, record_id, scope},
};

use super::*;

struct World {
    store: Arc<Memory>,
    connected: ConnectedApplications,
}

impl World {
    /// Three clients; the first has two grants of Ada's and one of Bob's, the second one of Ada's, and the third nothing but
    /// what Ada said.
    async fn new() -> Self {
        let store = Arc::new(Memory::default());
        for number in 1..=3 {
            ClientStore::insert(&*store, &a_client(number)).await.unwrap();
        }
        for (number, client, username) in [(1, 1, "ada"), (2, 2, "ada"), (3, 1, "ada"), (4, 1, "bob")] {
            let record = TokenRecord {
                client: client_uid(client),
                client_id: a_client(client).client_id,
                username: username.into(),
                scope: scope(if number == 1 { "write:report" } else { "read:dataset" }),
                created_at: moment(number),
                ..a_record(number)
            };
            TokenStore::insert(&*store, &record).await.unwrap();
        }
        for (username, client, names) in [
            ("ada", 1, "read:profile"),
            ("ada", 3, "read:global"),
            ("bob", 1, "read:report"),
        ] {
            store
                .remember(username, client_uid(client), None, scope(names), moment(0))
                .await
                .unwrap();
        }
        Self {
            connected: ConnectedApplications {
                clients: store.clone(),
                tokens: store.clone(),
                consents: store.clone(),
                changes: Arc::new(LocalChanges::default()),
                audit: AuditTrail::new(store.clone(), Arc::new(SeededEntropy::default()), store.clone()),
            },
            store,
        }
    }

    async fn list(&self, username: &str) -> Vec<Connection> {
        self.connected.list(&user(username), moment(9)).await.unwrap()
    }

    /// The clients that somebody is connected with, each with how many grants it has.
    async fn shown(&self, username: &str) -> Vec<(ClientUid, usize)> {
        let list = self.list(username).await;
        list.iter().map(|one| (one.client.uid, one.records.len())).collect()
    }

    async fn disconnect(&self, username: &str, what: Disconnection) -> bool {
        self.connected
            .disconnect(
                &InPerson::check(&user(username), None).unwrap(),
                what,
                &RequestContext::local(moment(9)),
            )
            .await
            .unwrap()
    }

    async fn events(&self) -> Vec<(EventKind, Option<ClientUid>, Option<String>)> {
        let page = PageRequest { start: 0, limit: 20 };
        let events = AuditLog::list(&*self.store, &EventFilter::default(), page)
            .await
            .unwrap();
        let told = events
            .items
            .into_iter()
            .inspect(|event| assert_eq!(event.actor.as_deref(), Some("ada")));
        told.map(|event| (event.kind, event.client, event.target)).collect()
    }
}

fn user(username: &str) -> User {
    User {
        username: username.into(),
        display_name: username.into(),
        superuser: false,
        token_api: false,
    }
}

#[test]
fn a_user_sees_every_client_once_with_all_that_was_allowed_and_nothing_of_others() {
    run(async {
        let world = World::new().await;
        assert_eq!(
            world.shown("ada").await,
            [(client_uid(1), 2), (client_uid(2), 1), (client_uid(3), 0)],
            "used last comes first"
        );
        assert_eq!(world.shown("bob").await, [(client_uid(1), 1)]);
        assert_eq!(world.shown("carol").await, []);
        let list = world.list("ada").await;
        assert_eq!(list[0].scope(), scope("write:report read:dataset read:profile"));
        assert_eq!(
            (list[0].since(), list[0].last_used_at()),
            (Some(moment(0)), Some(moment(3)))
        );
        assert!(list[1].consents.is_empty(), "a device's grant is not remembered");
        assert_eq!((list[2].since(), list[2].last_used_at()), (Some(moment(0)), None));
        world.store.touch(record_id(2), moment(8)).await.unwrap();
        let list = world.list("ada").await;
        assert_eq!(
            (list[0].client.uid, list[0].last_used_at()),
            (client_uid(2), Some(moment(8)))
        );
    });
}

#[test]
fn one_grant_ends_and_its_client_has_to_ask_again() {
    run(async {
        let world = World::new().await;
        assert!(world.disconnect("ada", Disconnection::Record(record_id(1))).await);
        assert_eq!(
            world.shown("ada").await,
            [(client_uid(1), 1), (client_uid(2), 1), (client_uid(3), 0)]
        );
        assert!(world.list("ada").await[0].consents.is_empty());
        let ended = TokenStore::find(&*world.store, record_id(1)).await.unwrap().unwrap();
        assert_eq!(ended.revoked.unwrap().reason, RevocationReason::User);
        assert!(
            !world.disconnect("ada", Disconnection::Record(record_id(1))).await,
            "it is over"
        );
        assert_eq!(
            world.events().await,
            [
                (
                    EventKind::TokenRevoked,
                    Some(client_uid(1)),
                    Some(record_id(1).to_string())
                ),
                (EventKind::ConsentWithdrawn, Some(client_uid(1)), None),
            ]
        );
    });
}

#[test]
fn nobody_ends_what_is_another_users() {
    run(async {
        let world = World::new().await;
        assert!(!world.disconnect("bob", Disconnection::Record(record_id(1))).await);
        assert!(!world.disconnect("bob", Disconnection::Record(record_id(7))).await);
        assert!(!world.disconnect("bob", Disconnection::Client(client_uid(2))).await);
        assert!(world.disconnect("bob", Disconnection::Client(client_uid(1))).await);
        assert!(!world.disconnect("bob", Disconnection::Everything).await);
        assert_eq!(world.shown("bob").await, []);
        let list = world.list("ada").await;
        assert_eq!(list.iter().map(|one| one.records.len()).sum::<usize>(), 3);
        assert_eq!(list.iter().filter(|one| !one.consents.is_empty()).count(), 2);
    });
}

#[test]
fn a_client_or_everything_is_revoked_whole_also_where_only_consent_is_left() {
    run(async {
        let world = World::new().await;
        assert!(world.disconnect("ada", Disconnection::Client(client_uid(1))).await);
        assert_eq!(world.shown("ada").await, [(client_uid(2), 1), (client_uid(3), 0)]);
        assert!(world.disconnect("ada", Disconnection::Client(client_uid(3))).await);
        assert!(!world.disconnect("ada", Disconnection::Client(client_uid(3))).await);
        assert_eq!(world.shown("ada").await, [(client_uid(2), 1)]);
        let world = World::new().await;
        assert!(world.disconnect("ada", Disconnection::Everything).await);
        assert_eq!((world.shown("ada").await, world.shown("bob").await.len()), (vec![], 1));
        assert!(!world.disconnect("ada", Disconnection::Everything).await);
        let events = world.events().await;
        assert_eq!(events.len(), 3);
        assert!(events.contains(&(EventKind::TokensRevoked, None, Some("3 of ada".into()))));
    });
}
