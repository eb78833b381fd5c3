//! How often Informer is asked.

use std::time::Instant as Started;

use informer_oauth_testkit::{at_once, informer::Behaviour, run};

use super::*;

#[test]
fn what_was_heard_is_used_again_and_asked_anew_when_it_is_old() {
    run(async {
        let (fake, mut settings) = fake();
        settings.cached_for = Duration::from_secs(300);
        let informer = super::informer(settings.clone());
        let sid = fake.sign_in("ada");
        for _ in 0..5 {
            assert_eq!(came(&signed_in(&informer, &sid).await), Came::Yes);
            assert_eq!(came(&active(&informer, "ada").await), Came::Yes);
        }
        assert_eq!(fake.requests().len(), 2, "the session, and its user");
        fake.set_user(FakeUser::named("bob"));
        for _ in 0..5 {
            assert_eq!(came(&active(&informer, "bob").await), Came::Yes);
        }
        assert_eq!(fake.requests().len(), 3, "the user by name");

        // Within the time an operator chose, an end at Informer is not noticed; after it, it is.
        let informer = super::informer(InformerSettings {
            cached_for: Duration::from_millis(200),
            ..settings
        });
        assert_eq!(came(&signed_in(&informer, &sid).await), Came::Yes);
        fake.end_session(&sid);
        let started = Started::now();
        while came(&signed_in(&informer, &sid).await) == Came::Yes {
            assert!(started.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

#[test]
fn a_no_is_forgotten_soon_and_a_failure_at_once() {
    run(async {
        let (fake, mut settings) = fake();
        settings.cached_for = Duration::from_secs(300);
        let informer = informer(settings);
        assert_eq!(came(&active(&informer, "bob").await), Came::No);
        fake.set_user(FakeUser::named("bob"));
        let started = Started::now();
        while came(&active(&informer, "bob").await) == Came::No {
            assert!(started.elapsed() < Duration::from_secs(20), "remembered like a yes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        fake.behave(Behaviour::Failing(500));
        assert_eq!(came(&active(&informer, "ada").await), Came::Unavailable);
        fake.behave(Behaviour::Well);
        assert_eq!(came(&active(&informer, "ada").await), Came::Yes);
    });
}

#[test]
fn many_who_ask_the_same_at_once_are_one_question() {
    run(async {
        let (fake, mut settings) = fake();
        settings.cached_for = Duration::from_secs(300);
        let informer = informer(settings);
        let sid = fake.sign_in("ada");
        fake.behave(Behaviour::Slow(Duration::from_millis(150)));
        let answers = at_once(30, |_| signed_in(&informer, &sid));
        assert!(answers.iter().all(|answer| came(answer) == Came::Yes));
        assert_eq!(fake.requests().len(), 2);
    });
}

#[test]
fn whoever_gives_up_does_not_take_the_answer_from_the_others() {
    run(async {
        let (fake, mut settings) = fake();
        settings.cached_for = Duration::from_secs(300);
        let informer = Arc::new(informer(settings));
        let sid = fake.sign_in("ada");
        fake.behave(Behaviour::Slow(Duration::from_millis(200)));
        let first = tokio::spawn({
            let (informer, sid) = (Arc::clone(&informer), sid.clone());
            async move { signed_in(&informer, &sid).await }
        });
        while fake.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let second = tokio::spawn({
            let (informer, sid) = (Arc::clone(&informer), sid.clone());
            async move { signed_in(&informer, &sid).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert_eq!(came(&second.await.unwrap()), Came::Yes);
    });
}

#[test]
fn an_informer_that_fails_is_left_alone_for_a_moment_and_tried_again() {
    run(async {
        let (fake, informer) = beside();
        let sid = fake.sign_in("ada");
        fake.behave(Behaviour::Refusing);
        let mut said = String::new();
        for _ in 0..20 {
            said = active(&informer, "ada").await.unwrap_err().to_string();
            if said.contains("left alone") {
                break;
            }
        }
        assert!(said.contains("left alone"), "{said}");
        fake.behave(Behaviour::Well);
        fake.forget_requests();
        let started = Started::now();
        loop {
            match came(&signed_in(&informer, &sid).await) {
                Came::Yes => break,
                Came::No => panic!("a breaker never says no"),
                Came::Unavailable => {
                    assert!(started.elapsed() < Duration::from_secs(20));
                    assert!(fake.requests().is_empty(), "what is left alone is not asked");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    });
}

#[test]
fn answers_that_nobody_likes_do_not_open_the_circuit() {
    run(async {
        let (fake, informer) = beside();
        // What one visitor's cookie can cause must not keep the others out.
        fake.behave(Behaviour::Failing(500));
        for _ in 0..20 {
            assert_eq!(came(&signed_in(&informer, "odd").await), Came::Unavailable);
        }
        fake.behave(Behaviour::Well);
        assert_eq!(came(&active(&informer, "ada").await), Came::Yes);
    });
}

#[test]
fn connections_are_kept_and_one_that_was_closed_meanwhile_is_nobodys_failure() {
    run(async {
        let (fake, informer) = beside();
        for _ in 0..20 {
            assert_eq!(came(&active(&informer, "ada").await), Came::Yes);
            // Severs what is open.
            fake.behave(Behaviour::Down);
            fake.behave(Behaviour::Well);
        }
        assert_eq!(fake.requests().len(), 20);
    });
}
