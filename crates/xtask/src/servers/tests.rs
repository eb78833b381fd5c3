#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use super::{KINDS, Servers, address};
use crate::report::Outcome;

const POSTGRES: &str = "INFORMER_OAUTH_TEST_POSTGRES_URL";
const REDIS: &str = "INFORMER_OAUTH_TEST_REDIS_URL";

fn told(servers: &Servers) -> HashMap<String, String> {
    let mut command = Command::new("true");
    let variables = servers.tell(&mut command).get_envs();
    variables
        .map(|(name, value)| (name.to_string_lossy().into(), value.unwrap().to_string_lossy().into()))
        .collect()
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(address(url, 0).unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Everything that comes up to ReadyForQuery: `Z`, its length, and `I` for idle.
fn until_ready(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    while !reply.ends_with(b"Z\0\0\0\x05I") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        reply.extend(byte);
    }
    String::from_utf8_lossy(&reply).into_owned()
}

/// One statement in Postgres's own protocol, and the raw reply.
fn ask_postgres(stream: &mut TcpStream, statement: &str) -> String {
    let length = u32::try_from(4 + statement.len() + 1).unwrap();
    let message = [b"Q", &length.to_be_bytes()[..], statement.as_bytes(), b"\0"].concat();
    stream.write_all(&message).unwrap();
    until_ready(stream)
}

fn sign_in(url: &str) -> TcpStream {
    let mut stream = connect(url);
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let length = u32::try_from(8 + parameters.len()).unwrap();
    let message = [&length.to_be_bytes()[..], &[0, 3, 0, 0], parameters].concat();
    stream.write_all(&message).unwrap();
    let reply = until_ready(&mut stream);
    assert!(reply.starts_with('R'), "{reply}");
    stream
}

#[test]
fn both_servers_run_as_the_tests_need_them_until_they_are_stopped() {
    let mut servers = Servers::default();
    let Outcome::Holds(line) = servers.provide_but(|_| Ok(None)).unwrap() else {
        panic!("servers are no suite");
    };
    let told = told(&servers);
    let (postgres, redis) = (&told[POSTGRES], &told[REDIS]);
    for (name, url) in [("Postgres ", postgres), ("Redis ", redis)] {
        let port = url.rsplit(':').next().unwrap().trim_end_matches("/postgres");
        assert!(
            line.contains(name) && line.contains(&format!("on port {port}")),
            "{line}"
        );
    }

    let mut client = sign_in(postgres);
    let settings = "SELECT string_agg(name || '=' || setting, ' ') FROM pg_settings";
    let settings = ask_postgres(&mut client, settings);
    for setting in [
        "fsync=off",
        "max_connections=300",
        "shared_preload_libraries=pg_stat_statements",
        "listen_addresses=127.0.0.1",
        "server_encoding=UTF8",
    ] {
        assert!(settings.contains(setting), "{setting}: {settings}");
    }
    for statement in ["CREATE DATABASE one_test", "CREATE EXTENSION pg_stat_statements"] {
        let reply = ask_postgres(&mut client, statement);
        assert!(reply.starts_with('C'), "{reply}");
    }

    let mut client = connect(redis);
    client.write_all(b"CONFIG GET appendonly\r\n").unwrap();
    let expected = "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n";
    let mut reply = vec![0; expected.len()];
    client.read_exact(&mut reply).unwrap();
    assert_eq!(String::from_utf8_lossy(&reply), expected);

    servers.stop().unwrap();
    for url in [postgres, redis] {
        assert!(TcpStream::connect(address(url, 0).unwrap()).is_err(), "{url}");
    }
}

#[test]
fn a_server_that_the_environment_names_is_used_as_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut servers = Servers::default();
    let outcome = servers.provide_but(|_| Ok(Some(format!("any://me:secret@{address}/x"))));
    let Outcome::Holds(line) = outcome.unwrap() else {
        panic!("servers are no suite");
    };
    assert_eq!(line, format!("Postgres at {address}, Redis at {address}"));
    // The tests have the variables from the environment already.
    assert!(told(&servers).is_empty());
    servers.stop().unwrap();
}

#[test]
fn a_named_server_that_is_not_there_is_an_error_that_tells_no_password() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Servers::default()
        .provide_but(|_| Ok(Some(format!("any://me:secret@{closed}/x"))))
        .unwrap_err()
        .to_string();
    for words in [POSTGRES, REDIS, &closed.to_string(), "nothing answers"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn an_address_has_a_host_and_a_port() {
    let ports: Vec<u16> = KINDS.iter().map(|kind| kind.port).collect();
    assert_eq!(ports, [5432, 6379]);
    for (url, expected) in [
        ("postgres://postgres@127.0.0.1:4711/postgres", Some("127.0.0.1:4711")),
        (
            "postgres://me:p@ss@db.example/x?sslmode=require",
            Some("db.example:5432"),
        ),
        ("redis://[::1]:7000", Some("[::1]:7000")),
        ("redis://[::1]", Some("[::1]:5432")),
        ("postgres:///x?host=/run", None),
        ("localhost:5432", None),
    ] {
        assert_eq!(address(url, 5432).as_deref(), expected, "{url}");
    }
}
