#![allow(clippy::unwrap_used)]

use super::*;

fn topology(urls: &[&str]) -> Result<Topology, RedisOptionsError> {
    Topology::of(&RedisOptions {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        ..RedisOptions::default()
    })
}

fn shown(servers: &[ConnectionInfo]) -> Vec<String> {
    servers.iter().map(|server| server.addr().to_string()).collect()
}

#[test]
fn one_url_is_one_server_with_its_user_password_and_database() {
    let Topology::Single(server) = topology(&["redis://ada:s%23cret@db.example.com:7000/3"]).unwrap() else {
        panic!("one URL is one server");
    };
    assert_eq!(server.addr().to_string(), "db.example.com:7000");
    let settings = server.redis_settings();
    assert_eq!(settings.username(), Some("ada"));
    assert_eq!(settings.password(), Some("s#cret"));
    assert_eq!(settings.db(), 3);
}

#[test]
fn several_urls_or_one_with_several_hosts_are_nodes_of_a_cluster() {
    for urls in [
        &["redis://:pw@a:1", "redis://:pw@b:2"][..],
        &["redis+cluster://:pw@a:1,b:2"][..],
    ] {
        let Topology::Cluster { seeds, .. } = topology(urls).unwrap() else {
            panic!("{urls:?} is a Cluster");
        };
        assert_eq!(shown(&seeds), ["a:1", "b:2"]);
        assert!(seeds.iter().all(|seed| seed.redis_settings().password() == Some("pw")));
    }
}

#[test]
fn sentinels_have_a_default_port_and_credentials_of_their_own() {
    let url = "rediss+sentinel://ada:pw@s1,s2:7,[::1]/main/5?sentinel_username=watch&sentinel_password=a%26b";
    let Topology::Sentinel {
        sentinels,
        master,
        node,
    } = topology(&[url]).unwrap()
    else {
        panic!("it names Sentinels");
    };
    assert_eq!(shown(&sentinels), ["s1:26379", "s2:7", "::1:26379"]);
    for sentinel in &sentinels {
        assert_eq!(sentinel.redis_settings().username(), Some("watch"));
        assert_eq!(sentinel.redis_settings().password(), Some("a&b"));
        assert!(matches!(
            sentinel.addr(),
            ConnectionAddr::TcpTls { insecure: false, .. }
        ));
    }
    assert_eq!(master, "main");
    assert_eq!(node.redis_settings().username(), Some("ada"));
    assert_eq!(node.redis_settings().db(), 5);
    let found = moved(&node, "10.0.0.1".into(), 6380);
    assert!(
        matches!(found.addr(), ConnectionAddr::TcpTls { host, port: 6380, insecure: false, .. } if host == "10.0.0.1")
    );
    assert_eq!(found.redis_settings().password(), Some("pw"));
}

#[test]
fn what_is_no_address_is_refused_without_showing_its_password() {
    for urls in [
        &["http://:hunter2@a"][..],
        &["a:hunter2@b"][..],
        &["redis://:hunter2@"][..],
        &["redis://:hunter2@a:port"][..],
        &["redis://:hunter2@a/three"][..],
        &["redis://:hunter2@a?protocol=resp2"][..],
        &["rediss://:hunter2@a#insecure"][..],
        &["redis://:hunter2#2@a"][..],
        &["redis+unix://:hunter2@a"][..],
        &["redis+sentinel://:hunter2@a:1"][..],
        &["redis+sentinel://:hunter2@a:1/main?password=hunter2"][..],
        &["redis+cluster://:hunter2@a:1,"][..],
        &["redis+cluster://:hunter2@a:1/2"][..],
        &["redis://:hunter2@a", "redis://:hunter2@b/2"][..],
        &["redis://:hunter2@a", "redis+sentinel://:hunter2@b/main"][..],
        &[][..],
    ] {
        let error = topology(urls).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    let options = RedisOptions {
        urls: vec!["redis+sentinel://:hunter2@a/main?sentinel_password=hunter2".into()],
        ..RedisOptions::default()
    };
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[test]
fn certificates_are_for_tls_only_and_must_be_some() {
    let with_roots = |url: &str, roots: &[u8]| {
        Topology::of(&RedisOptions {
            urls: vec![url.to_owned()],
            tls: RedisTls {
                roots: Some(roots.to_vec()),
                client: None,
            },
            ..RedisOptions::default()
        })
    };
    let one = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(
        with_roots("redis://a", one),
        Err(RedisOptionsError::TlsUnused)
    ));
    for bad in [&b""[..], one] {
        assert!(matches!(
            with_roots("rediss://a", bad),
            Err(RedisOptionsError::Certificates(_))
        ));
    }
}
