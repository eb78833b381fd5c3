use informer_oauth_domain::{
    client::Source,
    icon::ImageType,
    template::{INFORMER_CLI, templates},
};
use informer_oauth_ports::{ClientSort, KeyPurpose, KeyState};
use informer_oauth_testkit::{at_once, run, values};

use super::*;

const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01\0\0;";

#[test]
fn a_client_is_registered_with_defaults_and_an_id_of_its_own() {
    run(async {
        let world = World::new();
        let one = world.client("Board").await;
        let two = world.client("Board").await;
        assert_ne!(one.client_id, two.client_id);
        assert_eq!(
            (one.source, one.created_by.as_str(), one.revision),
            (Source::Admin, "ada", 1)
        );
        assert!(one.profile.pkce && one.profile.enabled && !one.profile.refresh_tokens);
        for named in [ClientRef::Uid(one.uid), ClientRef::ClientId(one.client_id)] {
            assert_eq!(world.manage.read_client(&world.admin, named).await.unwrap(), one);
        }
        assert_eq!(
            world.heard.changes(),
            [Change::Client(one.uid), Change::Client(two.uid)]
        );
        let events = world.events(&one).await;
        assert_eq!(kinds(&events), [EventKind::ClientCreated]);
        assert_eq!(
            (
                events[0].actor.as_deref(),
                events[0].address,
                events[0].request_id.as_deref()
            ),
            (Some("ada"), ADDRESS, Some("request-1"))
        );
    });
}

#[test]
fn a_template_fills_in_what_the_request_leaves_out() {
    run(async {
        let world = World::new();
        let new = NewClient {
            template: Some("Generic App".into()),
            ..named("Mine")
        };
        let client = world
            .manage
            .create_client(&world.admin, new, &world.context())
            .await
            .unwrap();
        assert_eq!(
            (client.profile.name.as_str(), client.source),
            ("Mine", Source::Template)
        );
        assert!(client.profile.refresh_tokens);
        let unknown = NewClient {
            template: Some("Nothing".into()),
            ..named("Mine")
        };
        let error = world
            .manage
            .create_client(&world.admin, unknown, &world.context())
            .await
            .unwrap_err();
        assert!(matches!(error, ManagementError::InvalidValue { field: "template", .. }));
    });
}

#[test]
fn a_built_in_client_keeps_its_client_id_and_exists_once() {
    run(async {
        let world = World::new();
        let request = || NewClient {
            template: Some("Informer CLI".into()),
            ..NewClient::default()
        };
        let outcomes = at_once(8, |_| async {
            let context = world.context();
            world.manage.create_client(&world.admin, request(), &context).await
        });
        let created: Vec<_> = outcomes.iter().flatten().collect();
        assert_eq!(created.len(), 1);
        assert_eq!(created[0].client_id, INFORMER_CLI);
        assert!(
            outcomes
                .iter()
                .filter_map(|outcome| outcome.as_ref().err())
                .all(|error| matches!(error, ManagementError::Conflict(_)))
        );
        let user = User {
            username: "eve".into(),
            display_name: "Eve".into(),
            superuser: false,
            token_api: false,
        };
        assert_eq!(world.manage.list_templates(&user), templates());
    });
}

#[test]
fn what_the_service_sets_cannot_be_chosen() {
    run(async {
        let world = World::new();
        let sent = |text: &str| Some(text.to_owned());
        let own_id = NewClient {
            read_only: ReadOnly {
                client_id: sent("a6bd8f0f72b2c3275ff6"),
                ..ReadOnly::default()
            },
            ..named("Board")
        };
        let error = world
            .manage
            .create_client(&world.admin, own_id.clone(), &world.context())
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            ManagementError::InvalidValue { field: "client_id", .. }
        ));
        let of_template = NewClient {
            template: sent("Informer CLI"),
            ..own_id
        };
        assert!(
            world
                .manage
                .create_client(&world.admin, of_template, &world.context())
                .await
                .is_ok()
        );
        let own_source = NewClient {
            read_only: ReadOnly {
                source: sent("admin"),
                ..ReadOnly::default()
            },
            ..named("Board")
        };
        let error = world
            .manage
            .create_client(&world.admin, own_source, &world.context())
            .await
            .unwrap_err();
        assert!(matches!(error, ManagementError::InvalidValue { field: "source", .. }));
    });
}

#[test]
fn deleting_needs_the_rank_alone_and_ends_what_belonged_to_the_client() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let secret = world
            .manage
            .create_secret(
                &world.admin,
                ClientRef::Uid(client.uid),
                NewSecret::default(),
                &world.context(),
            )
            .await
            .unwrap();
        TokenStore::insert(
            &*world.store,
            &informer_oauth_domain::token_record::TokenRecord {
                client: client.uid,
                ..values::a_record(1)
            },
        )
        .await
        .unwrap();
        world.heard.changes();
        let off = User {
            username: "bob".into(),
            display_name: "Bob".into(),
            superuser: true,
            token_api: false,
        };
        let superuser = informer_oauth_domain::user::Superuser::check(&off).unwrap();
        let delete = async || {
            let named = ClientRef::ClientId(client.client_id);
            let context = world.context();
            world
                .manage
                .delete_client(&superuser, named, &Precondition::None, &context)
                .await
        };
        delete().await.unwrap();
        assert_eq!(
            world.heard.changes(),
            [Change::TokenRecords, Change::Client(client.uid)]
        );
        assert_eq!(world.heard.forgotten(), [secret.secret.uid]);
        assert!(matches!(delete().await, Err(ManagementError::NotFound("Client"))));
        let events = world.events(&client).await;
        assert_eq!(
            kinds(&events)[0],
            EventKind::ClientDeleted,
            "the log outlives the client"
        );
        assert_eq!(events[0].actor.as_deref(), Some("bob"));
        let by_name = world
            .manage
            .list_events(&world.admin, &about(ClientRef::ClientId(client.client_id)), ALL)
            .await;
        assert!(matches!(by_name, Err(ManagementError::NotFound("Client"))));
        let never_was = world
            .manage
            .list_events(&world.admin, &about(ClientRef::Uid(values::client_uid(99))), ALL)
            .await;
        assert!(matches!(never_was, Err(ManagementError::NotFound("Client"))));
    });
}

#[test]
fn clients_are_searched_as_text_and_listed_for_everyone_whole() {
    run(async {
        let world = World::new();
        for number in 0..201 {
            world.client(&format!("Client {number:03}")).await;
        }
        world.client("100% real_board").await;
        let query = |text: &str| ClientQuery {
            text: Some(text.into()),
            sort: ClientSort::Name,
            descending: false,
            page: ALL,
        };
        for (text, total) in [("%", 1), ("_", 1), ("client 00", 10), ("", 202), ("' or 1=1", 0)] {
            assert_eq!(
                world
                    .manage
                    .list_clients(&world.admin, &query(text))
                    .await
                    .unwrap()
                    .total,
                total,
                "{text}"
            );
        }
        let user = User {
            username: "eve".into(),
            display_name: "Eve".into(),
            superuser: false,
            token_api: false,
        };
        let everyone = world.manage.list_for_users(&user).await.unwrap();
        assert_eq!(everyone.len(), 202);
        assert!(everyone.is_sorted_by_key(|client| client.profile.name.clone()));
    });
}

#[test]
fn an_icon_is_what_its_bytes_say_and_a_monogram_stands_in() {
    run(async {
        let world = World::new();
        let client = world.client("Sales Board").await;
        let at = ClientRef::ClientId(client.client_id);
        let monogram = world.manage.read_icon(at).await.unwrap();
        assert_eq!(monogram.media_type, "image/svg+xml");
        assert!(
            String::from_utf8(monogram.bytes.clone())
                .unwrap()
                .contains(">SB</text>")
        );
        let svg = world
            .manage
            .set_icon(&world.admin, at, monogram.bytes.clone(), &world.context())
            .await;
        assert!(matches!(svg, Err(ManagementError::Icon(_))));
        world
            .manage
            .set_icon(&world.admin, at, GIF.to_vec(), &world.context())
            .await
            .unwrap();
        let icon = world.manage.read_icon(at).await.unwrap();
        assert_eq!((icon.media_type, icon.bytes.as_slice()), (ImageType::Gif.mime(), GIF));
        assert_ne!(icon.digest, monogram.digest);
        world
            .manage
            .delete_icon(&world.admin, at, &world.context())
            .await
            .unwrap();
        assert_eq!(world.manage.read_icon(at).await.unwrap(), monogram);
        assert_eq!(
            kinds(&world.events(&client).await),
            [
                EventKind::ClientIconChanged,
                EventKind::ClientIconChanged,
                EventKind::ClientCreated
            ]
        );
        let nobody = ClientRef::Uid(values::client_uid(99));
        assert!(matches!(
            world.manage.read_icon(nobody).await,
            Err(ManagementError::NotFound("Client"))
        ));
        let set = world
            .manage
            .set_icon(&world.admin, nobody, GIF.to_vec(), &world.context())
            .await;
        assert!(matches!(set, Err(ManagementError::NotFound("Client"))));
    });
}

#[test]
fn names_are_told_of_the_clients_that_are_still_there() {
    run(async {
        let world = World::new();
        let (one, gone) = (world.client("One").await, world.client("Gone").await);
        let superuser = world.admin.as_superuser();
        let now = world.now();
        let read = world
            .manage
            .read_for_deletion(superuser, ClientRef::ClientId(gone.client_id))
            .await
            .unwrap();
        assert_eq!(read, gone);
        world
            .manage
            .delete_client(
                superuser,
                ClientRef::Uid(gone.uid),
                &Precondition::None,
                &context_at(now),
            )
            .await
            .unwrap();
        let names = world
            .manage
            .client_names(superuser, [one.uid, gone.uid, one.uid])
            .await
            .unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), [(one.uid, "One".to_owned())]);
    });
}

#[test]
fn keys_are_listed_without_the_keys() {
    run(async {
        let world = World::new();
        let since = values::moment(3);
        let current = values::a_key(1, KeyPurpose::Access, KeyState::Current { since });
        let next = values::a_key(2, KeyPurpose::Access, KeyState::Next);
        world.store.install(&current, &next).await.unwrap();
        let keys = world
            .manage
            .list_signing_keys(world.admin.as_superuser())
            .await
            .unwrap();
        let told: Vec<_> = keys.iter().map(|key| (key.kid.as_str(), key.state)).collect();
        assert_eq!(told, [(&*current.kid, current.state), (&*next.kid, KeyState::Next)]);
        assert!(!format!("{keys:?}").contains(&current.sealed));
    });
}
