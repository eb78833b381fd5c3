//! What is in Redis: every key goes by itself, and what is no value of this service is said to be corrupt.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use informer_oauth_domain::{code::REPLAY_MEMORY, user::Session};
use informer_oauth_ports::{AttemptCounter, CodeStore, SessionStore, StoreError};
use informer_oauth_testkit::{
    servers::redis::{RedisServer, key_prefix},
    values::{CODE_LIFETIME, NOW, a_code, a_presentation, a_session, digest, seconds},
};
use support::{stores, stores_named};

#[test]
fn every_key_has_a_time_to_live_beyond_its_use() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let code = a_code(1);
        CodeStore::insert(&stores, &code).await.unwrap();
        CodeStore::insert(&stores, &a_code(2)).await.unwrap();
        stores.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap();
        let short = Session {
            expires_at: NOW + seconds(60),
            ..a_session("ada")
        };
        SessionStore::insert(&stores, &digest(1), &a_session("ada"))
            .await
            .unwrap();
        SessionStore::insert(&stores, &digest(2), &short).await.unwrap();
        stores.record("key", seconds(300), NOW).await.unwrap();
        stores.record("key", seconds(300), NOW).await.unwrap();
        stores.record("key", seconds(300), NOW + seconds(301)).await.unwrap();

        let keys = server.ask(&["--scan"]);
        assert_eq!(keys.lines().count(), 6, "{keys}");
        for key in keys.lines() {
            let left: u64 = server.ask(&["TTL", key]).parse().unwrap();
            let needed = if key.contains("code:") {
                CODE_LIFETIME + REPLAY_MEMORY
            } else if key.ends_with(&digest(2).to_hex()) {
                seconds(60)
            } else if key.contains("session") {
                seconds(3600)
            } else {
                seconds(300)
            };
            assert!(left > needed.as_secs(), "{key} goes in {left} s");
            assert!(left < needed.as_secs() + 3600, "{key} goes in {left} s");
        }
    });
}

#[test]
fn the_note_of_a_users_sessions_holds_only_those_that_live() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        for day in 0..5 {
            let signed_in_at = NOW + seconds(24 * 3600 * day);
            let session = Session {
                username: "ada".into(),
                created_at: signed_in_at,
                expires_at: signed_in_at + seconds(3600),
            };
            SessionStore::insert(&stores, &digest(day), &session).await.unwrap();
        }
        let keys = server.ask(&["--scan", "--pattern", "*of:ada"]);
        assert_eq!(server.ask(&["ZCARD", &keys]), "1");
    });
}

#[test]
fn what_is_no_value_of_ours_is_corrupt() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let stores = stores_named(&[server.url()], &prefix);
        let code = a_code(1);
        let key = format!("{prefix}code:{}", code.digest.to_hex());
        CodeStore::insert(&stores, &code).await.unwrap();
        let kept = server.ask(&["GET", &key]);
        for value in [
            String::new(),
            "l".into(),
            "l[]".into(),
            "l7".into(),
            "l{}".into(),
            kept.replacen('l', "x", 1),
            kept.replace("expires_at", "expired_at"),
            kept.replace("https://bi.example.com", "bi"),
            kept.replace("read:dataset", "read:minds"),
        ] {
            server.ask(&["SET", &key, &value]);
            let answer = stores.redeem(&code.digest, &a_presentation(&code), NOW).await;
            assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "{value}: {answer:?}");
        }
        server.ask(&["DEL", &key]);
        server.ask(&["LPUSH", &key, "l"]);
        let answer = stores.redeem(&code.digest, &a_presentation(&code), NOW).await;
        assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "a list: {answer:?}");

        let key = format!("{prefix}{{session}}:{}", digest(1).to_hex());
        for value in ["", "{}", "7"] {
            server.ask(&["SET", &key, value]);
            let answer = stores.find(&digest(1), NOW).await;
            assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "{value}: {answer:?}");
        }

        let key = format!("{prefix}attempts:key");
        server.ask(&["SET", &key, "7"]);
        assert!(matches!(stores.peek("key", NOW).await, Err(StoreError::Corrupt { .. })));
        let answer = stores.record("key", seconds(1), NOW).await;
        assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "a text: {answer:?}");
        for window in [
            ["count", "1", "until", "soon"],
            ["count", "many", "until", "9"],
            ["count", "1", "count", "2"],
        ] {
            server.ask(&["DEL", &key]);
            server.ask(&["HSET", &key, window[0], window[1], window[2], window[3]]);
            assert!(
                matches!(stores.peek("key", NOW).await, Err(StoreError::Corrupt { .. })),
                "{window:?}"
            );
            let answer = stores.record("key", seconds(1), NOW).await;
            assert!(
                matches!(answer, Err(StoreError::Corrupt { .. })),
                "{window:?}: {answer:?}"
            );
        }
    });
}
