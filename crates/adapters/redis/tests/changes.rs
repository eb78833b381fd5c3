//! Notices of changes between processes.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use informer_oauth_ports::{Change, ChangeListener, Changes};
use informer_oauth_redis::{Redis, RedisChanges};
use informer_oauth_testkit::{
    SeededEntropy,
    servers::redis::{RedisCluster, RedisSentinel, RedisServer, key_prefix},
    values::{client_uid, record_id},
};
use support::stores_named;

#[derive(Default)]
struct Heard(Mutex<Vec<Change>>);

impl ChangeListener for Heard {
    fn changed(&self, change: Change) {
        self.0.lock().unwrap().push(change);
    }
}

/// A process of an installation.
struct Process {
    changes: RedisChanges,
    heard: Arc<Heard>,
}

impl Process {
    fn new(redis: &Redis, entropy: &SeededEntropy) -> Self {
        let (changes, heard) = (redis.changes(entropy), Arc::new(Heard::default()));
        changes.subscribe(Arc::clone(&heard) as Arc<dyn ChangeListener>);
        Self { changes, heard }
    }

    /// Two of one installation, which hear each other.
    async fn pair(urls: &[String]) -> [Self; 2] {
        let (prefix, entropy) = (key_prefix(), SeededEntropy::new(7));
        let pair = [(); 2].map(|()| Self::new(&stores_named(urls, &prefix), &entropy));
        Self::meet(&pair).await;
        pair
    }

    /// Waits until all hear each other.
    async fn meet(processes: &[Self]) {
        let started = Instant::now();
        for (n, speaker) in (1000..).zip(processes) {
            let greeting = Change::Client(client_uid(n));
            while !processes.iter().all(|process| process.heard().contains(&greeting)) {
                assert!(started.elapsed() < Duration::from_secs(10), "they hear each other");
                speaker.changes.publish(greeting).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        // The last greetings may still be under way.
        tokio::time::sleep(Duration::from_millis(200)).await;
        for process in processes {
            process.forget();
        }
    }

    fn heard(&self) -> Vec<Change> {
        self.heard.0.lock().unwrap().clone()
    }

    fn forget(&self) {
        self.heard.0.lock().unwrap().clear();
    }

    /// Waits until exactly `changes` were heard since the last time, and forgets them.
    async fn hears(&self, changes: &[Change]) {
        self.hears_within(changes, Duration::from_secs(10)).await;
    }

    async fn hears_within(&self, changes: &[Change], patience: Duration) {
        let started = Instant::now();
        while self.heard() != changes {
            let heard = self.heard();
            assert!(started.elapsed() < patience, "{changes:?} is heard, not {heard:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.forget();
    }
}

const SEVERAL: [Change; 6] = [
    Change::TokenRecords,
    Change::Users,
    Change::SigningKeys,
    Change::Everything,
    Change::TokenRecords,
    Change::SigningKeys,
];

async fn changes_reach_everyone_once_in_order(urls: &[String]) {
    let [here, there] = Process::pair(urls).await;
    for change in SEVERAL {
        here.changes.publish(change).await;
    }
    assert_eq!(here.heard(), SEVERAL, "here they are heard at once");
    here.forget();
    there.hears_within(&SEVERAL, Duration::from_secs(1)).await;
    let ids = [Change::Client(client_uid(1)), Change::TokenRecord(record_id(2))];
    for change in ids {
        there.changes.publish(change).await;
    }
    here.hears_within(&ids, Duration::from_secs(1)).await;
    assert_eq!(there.heard(), ids, "nobody hears of their own change twice");
}

#[test]
fn changes_reach_every_process_once_in_order() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        changes_reach_everyone_once_in_order(&[server.url()]).await;
    });
}

#[test]
fn changes_reach_every_process_with_sentinel() {
    informer_oauth_testkit::run(async {
        let watched = RedisSentinel::start();
        changes_reach_everyone_once_in_order(&[watched.url()]).await;
    });
}

#[test]
fn changes_reach_every_process_of_a_cluster_whichever_node_it_is_subscribed_at() {
    informer_oauth_testkit::run(async {
        let cluster = RedisCluster::start();
        let (prefix, entropy) = (key_prefix(), SeededEntropy::new(7));
        let mut urls = cluster.urls();
        let processes = [(); 3].map(|()| {
            urls.rotate_left(1);
            Process::new(&stores_named(&urls, &prefix), &entropy)
        });
        Process::meet(&processes).await;
        for speaker in &processes {
            speaker.changes.publish(Change::SigningKeys).await;
            for process in &processes {
                process
                    .hears_within(&[Change::SigningKeys], Duration::from_secs(1))
                    .await;
            }
        }
    });
}

#[test]
fn a_process_that_ends_can_wait_until_the_others_were_told() {
    informer_oauth_testkit::run(async {
        let mut server = RedisServer::start();
        let (prefix, entropy) = (key_prefix(), SeededEntropy::new(7));
        let processes = [(); 2].map(|()| Process::new(&stores_named(&[server.url()], &prefix), &entropy));
        Process::meet(&processes).await;
        let [there, _] = processes;
        for _ in 0..20 {
            let ends = stores_named(&[server.url()], &prefix).changes(&entropy);
            ends.publish(Change::Users).await;
            assert!(ends.told(Duration::from_secs(1)).await);
            drop(ends);
            there.hears_within(&[Change::Users], Duration::from_secs(1)).await;
        }
        server.stop();
        let ends = stores_named(&[server.url()], &prefix).changes(&entropy);
        assert!(ends.told(Duration::from_secs(1)).await, "there was nothing to tell");
        ends.publish(Change::Users).await;
        let started = Instant::now();
        assert!(!ends.told(Duration::from_millis(300)).await);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "it waits no longer than it was told"
        );
        server.start_again();
        assert!(ends.told(Duration::from_secs(10)).await, "it is tried again");
    });
}

#[test]
fn installations_do_not_hear_each_other() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let [here, _] = Process::pair(&[server.url()]).await;
        let [_, elsewhere] = Process::pair(&[server.url()]).await;
        here.changes.publish(Change::SigningKeys).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(elsewhere.heard(), []);
    });
}

#[test]
fn after_a_cut_subscription_listeners_are_told_to_forget_and_hear_again() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let [here, there] = Process::pair(&[server.url()]).await;
        for _ in 0..3 {
            assert_eq!(server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]), "2");
            for process in [&here, &there] {
                process.hears(&[Change::Everything]).await;
            }
            here.changes.publish(Change::TokenRecords).await;
            for process in [&here, &there] {
                process
                    .hears_within(&[Change::TokenRecords], Duration::from_secs(1))
                    .await;
            }
        }
    });
}

#[test]
fn a_subscription_that_hangs_is_made_anew() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let [here, there] = Process::pair(&[server.url()]).await;
        server.freeze();
        tokio::time::sleep(Duration::from_millis(3500)).await;
        server.thaw();
        for process in [&here, &there] {
            process.hears(&[Change::Everything]).await;
        }
    });
}

#[test]
fn while_redis_is_down_this_process_hears_at_once_and_afterwards_the_others_forget() {
    informer_oauth_testkit::run(async {
        let mut server = RedisServer::start();
        let [here, there] = Process::pair(&[server.url()]).await;
        server.stop();
        let started = Instant::now();
        // Far more than may wait.
        for _ in 0..5000 {
            here.changes.publish(Change::TokenRecord(record_id(1))).await;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "nobody waits for Redis");
        assert_eq!(here.heard().len(), 5000);
        assert_eq!(there.heard(), []);
        server.start_again();
        let started = Instant::now();
        while !there.heard().contains(&Change::Everything) {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "the others are told to forget"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Everything that waited is gone by when this comes.
        tokio::time::sleep(Duration::from_secs(3)).await;
        for process in [&here, &there] {
            process.forget();
        }
        here.changes.publish(Change::SigningKeys).await;
        there.hears_within(&[Change::SigningKeys], Duration::from_secs(1)).await;
    });
}
