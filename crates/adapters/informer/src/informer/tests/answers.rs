//! What each kind of answer means.

use informer_oauth_testkit::{informer::Behaviour, run};

use super::*;

#[test]
fn a_live_session_of_an_active_user_is_that_user() {
    run(async {
        let (fake, informer) = beside();
        let sid = fake.sign_in("ada");
        let found = signed_in(&informer, &sid).await.unwrap().unwrap();
        let ada = User {
            username: "ada".into(),
            display_name: "Ada Lovelace".into(),
            superuser: false,
            token_api: true,
        };
        assert_eq!(found.user, ada);
        assert_ne!(found.session, Digest::of(&sid), "never the cookie's own digest");
        assert_eq!(active(&informer, "ada").await.unwrap(), Some(ada));
        assert_eq!(came(&active(&informer, "bob").await), Came::No, "unknown");
        assert_eq!(came(&signed_in(&informer, "none").await), Came::No);
    });
}

#[test]
fn rank_and_feature_are_what_informer_says_now() {
    run(async {
        let (fake, mut settings) = fake();
        settings.token_api_pointer = Some("/tokenApi".into());
        let informer = informer(settings);
        let sid = fake.sign_in("ada");
        for (user, superuser, token_api) in [
            (FakeUser::named("ada"), false, true),
            (FakeUser::named("ada").superuser(), true, true),
            (FakeUser::named("ada").superuser().without_token_api(), true, false),
        ] {
            fake.set_user(user);
            let by_session = signed_in(&informer, &sid).await.unwrap().unwrap().user;
            let by_name = active(&informer, "ada").await.unwrap().unwrap();
            for user in [by_session, by_name] {
                assert_eq!((user.superuser, user.token_api), (superuser, token_api));
            }
        }
    });
}

#[test]
fn who_is_signed_out_locked_disabled_or_deleted_is_nobody() {
    run(async {
        type Change = fn(&FakeInformer, &str);
        let changes: [(&str, Change, Came); 6] = [
            ("ended", |fake, sid| fake.end_session(sid), Came::Yes),
            ("inactive", |fake, sid| fake.deactivate_session(sid), Came::Yes),
            (
                "locked",
                |fake, _| fake.set_user(FakeUser::named("ada").locked()),
                Came::No,
            ),
            (
                "disabled",
                |fake, _| fake.set_user(FakeUser::named("ada").disabled()),
                Came::No,
            ),
            ("deleted", |fake, _| fake.remove_user("ada"), Came::No),
            (
                "locked superuser",
                |fake, _| fake.set_user(FakeUser::named("ada").superuser().locked()),
                Came::No,
            ),
        ];
        for (what, change, by_name) in changes {
            let (fake, informer) = beside();
            let sid = fake.sign_in("ada");
            assert_eq!(came(&signed_in(&informer, &sid).await), Came::Yes, "{what}");
            change(&fake, &sid);
            assert_eq!(came(&signed_in(&informer, &sid).await), Came::No, "{what}");
            assert_eq!(came(&active(&informer, "ada").await), by_name, "{what}");
        }
    });
}

#[test]
fn a_session_ends_when_it_says_so_also_while_it_is_remembered() {
    run(async {
        let (fake, mut settings) = fake();
        settings.cached_for = Duration::from_secs(300);
        let informer = informer(settings);
        let sid = Secret::new(fake.sign_in("ada"));
        assert_eq!(came(&informer.session_user(&sid, NOW).await), Came::Yes);
        let much_later = Timestamp::from_seconds(100_000_000_000);
        assert_eq!(came(&informer.session_user(&sid, much_later).await), Came::No);
        let other = Secret::new(fake.sign_in("ada"));
        assert_eq!(came(&informer.session_user(&other, much_later).await), Came::No);
    });
}

#[test]
fn an_informer_in_trouble_is_neither_no_nor_yes() {
    run(async {
        let hanging = Duration::from_millis(300);
        let cases = [
            (Behaviour::Down, None),
            (Behaviour::Refusing, None),
            (Behaviour::Garbage, None),
            (Behaviour::WrongTypes, None),
            (Behaviour::NotHttp, None),
            (Behaviour::Failing(500), None),
            (Behaviour::Failing(502), None),
            (Behaviour::Failing(503), None),
            (Behaviour::Failing(504), None),
            (Behaviour::Failing(400), None),
            (Behaviour::Failing(410), None),
            (Behaviour::Failing(429), None),
            (Behaviour::Hanging, Some(hanging)),
            (Behaviour::Slow(Duration::from_secs(30)), Some(hanging)),
        ];
        for (behaviour, timeout) in cases {
            let (fake, mut settings) = fake();
            settings.timeout = timeout.unwrap_or(settings.timeout);
            let informer = informer(settings);
            let sid = fake.sign_in("ada");
            fake.behave(behaviour.clone());
            assert_eq!(
                came(&signed_in(&informer, &sid).await),
                Came::Unavailable,
                "{behaviour:?}"
            );
            assert_eq!(
                came(&active(&informer, "ada").await),
                Came::Unavailable,
                "{behaviour:?}"
            );
            assert_eq!(
                came(&signed_in(&informer, "none").await),
                Came::Unavailable,
                "{behaviour:?}"
            );
        }
    });
}

#[test]
fn a_refused_api_token_signs_nobody_out() {
    run(async {
        let (fake, mut settings) = fake();
        settings.api_token = Some(Secret::new("wrong".into()));
        let informer = informer(settings);
        let error = active(&informer, "ada").await.unwrap_err();
        assert!(error.to_string().contains("API token (401)"), "{error}");
        for status in [401, 403] {
            fake.behave(Behaviour::Failing(status));
            assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable, "{status}");
        }
        // Of a session, the same says that there is none.
        for status in [401, 403, 404] {
            fake.behave(Behaviour::Failing(status));
            assert_eq!(came(&signed_in(&informer, "none").await), Came::No, "{status}");
        }
    });
}

#[test]
fn without_an_api_token_only_who_was_seen_lately_is_known_to_be_active() {
    run(async {
        let (fake, mut settings) = fake();
        settings.api_token = None;
        let informer = informer(settings);
        assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable);
        let sid = fake.sign_in("ada");
        signed_in(&informer, &sid).await.unwrap().unwrap();
        assert_eq!(came(&active(&informer, "ada").await), Came::Yes);
        assert_eq!(came(&active(&informer, "bob").await), Came::Unavailable);
        fake.set_user(FakeUser::named("ada").locked());
        assert_eq!(came(&signed_in(&informer, &sid).await), Came::No);
        assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable, "seen locked");
    });
}

async fn status(informer: &Informer, username: &str) -> Result<UserStatus, IdentityError> {
    informer.user_status(username, NOW).await
}

#[test]
fn without_an_api_token_the_last_visit_says_whether_a_user_is_active() {
    run(async {
        let (fake, mut settings) = fake();
        settings.api_token = None;
        let informer = informer(settings);
        let unknown = status(&informer, "ada").await;
        assert!(matches!(unknown, Err(IdentityError::Unavailable(_))), "{unknown:?}");
        let sid = fake.sign_in("ada");
        signed_in(&informer, &sid).await.unwrap().unwrap();
        let seen = |active| UserStatus {
            active,
            source: StatusSource::LastVisit,
        };
        assert_eq!(status(&informer, "ada").await.unwrap(), seen(true));
        fake.set_user(FakeUser::named("ada").locked());
        signed_in(&informer, &sid).await.unwrap();
        assert_eq!(status(&informer, "ada").await.unwrap(), seen(false));
    });
}

#[test]
fn unreachable_informer_leaves_the_last_known_status() {
    run(async {
        let (fake, informer) = beside();
        fake.set_user(FakeUser::named("bob").locked());
        for (name, active) in [("ada", true), ("bob", false)] {
            let known = status(&informer, name).await.unwrap();
            assert_eq!((known.active, known.source), (active, StatusSource::Current));
        }
        for behaviour in [Behaviour::Refusing, Behaviour::Failing(500), Behaviour::Failing(401)] {
            fake.behave(behaviour);
            // A "no" is remembered for half a second.
            let started = std::time::Instant::now();
            for (name, active) in [("ada", true), ("bob", false)] {
                loop {
                    let known = status(&informer, name).await.unwrap();
                    assert_eq!(known.active, active, "{name}");
                    if known.source == StatusSource::LastKnown(NOW) {
                        break;
                    }
                    assert!(started.elapsed() < Duration::from_secs(20), "{known:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            let never = status(&informer, "eve").await;
            assert!(matches!(never, Err(IdentityError::Unavailable(_))), "{never:?}");
        }
    });
}

#[test]
fn before_something_is_used_up_informer_is_there_or_it_is_not_used_up() {
    run(async {
        let (fake, informer) = beside();
        informer.ready().await.unwrap();
        assert_eq!(fake.requests().len(), 1);
        informer.ready().await.unwrap();
        active(&informer, "ada").await.unwrap();
        informer.ready().await.unwrap();
        assert!(fake.requests().len() <= 3, "whoever has just answered is not asked");
        for behaviour in [
            Behaviour::Refusing,
            Behaviour::Failing(500),
            Behaviour::NotHttp,
            Behaviour::Hanging,
        ] {
            let (fake, mut settings) = super::fake();
            settings.timeout = Duration::from_millis(300);
            let informer = super::informer(settings);
            fake.behave(behaviour.clone());
            let error = informer.ready().await.unwrap_err();
            assert!(matches!(error, IdentityError::Unavailable(_)), "{behaviour:?}: {error}");
        }
    });
}

#[test]
fn readiness_and_a_look_say_what_is_wrong() {
    run(async {
        let (fake, settings) = fake();
        let informer = informer(settings.clone());
        informer.check().await.unwrap();
        assert_eq!(informer.reach().await.unwrap(), crate::Reached::Refuses(404));
        assert_eq!(informer.look_at("bob").await.unwrap(), Some(crate::Look::Unknown));
        let look = crate::Look::User {
            superuser: crate::Pointed::Flag,
            token_api: None,
            problem: None,
        };
        assert_eq!(informer.look_at("ada").await.unwrap(), Some(look));

        let elsewhere = super::informer(InformerSettings {
            superuser_pointer: "/rights/superuser".into(),
            token_api_pointer: Some("/displayName".into()),
            ..settings.clone()
        });
        let Some(crate::Look::User {
            superuser,
            token_api,
            problem,
        }) = elsewhere.look_at("ada").await.unwrap()
        else {
            panic!("no user")
        };
        assert_eq!(
            (superuser, token_api),
            (crate::Pointed::Nothing, Some(crate::Pointed::Other))
        );
        assert!(problem.is_some_and(|problem| problem.contains("/displayName")));

        let refused = super::informer(InformerSettings {
            api_token: Some(Secret::new("wrong".into())),
            ..settings.clone()
        });
        assert_eq!(refused.look_at("ada").await.unwrap(), Some(crate::Look::Refused(401)));
        let without = super::informer(InformerSettings {
            api_token: None,
            ..settings
        });
        assert_eq!(without.look_at("ada").await.unwrap(), None);

        fake.behave(Behaviour::Failing(500));
        informer.check().await.unwrap_err();
        assert_eq!(informer.reach().await.unwrap(), crate::Reached::Answers(500));
        fake.behave(Behaviour::Refusing);
        informer.check().await.unwrap_err();
        informer.reach().await.unwrap_err();
    });
}
