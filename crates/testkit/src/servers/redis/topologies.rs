//! Several servers that belong together.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{ATTEMPTS, PATIENCE, Process, RedisServer, free_port, program};

/// The name of the master that [`RedisSentinel`] watches.
const MASTER: &str = "main";

/// A master, a replica that has caught up, and a Sentinel that knows both and promotes the replica within seconds.
#[derive(Debug)]
pub struct RedisSentinel {
    /// The first master.
    pub master: RedisServer,
    /// Its replica.
    pub replica: RedisServer,
    /// The Sentinel, which decides alone.
    pub sentinel: RedisServer,
}

impl RedisSentinel {
    /// Starts them.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`], or when they do not find each other.
    pub fn start() -> Self {
        let master = RedisServer::start();
        let port = master.port().to_string();
        let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"]);
        until("the replica has caught up", || {
            replica.ask(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let settings = tempfile::tempdir().expect("a temporary folder can be made");
        let file = settings.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor {MASTER} 127.0.0.1 {port} 1\nsentinel down-after-milliseconds {MASTER} 700\n\
             sentinel failover-timeout {MASTER} 4000\n"
        );
        fs::write(&file, text).expect("a file can be written");
        let sentinel = RedisServer::sentinel(&file, settings);
        until("the Sentinel knows that the replica is fit to be a master", || {
            let known = sentinel.ask(&["SENTINEL", "REPLICAS", MASTER]);
            known.contains(&replica.port().to_string()) && known.contains("master-link-status\nok")
        });
        Self {
            master,
            replica,
            sentinel,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{MASTER}", self.sentinel.port())
    }
}

impl RedisServer {
    /// A Sentinel. It rewrites its configuration, so that needs a file.
    fn sentinel(settings: &Path, folder: TempDir) -> Self {
        let mut server = Self {
            process: None,
            port: 0,
            arguments: Vec::new(),
            tls: None,
            folder,
        };
        for _ in 0..ATTEMPTS {
            server.port = free_port();
            let mut command = program("redis-server");
            command.arg(settings).arg("--sentinel");
            command.args(["--port", &server.port.to_string(), "--bind", "127.0.0.1"]);
            let mut process = Process::start(command, &server.folder.path().join("log"));
            let started = Instant::now();
            while started.elapsed() < PATIENCE && process.runs() {
                if server.try_ask(&["PING"]).is_some_and(|answer| answer == "PONG") {
                    server.process = Some(process);
                    return server;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("the Sentinel does not start: {}", server.log());
    }
}

/// Three masters that share the slots.
#[derive(Debug)]
pub struct RedisCluster {
    /// The nodes.
    pub nodes: [RedisServer; 3],
}

impl RedisCluster {
    /// Starts them.
    ///
    /// # Panics
    ///
    /// As [`RedisServer::start`], or when they do not find each other.
    pub fn start() -> Self {
        const SLOTS: u32 = 16384;
        let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let nodes = [(); 3].map(|()| RedisServer::start_with(&arguments));
        let [first, others @ ..] = &nodes;
        for (n, node) in (0..).zip(&nodes) {
            let slots: Vec<String> = (SLOTS * n / 3..SLOTS * (n + 1) / 3)
                .map(|slot| slot.to_string())
                .collect();
            let command: Vec<&str> = ["CLUSTER", "ADDSLOTS"]
                .into_iter()
                .chain(slots.iter().map(String::as_str))
                .collect();
            assert_eq!(node.ask(&command), "OK");
        }
        for node in others {
            assert_eq!(
                node.ask(&["CLUSTER", "MEET", "127.0.0.1", &first.port().to_string()]),
                "OK"
            );
        }
        until("the nodes of the Cluster know each other", || {
            nodes.iter().all(|node| {
                let known = node.ask(&["CLUSTER", "INFO"]);
                known.contains("cluster_state:ok") && known.contains("cluster_known_nodes:3")
            })
        });
        Self { nodes }
    }

    /// Where its nodes are.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }
}

/// Waits for something that is about to happen.
fn until(what: &str, happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < PATIENCE, "{what}, within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
