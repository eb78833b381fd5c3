use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use reqwest::{
    blocking::{Client, Response},
    redirect::Policy,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Behaviour, FakeInformer, FakeUser, PASSWORD, export_byte, export_sha256, login::same_origin, random_hex, wire::hex,
};

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

fn with_anna() -> (FakeInformer, Client) {
    let informer = FakeInformer::start();
    informer.set_user(FakeUser::named("anna"));
    (informer, browser())
}

fn read(client: &Client, url: &str, sid: Option<&str>) -> (u16, Value) {
    let mut request = client.get(url);
    if let Some(sid) = sid {
        request = request.header("Cookie", format!("theme=dark; sid={sid}"));
    }
    let answer = request.send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

fn hapi(status: u16, error: &str, message: &str) -> (u16, Value) {
    (
        status,
        json!({ "statusCode": status, "error": error, "message": message }),
    )
}

fn log_in(client: &Client, informer: &FakeInformer, password: &str, back: &str) -> Response {
    let fields = [("username", "anna"), ("password", password), ("return", back)];
    client
        .post(format!("{}/login", informer.url()))
        .form(&fields)
        .send()
        .unwrap()
}

#[test]
fn a_session_is_read_with_its_own_cookie_and_is_not_found_otherwise() {
    let (informer, client) = with_anna();
    let (sid, other) = (informer.sign_in("anna"), informer.sign_in("anna"));
    let url = format!("{}/api/sessions/{sid}", informer.url());
    let (status, session) = read(&client, &url, Some(&sid));
    assert_eq!(status, 200);
    assert_eq!((&session["id"], &session["username"]), (&json!(sid), &json!("anna")));
    assert_eq!(session["active"], true);
    assert!(session["expiresAt"].as_str().unwrap().ends_with('Z'), "{session}");
    assert_eq!(
        session["user"],
        json!({ "username": "anna", "displayName": "anna", "email": "anna@informer.example", "permissions": [] })
    );
    let not_found = hapi(404, "Not Found", "Session not found");
    assert_eq!(read(&client, &url, Some(&other)), not_found);
    assert_eq!(read(&client, &url, None), not_found);
    informer.deactivate_session(&sid);
    assert_eq!(read(&client, &url, Some(&sid)).1["active"], false);
    informer.end_session(&sid);
    assert_eq!(read(&client, &url, Some(&sid)), not_found);
}

#[test]
fn a_user_is_read_with_a_session_or_the_api_token() {
    let (informer, client) = with_anna();
    informer.set_user(FakeUser::named("root of all").superuser());
    let url = format!("{}/api/users/anna", informer.url());
    let own = informer.sign_in("anna");
    let root = informer.sign_in("root of all");
    let expected = json!({
        "username": "anna", "displayName": "anna", "email": "anna@informer.example", "permissions": [],
        "enabled": true, "locked": false, "superuser": false, "domain": "local", "tokenApi": true,
    });
    assert_eq!(read(&client, &url, Some(&own)), (200, expected.clone()));
    assert_eq!(read(&client, &url, Some(&root)), (200, expected.clone()));
    let with_token = |name: &str, token: &str| {
        let url = format!("{}/api/users/{name}", informer.url());
        let answer = client.get(url).bearer_auth(token).send().unwrap();
        (answer.status().as_u16(), answer.json::<Value>().unwrap())
    };
    assert_eq!(with_token("anna", &informer.api_token()), (200, expected));
    assert_eq!(
        with_token("root%20of%20all", &informer.api_token()).1["superuser"],
        true
    );
    let refused = hapi(401, "Unauthorized", "Missing or invalid authentication");
    assert_eq!(with_token("anna", "another"), refused);
    assert_eq!(read(&client, &url, None), refused);
    let roots = format!("{}/api/users/root%20of%20all", informer.url());
    assert_eq!(
        read(&client, &roots, Some(&own)),
        hapi(403, "Forbidden", "Insufficient permissions")
    );
    informer.expire_session(&own);
    assert_eq!(read(&client, &url, Some(&own)), refused);
    informer.remove_user("anna");
    assert_eq!(
        with_token("anna", &informer.api_token()),
        hapi(404, "Not Found", "User not found")
    );
}

#[test]
fn the_form_signs_in_and_leads_back_to_a_path_of_the_same_site_only() {
    let (informer, client) = with_anna();
    let back = "/oauth/authorize?client_id=a&state=%22x";
    let page = client
        .get(format!("{}/login", informer.url()))
        .query(&[("return", back)])
        .send()
        .unwrap()
        .text()
        .unwrap();
    assert!(
        page.contains("value=\"/oauth/authorize?client_id=a&amp;state=%22x\""),
        "{page}"
    );
    let answer = log_in(&client, &informer, PASSWORD, back);
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], back);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    let sid = cookie.strip_prefix("sid=").unwrap().split(';').next().unwrap();
    let session = format!("{}/api/sessions/{sid}", informer.url());
    assert_eq!(read(&client, &session, Some(sid)).0, 200);
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "/\t/evil",
        "",
    ] {
        assert_eq!(
            log_in(&client, &informer, PASSWORD, elsewhere).headers()["location"],
            "/",
            "{elsewhere}"
        );
    }
    assert_eq!(same_origin("/a//b?c=https://d"), Some("/a//b?c=https://d"));
    let out = client
        .post(format!("{}/logout", informer.url()))
        .header("Cookie", format!("sid={sid}"))
        .send()
        .unwrap();
    assert_eq!(out.status(), 303);
    assert_eq!(read(&client, &session, Some(sid)).0, 404);
}

#[test]
fn a_wrong_password_and_a_locked_or_disabled_user_do_not_sign_in() {
    let (informer, client) = with_anna();
    let refused = |password: &str, why: &str| {
        let answer = log_in(&client, &informer, password, "/back");
        assert_eq!(answer.status(), 401);
        assert!(!answer.headers().contains_key("set-cookie"));
        let page = answer.text().unwrap();
        assert!(page.contains(why) && page.contains("value=\"/back\""), "{page}");
    };
    refused("another", "password is wrong");
    informer.set_user(FakeUser::named("anna").locked());
    refused(PASSWORD, "locked");
    informer.set_user(FakeUser::named("anna").disabled());
    refused(PASSWORD, "disabled");
    informer.remove_user("anna");
    refused(PASSWORD, "wrong");
}

#[test]
fn what_the_gate_lets_through_is_echoed_and_remembered() {
    let (informer, client) = with_anna();
    let body = vec![b'x'; 100_000];
    let answer: Value = client
        .patch(format!("{}/api/datasets/a%2Fb?q=%20x&q=y", informer.url()))
        .header("X-Several", "one")
        .header("X-Several", "two")
        .body(body.clone())
        .send()
        .unwrap()
        .json()
        .unwrap();
    assert_eq!(answer["method"], "PATCH");
    assert_eq!(answer["path"], "/api/datasets/a%2Fb");
    assert_eq!(answer["query"], "q=%20x&q=y");
    assert_eq!(answer["headers"]["x-several"], json!(["one", "two"]));
    assert_eq!(answer["bodyLength"], 100_000);
    assert_eq!(answer["bodySha256"], hex(&Sha256::digest(&body)));
    let seen = informer.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("X-Several"), Some("one"));
    assert_eq!(
        (seen[0].body_length, &seen[0].path),
        (100_000, &"/api/datasets/a%2Fb".to_owned())
    );
    let vouched = client
        .get(format!("{}/api/users/anna", informer.url()))
        .header("X-Informer-User", "anna")
        .send()
        .unwrap();
    assert_eq!(vouched.json::<Value>().unwrap()["headers"]["x-informer-user"], "anna");
    let elsewhere = client.get(format!("{}/nothing", informer.url())).send().unwrap();
    assert_eq!(elsewhere.status(), 404);
}

#[test]
fn a_chunked_body_arrives_whole_and_the_connection_goes_on() {
    let (informer, _) = with_anna();
    let mut stream = TcpStream::connect(informer.address()).unwrap();
    let request = "POST /api/queries/q/_execute HTTP/1.1\r\nHost: i\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n\
                   HEAD /api/reports-list HTTP/1.1\r\nHost: i\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let answers: Vec<&str> = answers.split("HTTP/1.1 200 OK").skip(1).collect();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert!(answers[0].contains(&hex(&Sha256::digest("hello!"))), "{answers:?}");
    assert!(answers[1].ends_with("\r\n\r\n"), "HEAD has no body: {answers:?}");
    for smuggled in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Content-Length: -1",
        "A header",
    ] {
        let mut stream = TcpStream::connect(informer.address()).unwrap();
        write!(stream, "POST /api/x HTTP/1.1\r\n{smuggled}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request"), "{smuggled}: {answer}");
    }
}

#[test]
fn a_hundred_megabytes_are_streamed() {
    const SIZE: u64 = 100_000_000;
    let (informer, client) = with_anna();
    for chunked in [false, true] {
        let url = format!(
            "{}/api/datasets/big/_export?bytes={SIZE}&chunked={chunked}",
            informer.url()
        );
        let mut answer = client.get(url).send().unwrap();
        assert_eq!(answer.content_length(), (!chunked).then_some(SIZE));
        let (mut offset, mut block) = (0_u64, vec![0; 1 << 16]);
        loop {
            let count = answer.read(&mut block).unwrap();
            if count == 0 {
                break;
            }
            assert_eq!(block[0], export_byte(offset));
            assert_eq!(block[count - 1], export_byte(offset + count as u64 - 1));
            offset += count as u64;
        }
        assert_eq!(offset, SIZE);
    }
    let whole: Vec<u8> = (0..300_000).map(export_byte).collect();
    assert_eq!(export_sha256(300_000), hex(&Sha256::digest(&whole)));
}

#[test]
fn events_come_one_by_one() {
    let (informer, client) = with_anna();
    let url = format!("{}/api/events?count=3&interval_ms=300", informer.url());
    let started = Instant::now();
    let mut answer = client.get(url).send().unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut first = [0; 64];
    let count = answer.read(&mut first).unwrap();
    assert_eq!(&first[..count], b"id: 1\ndata: 1 of 3\n\n");
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "id: 2\ndata: 2 of 3\n\nid: 3\ndata: 3 of 3\n\n");
    assert!(started.elapsed() >= Duration::from_millis(600));
}

#[test]
fn the_socket_sends_back_what_it_gets() {
    let (informer, client) = with_anna();
    let mut stream = TcpStream::connect(informer.address()).unwrap();
    let asked = "GET /api/socket HTTP/1.1\r\nHost: i\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(asked.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    // The example of RFC 6455 §1.3.
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{head}"
    );
    // RFC 6455 §5.7: a masked "Hello", and the same unmasked.
    stream
        .write_all(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
        .unwrap();
    let mut hello = [0; 7];
    stream.read_exact(&mut hello).unwrap();
    assert_eq!(&hello, b"\x81\x05Hello");
    let mut long = vec![0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0];
    long.extend([7; 1000]);
    long.extend(b"\x89\x82\0\0\0\0hi\x88\x80\0\0\0\0");
    stream.write_all(&long).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(&rest[..4], b"\x82\x7e\x03\xe8");
    assert_eq!(&rest[1004..], b"\x8a\x02hi\x88\x00");
    let plain = client.get(format!("{}/api/socket", informer.url())).send().unwrap();
    assert_eq!(plain.status(), 426);
}

#[test]
fn it_misbehaves_as_told_and_recovers() {
    let (informer, _) = with_anna();
    let client = Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let url = format!("{}/api/datasets", informer.url());
    let ask = || client.get(&url).send();
    assert_eq!(ask().unwrap().status(), 200);

    informer.behave(Behaviour::Refusing);
    assert!(TcpStream::connect(informer.address()).is_err(), "nothing listens");
    assert!(ask().is_err());
    informer.behave(Behaviour::Down);
    TcpStream::connect(informer.address()).unwrap();
    assert!(ask().is_err());
    informer.behave(Behaviour::NotHttp);
    assert!(ask().is_err());
    informer.behave(Behaviour::Failing(502));
    let failed = ask().unwrap();
    assert_eq!(failed.status(), 502);
    assert_eq!(failed.json::<Value>().unwrap()["error"], "Bad Gateway");
    informer.behave(Behaviour::Garbage);
    assert!(ask().unwrap().json::<Value>().is_err());
    informer.behave(Behaviour::WrongTypes);
    assert_eq!(ask().unwrap().json::<Value>().unwrap()["active"], "yes");

    informer.behave(Behaviour::Slow(Duration::from_millis(200)));
    let started = Instant::now();
    assert_eq!(ask().unwrap().status(), 200);
    assert!(started.elapsed() >= Duration::from_millis(200));

    informer.behave(Behaviour::Hanging);
    informer.forget_requests();
    std::thread::scope(|scope| {
        let hanging = scope.spawn(ask);
        while informer.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        informer.behave(Behaviour::Well);
        // A client tries a reused connection that was closed without an answer once more.
        assert!(hanging.join().unwrap().map_or(true, |answer| answer.status() == 200));
    });
    assert_eq!(ask().unwrap().status(), 200);
    let address = informer.address();
    drop(informer);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn ids_are_not_repeated() {
    assert_ne!(random_hex(), random_hex());
    assert_eq!(random_hex().len(), 32);
}
