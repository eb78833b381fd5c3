//! Redeeming codes: the rule, races, and what it costs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use informer_oauth_domain::code::{AuthorizationCode, CodePresentation, CodeRedemption};
use informer_oauth_ports::{AttemptCounter, CodeStore, SessionStore};
use informer_oauth_testkit::{
    at_once,
    servers::redis::{RedisServer, key_prefix},
    values::{NOW, TICK, a_code, a_presentation, a_session, challenge, client_uid, digest, resource, seconds},
};
use support::{monitored, stores, stores_named};

const RACERS: usize = 50;

#[test]
fn of_fifty_redemptions_through_two_pools_one_wins() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let replicas = [(); 2].map(|()| stores_named(&[server.url()], &prefix));
        for round in 0..10 {
            let code = a_code(round);
            CodeStore::insert(&replicas[0], &code).await.unwrap();
            let outcomes = at_once(RACERS, async |n| {
                let replica = &replicas[n % replicas.len()];
                replica.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap()
            });
            let won = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, CodeRedemption::Redeemed(_)));
            assert_eq!(won.count(), 1, "round {round}");
            let lost = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, CodeRedemption::Replayed(_)));
            assert_eq!(lost.count(), RACERS - 1, "round {round}");
        }
    });
}

/// Everything that decides on a presentation, in every combination.
fn presentations(code: &AuthorizationCode) -> Vec<CodePresentation> {
    let mut all = Vec::new();
    for client in [code.client, client_uid(9)] {
        for redirect_uri in [
            None,
            Some(code.redirect_uri.clone()),
            Some(String::new()),
            Some("x".into()),
        ] {
            for challenge in [None, Some(challenge(1)), Some(challenge(2))] {
                for resource in [None, Some(code.audience.as_str()), Some(""), Some("urn:other")] {
                    all.push(CodePresentation {
                        client,
                        redirect_uri: redirect_uri.clone(),
                        challenge: challenge.clone(),
                        resource: resource.map(str::to_owned),
                    });
                }
            }
        }
    }
    all
}

#[test]
fn the_script_judges_as_the_domain_does() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let mut n = 0;
        for (redirect_uri_sent, kept) in [
            (true, None),
            (false, None),
            (true, Some(challenge(1))),
            (false, Some(challenge(1))),
        ] {
            let like = AuthorizationCode {
                redirect_uri_sent,
                challenge: kept,
                audience: resource("urn:example:a"),
                ..a_code(0)
            };
            for presented in presentations(&like) {
                for now in [like.expires_at.minus(TICK), like.expires_at] {
                    n += 1;
                    let code = AuthorizationCode {
                        digest: digest(n),
                        ..like.clone()
                    };
                    CodeStore::insert(&stores, &code).await.unwrap();
                    let expected = match code.matches(&presented, now) {
                        Ok(()) => CodeRedemption::Redeemed(code.clone()),
                        Err(mismatch) => CodeRedemption::Refused(mismatch),
                    };
                    let outcome = stores.redeem(&code.digest, &presented, now).await.unwrap();
                    assert_eq!(outcome, expected, "{code:?} {presented:?} {now}");
                }
            }
        }
        assert!(n > 700, "{n}");
    });
}

#[test]
fn every_call_is_one_command() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let (code, session) = (a_code(1), a_session("ada"));
        let everything = async || {
            CodeStore::insert(&stores, &code).await.unwrap();
            stores.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap();
            SessionStore::insert(&stores, &digest(1), &session).await.unwrap();
            stores.find(&digest(1), NOW).await.unwrap();
            stores.remove(&digest(1)).await.unwrap();
            stores.remove_all("ada").await.unwrap();
            stores.record("key", seconds(300), NOW).await.unwrap();
            stores.peek("key", NOW).await.unwrap();
            stores.clear("key").await.unwrap();
            CodeStore::purge(&stores, NOW, 100).await.unwrap();
        };
        // The first time Redis learns the scripts.
        everything().await;

        let commands = monitored(&server, everything()).await;
        assert_eq!(
            commands,
            [
                "SET", "EVALSHA", "EVALSHA", "GET", "DEL", "EVALSHA", "EVALSHA", "HMGET", "DEL"
            ]
        );
    });
}
