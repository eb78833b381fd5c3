use std::time::Duration;

use informer_oauth_testkit::{at_once, run, values};

use super::*;

async fn add(world: &World, client: &Client, new: NewSecret) -> Result<CreatedSecret, ManagementError> {
    world
        .manage
        .create_secret(&world.admin, ClientRef::Uid(client.uid), new, &world.context())
        .await
}

#[test]
fn a_secret_is_shown_once_and_kept_as_a_hash() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let created = add(&world, &client, NewSecret::default()).await.unwrap();
        let text = created.text.secret().expose().to_owned();
        assert!(text.starts_with("cs_") && text.len() == 35);
        let kept = world
            .manage
            .read_secret(&world.admin, ClientRef::ClientId(client.client_id), created.secret.uid)
            .await
            .unwrap();
        assert_eq!(kept, created.secret);
        assert_eq!(kept.hint, format!("*****{}", &text[27..]));
        assert_ne!(kept.hash.as_str(), text);
        let events = world.events(&client).await;
        assert_eq!(kinds(&events), [EventKind::SecretCreated, EventKind::ClientCreated]);
        assert!(!format!("{events:?}{created:?}").contains(&text[3..27]));
        assert_eq!(world.heard.changes().len(), 2);
    });
}

#[test]
fn a_label_is_kept_with_the_secret_and_told_to_whoever_reads_the_events() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let label = SecretLabel::parse("Anna's laptop").unwrap();
        let labelled = NewSecret {
            label: Some(label.clone()),
            ..NewSecret::default()
        };
        let named = add(&world, &client, labelled.clone()).await.unwrap().secret;
        let namesake = add(&world, &client, labelled.clone()).await.unwrap().secret;
        let nameless = add(&world, &client, NewSecret::default()).await.unwrap().secret;
        let secrets = world
            .manage
            .list_secrets(&world.admin, ClientRef::Uid(client.uid))
            .await
            .unwrap();
        let labels: Vec<_> = secrets.into_iter().map(|secret| secret.label).collect();
        assert_eq!(labels, [Some(label.clone()), Some(label.clone()), None]);
        let events = world.events(&client).await;
        let targets: Vec<_> = events.into_iter().filter_map(|event| event.target).collect();
        for expected in [
            format!("{} (Anna's laptop)", named.uid),
            format!("{} (Anna's laptop)", namesake.uid),
            nameless.uid.to_string(),
        ] {
            assert!(targets.contains(&expected), "{expected} in {targets:?}");
        }
        // A label is given when a secret is made, and counts for nothing when the client has that secret already.
        let given = "cs_GivenSec0123456789abcdefghijklmn";
        let first = give(&world, &client, given, labelled).await.unwrap();
        let again = give(&world, &client, given, NewSecret::default()).await.unwrap();
        let (SecretAddition::Added(first), SecretAddition::Present(again)) = (first, again) else {
            panic!("added once, then present");
        };
        assert_eq!((first.label, again.label), (Some(label.clone()), Some(label)));
    });
}

#[test]
fn one_call_rotates_the_older_ones_get_a_deadline() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let old = add(&world, &client, NewSecret::default()).await.unwrap().secret;
        let new = NewSecret {
            expires_at: Some(values::moment(9000)),
            expire_others_in: Some(Duration::from_secs(3600)),
            ..NewSecret::default()
        };
        let new = add(&world, &client, new).await.unwrap().secret;
        let secrets = world
            .manage
            .list_secrets(&world.admin, ClientRef::Uid(client.uid))
            .await
            .unwrap();
        let deadline = |uid| secrets.iter().find(|secret| secret.uid == uid).unwrap().expires_at;
        assert_eq!(deadline(old.uid), Some(new.created_at + Duration::from_secs(3600)));
        assert_eq!(deadline(new.uid), Some(values::moment(9000)));
        assert_eq!(world.heard.forgotten(), []);
        let at_once = NewSecret {
            expire_others_in: Some(Duration::ZERO),
            ..NewSecret::default()
        };
        add(&world, &client, at_once).await.unwrap();
        assert_eq!(world.heard.forgotten().len(), 2);
    });
}

#[test]
fn a_deadline_must_be_ahead_and_not_absurd() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        for (new, key) in [
            (
                NewSecret {
                    expires_at: Some(values::NOW),
                    ..NewSecret::default()
                },
                "expiresAt",
            ),
            (
                NewSecret {
                    expire_others_in: Some(LONGEST_DEADLINE + Duration::from_secs(1)),
                    ..NewSecret::default()
                },
                "expireOthersIn",
            ),
        ] {
            let error = add(&world, &client, new).await.unwrap_err();
            assert!(
                matches!(error, ManagementError::InvalidValue { field, .. } if field == key),
                "{key}"
            );
        }
        assert_eq!(
            world
                .manage
                .list_secrets(&world.admin, ClientRef::Uid(client.uid))
                .await
                .unwrap(),
            []
        );
    });
}

#[test]
fn an_eleventh_secret_is_refused_however_many_ask_at_once() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        let outcomes = at_once(15, |_| add(&world, &client, NewSecret::default()));
        assert_eq!(outcomes.iter().flatten().count(), 10);
        assert!(
            outcomes
                .iter()
                .filter_map(|outcome| outcome.as_ref().err())
                .all(|error| matches!(error, ManagementError::Conflict(_)))
        );
        assert!(matches!(
            add(&world, &client, NewSecret::default()).await,
            Err(ManagementError::Conflict(_))
        ));
    });
}

#[test]
fn a_taken_lookup_id_is_drawn_again() {
    /// Draws `first` twice and then something else.
    struct Repeating(Mutex<u8>);
    impl Entropy for Repeating {
        fn fill(&self, bytes: &mut [u8]) {
            let mut draws = self.0.lock().unwrap();
            *draws += 1;
            let drawn = if bytes.len() == 64 {
                u8::from(*draws > 4)
            } else {
                *draws
            };
            bytes.fill(drawn);
        }
    }

    run(async {
        let mut world = World::new();
        let client = world.client("Board").await;
        world.manage.0.entropy = Arc::new(Repeating(Mutex::new(0)));
        let first = add(&world, &client, NewSecret::default()).await.unwrap();
        let second = add(&world, &client, NewSecret::default()).await.unwrap();
        assert_ne!(first.secret.lookup, second.secret.lookup);
    });
}

#[test]
fn a_secret_is_found_and_deleted_under_its_own_client_only() {
    run(async {
        let world = World::new();
        let (mine, other) = (world.client("Mine").await, world.client("Other").await);
        let secret = add(&world, &mine, NewSecret::default()).await.unwrap().secret.uid;
        world.heard.changes();
        let delete = async |client: &Client| {
            world
                .manage
                .delete_secret(&world.admin, ClientRef::Uid(client.uid), secret, &world.context())
                .await
        };
        let elsewhere = world
            .manage
            .read_secret(&world.admin, ClientRef::Uid(other.uid), secret)
            .await;
        assert!(matches!(elsewhere, Err(ManagementError::NotFound("Secret"))));
        assert!(matches!(delete(&other).await, Err(ManagementError::NotFound("Secret"))));
        assert_eq!(world.heard.changes(), []);
        delete(&mine).await.unwrap();
        assert_eq!(world.heard.changes(), [Change::Client(mine.uid)]);
        assert_eq!(world.heard.forgotten(), [secret]);
        assert!(matches!(delete(&mine).await, Err(ManagementError::NotFound("Secret"))));
        assert_eq!(kinds(&world.events(&mine).await)[0], EventKind::SecretDeleted);
    });
}

const GIVEN: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";

async fn give(world: &World, client: &Client, text: &str, new: NewSecret) -> Result<SecretAddition, ManagementError> {
    let text = ClientSecretText::parse(text).unwrap();
    let client = ClientRef::Uid(client.uid);
    world
        .manage
        .add_secret(&world.admin, client, &text, new, &world.context())
        .await
}

#[test]
fn a_given_secret_is_added_once_however_many_give_it() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        world.heard.changes();
        let outcomes = at_once(5, |_| give(&world, &client, GIVEN, NewSecret::default()));
        let mut added = Vec::new();
        for outcome in outcomes {
            match outcome.unwrap() {
                SecretAddition::Added(secret) => added.push(secret),
                SecretAddition::Present(_) => {}
            }
        }
        let [added] = added.as_slice() else { panic!("{added:?}") };
        assert_eq!(world.heard.changes(), [Change::Client(client.uid)]);
        let again = give(&world, &client, GIVEN, NewSecret::default()).await.unwrap();
        assert_eq!(again, SecretAddition::Present(added.clone()));
        assert_eq!(world.heard.changes(), [], "nothing changed");
        let kinds = kinds(&world.events(&client).await);
        assert_eq!(kinds, [EventKind::SecretCreated, EventKind::ClientCreated]);
    });
}

#[test]
fn another_given_secret_gives_the_older_ones_the_deadline_that_is_asked_for() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        give(&world, &client, GIVEN, NewSecret::default()).await.unwrap();
        let rotating = NewSecret {
            expire_others_in: Some(Duration::from_secs(60)),
            ..NewSecret::default()
        };
        let other = "cs_ZYXWefgh0123456789abcdefghijKLMN";
        give(&world, &client, other, rotating.clone()).await.unwrap();
        let reference = ClientRef::Uid(client.uid);
        let deadlines = async || {
            let secrets = world.manage.list_secrets(&world.admin, reference).await.unwrap();
            secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>()
        };
        let after = deadlines().await;
        assert!(after[0].is_some() && after[1].is_none(), "{after:?}");
        give(&world, &client, other, rotating).await.unwrap();
        assert_eq!(deadlines().await, after, "giving it again prolongs nothing");
    });
}

#[test]
fn a_given_secret_that_has_expired_or_begins_like_another_is_refused() {
    run(async {
        let world = World::new();
        let client = world.client("Board").await;
        give(&world, &client, GIVEN, NewSecret::default()).await.unwrap();
        let alike = give(
            &world,
            &client,
            "cs_ABCDefghzyxwvutsrqponmlkjihgfedc",
            NewSecret::default(),
        )
        .await;
        assert!(matches!(alike, Err(ManagementError::Conflict(why)) if why.contains("eight characters")));
        let replaced = NewSecret {
            expire_others_in: Some(Duration::ZERO),
            ..NewSecret::default()
        };
        give(&world, &client, "cs_ZYXWefgh0123456789abcdefghijKLMN", replaced)
            .await
            .unwrap();
        let late = give(&world, &client, GIVEN, NewSecret::default()).await;
        assert!(matches!(late, Err(ManagementError::Conflict(why)) if why.contains("expired")));
    });
}
