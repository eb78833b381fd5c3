use informer_oauth_domain::{
    client::Source,
    icon::ImageType,
    template::{INFORMER_CLI, templates},
};
use informer_oauth_ports::ClientSort;
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
        assert_eq!((events[0].actor.as_deref(), events[0].address), (Some("ada"), ADDRESS));
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
            .create_client(&world.admin, new, ADDRESS, world.now())
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
            .create_client(&world.admin, unknown, ADDRESS, world.now())
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
        let outcomes = at_once(8, |_| {
            world
                .manage
                .create_client(&world.admin, request(), ADDRESS, world.now())
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
            .create_client(&world.admin, own_id.clone(), ADDRESS, world.now())
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
                .create_client(&world.admin, of_template, ADDRESS, world.now())
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
            .create_client(&world.admin, own_source, ADDRESS, world.now())
            .await
            .unwrap_err();
        assert!(matches!(error, ManagementError::InvalidValue { field: "source", .. }));
    });
}

#[test]
fn replacing_resets_what_is_left_out() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let client = world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                described("old"),
                ADDRESS,
                world.now(),
            )
            .await
            .unwrap();
        assert_eq!((client.profile.description.as_str(), client.revision), ("old", 2));
        let change = ClientChange {
            fields: named("Board 2").fields,
            ..ClientChange::default()
        };
        let replaced = world
            .manage
            .replace_client(
                &world.admin,
                ClientRef::ClientId(client.client_id),
                change,
                ADDRESS,
                values::moment(1),
            )
            .await
            .unwrap();
        assert_eq!(
            (replaced.profile.name.as_str(), replaced.profile.description.as_str()),
            ("Board 2", "")
        );
        assert_eq!((replaced.revision, replaced.updated_at), (3, values::moment(1)));
        let events = world.events(&client).await;
        assert_eq!(events[0].target.as_deref(), Some("name description"));
    });
}

#[test]
fn what_changes_nothing_is_no_change() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        world.heard.changes();
        let same = world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                described(""),
                ADDRESS,
                values::moment(5),
            )
            .await
            .unwrap();
        assert_eq!(same, client);
        assert_eq!(world.heard.changes(), []);
        assert_eq!(kinds(&world.events(&client).await), [EventKind::ClientCreated]);
    });
}

#[test]
fn a_bad_field_changes_nothing() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let uris = |uri: &str| ClientChange {
            fields: ClientPatch {
                redirect_uris: Some(vec![uri.into()]),
                ..ClientPatch::default()
            },
            ..ClientChange::default()
        };
        let error = world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                uris("javascript:alert(1)"),
                ADDRESS,
                world.now(),
            )
            .await
            .unwrap_err();
        assert!(matches!(error, ManagementError::InvalidClient(invalid) if invalid.field() == "redirect_uri"));
        assert_eq!(world.read(&client).await, client);
        let allowed = world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                uris("boardapp:/cb"),
                ADDRESS,
                world.now(),
            )
            .await;
        assert!(allowed.is_ok(), "the operator lets this scheme through");
    });
}

#[test]
fn an_edit_of_another_state_is_stale_and_of_two_with_one_tag_one_wins() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let precondition = Precondition::OneOf(vec![ClientVersion::of(&client)]);
        let change = |number: usize| ClientChange {
            precondition: precondition.clone(),
            ..described(&format!("edit {number}"))
        };
        let outcomes = at_once(20, |number| {
            world.manage.patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                change(number),
                ADDRESS,
                world.now(),
            )
        });
        assert_eq!(outcomes.iter().flatten().count(), 1);
        assert!(
            outcomes
                .iter()
                .filter_map(|outcome| outcome.as_ref().err())
                .all(|error| matches!(error, ManagementError::Stale))
        );
        let whole = ClientChange {
            fields: named("Board").fields,
            ..change(0)
        };
        let late = world
            .manage
            .replace_client(&world.admin, ClientRef::Uid(client.uid), whole, ADDRESS, world.now())
            .await;
        assert!(matches!(late, Err(ManagementError::Stale)));
        let superuser = world.admin.as_superuser();
        let delete = world
            .manage
            .delete_client(
                superuser,
                ClientRef::Uid(client.uid),
                &precondition,
                ADDRESS,
                world.now(),
            )
            .await;
        assert!(matches!(delete, Err(ManagementError::Stale)));
        let other = world.client("Other").await;
        let foreign = ClientChange {
            precondition: Precondition::OneOf(vec![
                ClientVersion::of(&client),
                ClientVersion {
                    revision: 1,
                    ..ClientVersion::of(&client)
                },
            ]),
            ..described("x")
        };
        let mixed_up = world
            .manage
            .patch_client(&world.admin, ClientRef::Uid(other.uid), foreign, ADDRESS, world.now())
            .await;
        assert!(
            matches!(mixed_up, Err(ManagementError::Stale)),
            "a tag belongs to one client"
        );
    });
}

#[test]
fn patches_without_a_tag_lose_nothing() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let flags: [fn(&mut ClientPatch); 5] = [
            |patch| patch.pkce = Some(false),
            |patch| patch.refresh_tokens = Some(true),
            |patch| patch.introspect = Some(true),
            |patch| patch.enabled = Some(false),
            |patch| patch.url = Some("https://board.example.com/".into()),
        ];
        let outcomes = at_once(flags.len(), |number| {
            let mut change = ClientChange::default();
            flags[number](&mut change.fields);
            world
                .manage
                .patch_client(&world.admin, ClientRef::Uid(client.uid), change, ADDRESS, world.now())
        });
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let client = world.read(&client).await;
        let profile = &client.profile;
        assert_eq!(
            (
                profile.pkce,
                profile.refresh_tokens,
                profile.introspect,
                profile.enabled
            ),
            (false, true, true, false)
        );
        assert_eq!(profile.url.as_deref(), Some("https://board.example.com/"));
        assert_eq!(client.revision, 6);
    });
}

#[test]
fn read_only_fields_pass_when_they_say_what_is_so() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let so = ReadOnly {
            id: Some(client.uid.to_string()),
            client_id: Some(client.client_id.to_string()),
            created_at: Some(client.created_at.to_string()),
            updated_at: Some(client.updated_at.to_string()),
            created_by: Some("ada".into()),
            source: Some("admin".into()),
        };
        let change = |read_only: &ReadOnly| ClientChange {
            read_only: read_only.clone(),
            ..described("new")
        };
        assert!(
            world
                .manage
                .patch_client(
                    &world.admin,
                    ClientRef::Uid(client.uid),
                    change(&so),
                    ADDRESS,
                    world.now()
                )
                .await
                .is_ok()
        );
        type Spoil = fn(&mut ReadOnly);
        let wrong: [(&str, Spoil); 6] = [
            ("id", |claims| claims.id = Some("x".into())),
            ("client_id", |claims| claims.client_id = Some("x".into())),
            ("createdAt", |claims| claims.created_at = Some("x".into())),
            ("updatedAt", |claims| claims.updated_at = Some("x".into())),
            ("createdBy", |claims| claims.created_by = Some("eve".into())),
            ("source", |claims| claims.source = Some("dynamic".into())),
        ];
        for (name, spoil) in wrong {
            let mut claims = so.clone();
            spoil(&mut claims);
            let error = world
                .manage
                .patch_client(
                    &world.admin,
                    ClientRef::Uid(client.uid),
                    change(&claims),
                    ADDRESS,
                    world.now(),
                )
                .await
                .unwrap_err();
            assert!(
                matches!(error, ManagementError::InvalidValue { field, .. } if field == name),
                "{name}"
            );
        }
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
                ADDRESS,
                world.now(),
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
        let delete = || {
            world.manage.delete_client(
                &superuser,
                ClientRef::ClientId(client.client_id),
                &Precondition::None,
                ADDRESS,
                world.now(),
            )
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
            .list_events(&world.admin, ClientRef::ClientId(client.client_id), ALL)
            .await;
        assert!(matches!(by_name, Err(ManagementError::NotFound("Client"))));
        let never_was = world
            .manage
            .list_events(&world.admin, ClientRef::Uid(values::client_uid(99)), ALL)
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
            .set_icon(&world.admin, at, monogram.bytes.clone(), ADDRESS, world.now())
            .await;
        assert!(matches!(svg, Err(ManagementError::Icon(_))));
        world
            .manage
            .set_icon(&world.admin, at, GIF.to_vec(), ADDRESS, world.now())
            .await
            .unwrap();
        let icon = world.manage.read_icon(at).await.unwrap();
        assert_eq!((icon.media_type, icon.bytes.as_slice()), (ImageType::Gif.mime(), GIF));
        assert_ne!(icon.digest, monogram.digest);
        world
            .manage
            .delete_icon(&world.admin, at, ADDRESS, world.now())
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
            .set_icon(&world.admin, nobody, GIF.to_vec(), ADDRESS, world.now())
            .await;
        assert!(matches!(set, Err(ManagementError::NotFound("Client"))));
    });
}
