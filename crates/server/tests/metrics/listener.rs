//! Where metrics are served, and where not.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use crate::{
    common::Service,
    scrape::{ON, Scrape, address},
};

#[test]
fn without_a_setting_and_with_off_an_embedded_service_serves_no_metrics() {
    for setting in [None, Some("off"), Some("")] {
        let environment: Vec<_> = setting.map(|value| (ON.0, value)).into_iter().collect();
        let service = Service::start_with(&environment);
        assert_eq!(address(&service), None, "{setting:?}");
        let answer = service.client().get(service.url("/metrics")).send().unwrap();
        assert_eq!(answer.status(), 404, "the public address has none: {setting:?}");
    }
}

#[test]
fn metrics_have_an_address_of_their_own_that_serves_nothing_else() {
    let service = Service::start_with(&[ON]);
    let metrics = address(&service).unwrap();
    assert!(!metrics.starts_with(service.base()), "{metrics}");
    Scrape::of(&service);
    let answer = service.client().get(service.url("/metrics")).send().unwrap();
    assert_eq!(answer.status(), 404, "the public address has none");
    for path in ["/", "/health/live", "/oauth/token", "/api/oauth-clients"] {
        let other = reqwest::blocking::get(metrics.replace("/metrics", path)).unwrap();
        assert_eq!(other.status(), 404, "{path}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_its_setting_and_nothing_is_begun() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let service = Service::prepare(&[(ON.0, &address)]);
    let ended = service.cli(&["serve"]);
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("http.metrics_listen") && said.contains(&address),
        "{said}"
    );
    assert!(!service.data_dir().join("informer-oauth.db").exists());
}

#[test]
fn what_is_no_address_is_misuse() {
    for wrong in ["9787", "localhost", "on"] {
        let service = Service::prepare(&[(ON.0, wrong)]);
        let refused = service.cli(&["config", "check"]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("metrics_listen"), "{said}");
    }
}

#[test]
fn a_service_that_serves_metrics_ends_as_well() {
    let mut service = Service::start_with(&[ON]);
    let metrics = address(&service).unwrap();
    assert!(service.terminate().success(), "{}", service.log());
    assert!(reqwest::blocking::get(metrics).is_err());
}

#[test]
fn a_body_that_never_ends_does_not_keep_a_connection() {
    let service = Service::start_with(&[ON]);
    let metrics = address(&service).unwrap();
    let host = metrics
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/metrics")
        .unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the connection is closed");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
