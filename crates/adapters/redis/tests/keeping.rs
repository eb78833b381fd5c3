//! What a Redis says of how well it keeps things.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use informer_oauth_ports::{Change, ChangeListener, Changes, Probe, SessionStore};
use informer_oauth_redis::RedisKeeping;
use informer_oauth_testkit::{
    SeededEntropy, population, run,
    servers::redis::{RedisCluster, RedisServer, key_prefix},
};
use support::{stores, stores_named};

#[test]
fn a_server_tells_how_it_keeps_things() {
    run(async {
        let server = RedisServer::start_with(&[
            "--maxmemory",
            "64mb",
            "--maxmemory-policy",
            "volatile-ttl",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "3600 1",
        ]);
        let told = stores(&[server.url()]).keeping().await.unwrap();
        let expected = RedisKeeping {
            memory_limit: Some(64 * 1024 * 1024),
            eviction: Some("volatile-ttl".into()),
            appends: Some(true),
            append_fsync: Some("always".into()),
            snapshots: Some("3600 1".into()),
        };
        assert_eq!(told, [expected]);
    });
}

#[test]
fn a_server_that_lets_its_settings_be_read_by_nobody_tells_the_rest() {
    run(async {
        let server = RedisServer::start_with(&["--rename-command", "CONFIG", ""]);
        let told = stores(&[server.url()]).keeping().await.unwrap();
        let expected = RedisKeeping {
            memory_limit: Some(0),
            eviction: Some("noeviction".into()),
            appends: Some(false),
            append_fsync: None,
            snapshots: None,
        };
        assert_eq!(told, [expected]);
    });
}

#[test]
fn every_master_of_a_cluster_is_asked() {
    run(async {
        let cluster = RedisCluster::start();
        let told = stores(&cluster.urls()).keeping().await.unwrap();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told.iter().all(|node| node.eviction.as_deref() == Some("noeviction")),
            "{told:?}"
        );
    });
}

#[test]
fn a_user_who_may_use_the_keys_and_channel_of_one_prefix_and_no_dangerous_command_is_enough() {
    run(async {
        let server = RedisServer::start();
        let prefix = key_prefix();
        let (keys, channels) = (format!("~{prefix}*"), format!("&{prefix}*"));
        let rights = ["+@all", "-@admin", "-@dangerous"];
        let user = [
            "ACL",
            "SETUSER",
            "serving",
            "on",
            ">hunter2",
            "resetchannels",
            &keys,
            &channels,
        ];
        server.ask(&[user.as_slice(), &rights].concat());
        let url = server.url().replace("redis://", "redis://serving:hunter2@");

        let store = stores_named(std::slice::from_ref(&url), &prefix);
        store.check().await.unwrap();
        population::populate_short_lived(&store).await.unwrap();
        let contents = population::short_lived_contents(&store).await.unwrap();
        assert_eq!((contents.redemptions.len(), contents.sessions.len()), (2, 2));
        SessionStore::remove_all(&store, "ada").await.unwrap();
        store.keeping().await.unwrap_err();

        let (here, there) = (store.changes(&SeededEntropy::new(1)), stores_named(&[url], &prefix));
        let (there, heard) = (there.changes(&SeededEntropy::new(2)), Arc::new(Heard::default()));
        there.subscribe(Arc::clone(&heard) as Arc<dyn ChangeListener>);
        let started = Instant::now();
        while heard.0.load(Ordering::Relaxed) == 0 {
            here.publish(Change::SigningKeys).await;
            assert!(started.elapsed() < Duration::from_secs(10), "nothing was heard");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

#[derive(Default)]
struct Heard(AtomicUsize);

impl ChangeListener for Heard {
    fn changed(&self, change: Change) {
        if matches!(change, Change::SigningKeys) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
