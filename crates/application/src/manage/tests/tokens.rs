use informer_oauth_domain::token_record::TokenRecord;
use informer_oauth_testkit::{run, values};

use super::*;

async fn grant(world: &World, client: &Client, number: u64, username: &str) -> TokenRecord {
    let record = TokenRecord {
        client: client.uid,
        client_id: client.client_id,
        username: username.into(),
        ..values::a_record(number)
    };
    TokenStore::insert(&*world.store, &record).await.unwrap();
    record
}

async fn live(world: &World, client: &Client, username: Option<&str>) -> u64 {
    let page = world
        .manage
        .list_tokens(
            &world.admin,
            ClientRef::Uid(client.uid),
            username.map(str::to_owned),
            ALL,
            values::moment(10),
        )
        .await;
    page.unwrap().total
}

#[test]
fn all_records_of_a_client_or_of_one_user_are_revoked_and_counted() {
    run(async {
        let world = World::new();
        let (mine, other) = (world.client("Mine").await, world.client("Other").await);
        for (number, username) in [(1, "ada"), (2, "ada"), (3, "bob")] {
            grant(&world, &mine, number, username).await;
        }
        grant(&world, &other, 4, "ada").await;
        world.heard.changes();
        let revoke = async |username: Option<&str>| {
            world
                .manage
                .revoke_tokens(
                    &world.admin,
                    ClientRef::Uid(mine.uid),
                    username.map(str::to_owned),
                    &context_at(values::moment(10)),
                )
                .await
        };
        assert_eq!(revoke(Some("ada")).await.unwrap(), 2);
        assert_eq!(world.heard.changes(), [Change::TokenRecords]);
        assert_eq!(
            (live(&world, &mine, None).await, live(&world, &mine, Some("ada")).await),
            (1, 0)
        );
        assert_eq!(revoke(None).await.unwrap(), 1);
        assert_eq!(revoke(None).await.unwrap(), 0);
        assert_eq!(live(&world, &other, None).await, 1);
        let targets: Vec<_> = world
            .events(&mine)
            .await
            .into_iter()
            .filter_map(|event| event.target)
            .collect();
        assert!(
            targets.contains(&"2 of ada".to_owned()) && targets.contains(&"1".to_owned()),
            "{targets:?}"
        );
    });
}

#[test]
fn one_record_is_revoked_under_its_own_client_only() {
    run(async {
        let world = World::new();
        let (mine, other) = (world.client("Mine").await, world.client("Other").await);
        let record = grant(&world, &mine, 1, "ada").await;
        world.heard.changes();
        let revoke = async |client: &Client| {
            world
                .manage
                .revoke_token(
                    &world.admin,
                    ClientRef::Uid(client.uid),
                    record.id,
                    &context_at(values::moment(10)),
                )
                .await
        };
        assert!(matches!(revoke(&other).await, Err(ManagementError::NotFound("Token"))));
        assert_eq!(live(&world, &mine, None).await, 1);
        revoke(&mine).await.unwrap();
        assert_eq!(world.heard.changes(), [Change::TokenRecord(record.id)]);
        assert_eq!(live(&world, &mine, None).await, 0);
        assert!(matches!(revoke(&mine).await, Err(ManagementError::NotFound("Token"))));
        assert_eq!(
            kinds(&world.events(&mine).await),
            [EventKind::TokenRevoked, EventKind::ClientCreated]
        );
    });
}

#[test]
fn all_records_of_a_user_are_listed_and_revoked_whichever_client_has_them() {
    run(async {
        let world = World::new();
        let (one, other) = (world.client("One").await, world.client("Other").await);
        for (number, client, username) in [(1, &one, "ada"), (2, &other, "ada"), (3, &one, "bob")] {
            grant(&world, client, number, username).await;
        }
        world.heard.changes();
        let list = async |username: &str| {
            let page = world
                .manage
                .list_user_tokens(&world.admin, username.into(), ALL, values::moment(10))
                .await;
            page.unwrap().total
        };
        let revoke = async || {
            world
                .manage
                .revoke_user_tokens(&world.admin, "ada".into(), &context_at(values::moment(10)))
                .await
        };
        assert_eq!((list("ada").await, list("bob").await, list("ad").await), (2, 1, 0));
        assert_eq!(revoke().await.unwrap(), 2);
        assert_eq!(world.heard.changes(), [Change::TokenRecords]);
        assert_eq!((list("ada").await, list("bob").await), (0, 1));
        assert_eq!(revoke().await.unwrap(), 0);
        let query = EventQuery {
            kind: Some(EventKind::TokensRevoked),
            ..EventQuery::default()
        };
        let events = world.manage.list_events(&world.admin, &query, ALL).await.unwrap().items;
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.client, event.target.as_deref()))
            .collect();
        assert_eq!(told.len(), 2);
        assert!(told.contains(&(None, Some("2 of ada"))), "{told:?}");
    });
}
