use informer_oauth_testkit::{at_once, run, values};
use serde_json::Value;

use super::*;

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
                &world.context(),
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
                &context_at(values::moment(1)),
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
                &context_at(values::moment(5)),
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
            fields: ClientPatch::default().with("redirect_uri", vec![uri]),
            ..ClientChange::default()
        };
        let error = world
            .manage
            .patch_client(
                &world.admin,
                ClientRef::Uid(client.uid),
                uris("javascript:alert(1)"),
                &world.context(),
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
                &world.context(),
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
            let (world, client, change) = (&world, ClientRef::Uid(client.uid), change(number));
            async move {
                world
                    .manage
                    .patch_client(&world.admin, client, change, &world.context())
                    .await
            }
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
            .replace_client(&world.admin, ClientRef::Uid(client.uid), whole, &world.context())
            .await;
        assert!(matches!(late, Err(ManagementError::Stale)));
        let superuser = world.admin.as_superuser();
        let delete = world
            .manage
            .delete_client(superuser, ClientRef::Uid(client.uid), &precondition, &world.context())
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
            .patch_client(&world.admin, ClientRef::Uid(other.uid), foreign, &world.context())
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
        let flags = [
            ("pkce", Value::from(false)),
            ("enableRefreshTokens", true.into()),
            ("introspect", true.into()),
            ("enabled", false.into()),
            ("url", "https://board.example.com/".into()),
        ];
        let outcomes = at_once(flags.len(), |number| {
            let (field, value) = flags[number].clone();
            let change = ClientChange {
                fields: ClientPatch::default().with(field, value),
                ..ClientChange::default()
            };
            let (world, client) = (&world, ClientRef::Uid(client.uid));
            async move {
                world
                    .manage
                    .patch_client(&world.admin, client, change, &world.context())
                    .await
            }
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
                .patch_client(&world.admin, ClientRef::Uid(client.uid), change(&so), &world.context())
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
                    &world.context(),
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
