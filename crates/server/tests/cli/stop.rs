use std::{
    io::{BufRead as _, BufReader},
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    common::{Service, command},
    grant::{introspect, public_client, refresh, tokens},
    json,
};

fn confidential(service: &Service) -> (String, String) {
    let arguments = [
        "client",
        "create",
        "--name",
        "API",
        "--redirect-uri",
        "https://a.example/cb",
        "--with-secret",
    ];
    let created = json(service, &arguments);
    (
        created["client_id"].as_str().unwrap().to_owned(),
        created["secret"].as_str().unwrap().to_owned(),
    )
}

fn stopped_in(service: &mut Service, limit: Duration) -> ExitStatus {
    let started = Instant::now();
    let status = service.wait(Duration::from_secs(15));
    assert!(started.elapsed() < limit, "it took {:?}", started.elapsed());
    status
}

#[test]
fn sigterm_and_ctrl_c_end_it_with_success_and_a_whole_database() {
    for signal in ["-TERM", "-INT"] {
        let mut service = Service::start();
        // An idle connection must not hold it up.
        let http = service.client();
        http.get(service.url("/health/live")).send().unwrap();
        service.signal(signal);
        let status = stopped_in(&mut service, Duration::from_secs(5));
        assert_eq!(status.code(), Some(0), "{signal}: {}", service.log());
        let wal = service.data_dir().join("informer-oauth.db-wal");
        assert!(
            !wal.exists() || wal.metadata().unwrap().len() == 0,
            "the log was moved into the database"
        );
    }
}

#[test]
fn a_request_that_is_under_way_is_finished_and_new_ones_are_refused() {
    // About a second of work on one request.
    let mut service = Service::start_with(&[("INFORMER_OAUTH__SECRETS__BCRYPT_COST", "14")]);
    let (id, secret) = confidential(&service);
    thread::scope(|scope| {
        let slow = scope.spawn(|| introspect(&service.client(), &service, &id, &secret, "x"));
        thread::sleep(Duration::from_millis(250));
        service.signal("-TERM");
        let deadline = Instant::now() + Duration::from_secs(10);
        while service.client().get(service.url("/health/live")).send().is_ok() {
            assert!(Instant::now() < deadline, "it still takes requests");
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(slow.join().unwrap().unwrap(), 200);
    });
    assert_eq!(stopped_in(&mut service, Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn sigterm_under_load_cuts_no_answer_off() {
    let mut service = Service::start();
    let (id, secret) = confidential(&service);
    let (ended, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let status = thread::scope(|scope| {
        for _ in 0..8 {
            let (http, url) = (service.client(), service.url("/oauth/introspect"));
            let (ended, answers, id, secret) = (Arc::clone(&ended), Arc::clone(&answers), &id, &secret);
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    match http
                        .post(&url)
                        .basic_auth(id, Some(secret))
                        .form(&[("token", "x")])
                        .send()
                    {
                        Ok(answer) => {
                            assert_eq!(answer.status(), 200);
                            assert_eq!(answer.text().unwrap(), r#"{"active":false}"#, "a whole answer");
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                        // Refused or closed before an answer began: nothing was acknowledged.
                        Err(_) => thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while answers.load(Ordering::Relaxed) < 50 {
            assert!(Instant::now() < deadline, "there is no load");
            thread::sleep(Duration::from_millis(10));
        }
        service.signal("-TERM");
        let status = stopped_in(&mut service, Duration::from_secs(10));
        ended.store(true, Ordering::Relaxed);
        status
    });
    assert_eq!(status.code(), Some(0), "{}", service.log());
    assert!(!service.log().contains("panick"), "{}", service.log());
}

#[test]
fn after_kill_9_nothing_acknowledged_is_lost() {
    let mut service = Service::start();
    let client = public_client(&service, "Phone");
    let first = tokens(&service, &client);
    let (status, second) = refresh(
        &service.client(),
        &service,
        &client,
        first["refresh_token"].as_str().unwrap(),
    );
    assert_eq!(status, 200);
    service.kill9();
    service.launch();
    let http = service.client();
    let (status, third) = refresh(&http, &service, &client, second["refresh_token"].as_str().unwrap());
    assert_eq!(status, 200, "the rotation was on disk: {third}");
    let (status, answer) = refresh(&http, &service, &client, first["refresh_token"].as_str().unwrap());
    assert_eq!(
        (status, answer["error"].as_str()),
        (400, Some("invalid_grant")),
        "a replay is known after it, too"
    );
}

#[test]
fn signals_that_end_a_process_by_default_are_ignored_with_a_line() {
    let mut service = Service::start();
    for (signal, name) in [("-HUP", "SIGHUP"), ("-USR1", "SIGUSR1"), ("-USR2", "SIGUSR2")] {
        service.signal(signal);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !service.log().contains(&format!("{name} is ignored")) {
            assert!(Instant::now() < deadline, "{}", service.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
    service.client().get(service.url("/health/live")).send().unwrap();
    assert!(service.terminate().success());
}

#[test]
fn log_that_is_not_read_stops_no_request_and_no_signal() {
    let folder = tempfile::TempDir::new().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut process = command(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut base = String::new();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    while base.is_empty() {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            base = format!("http://127.0.0.1:{port}");
        }
    }
    let http = reqwest::blocking::Client::new();
    // A pipe holds about 300 lines.
    for _ in 0..1500 {
        assert_eq!(http.get(format!("{base}/nowhere")).send().unwrap().status(), 404);
    }
    let pid = process.id().to_string();
    let stopped = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        if stopped.elapsed() > Duration::from_secs(15) {
            process.kill().unwrap();
            panic!("SIGTERM did not end it");
        }
        thread::sleep(Duration::from_millis(50));
    };
    assert!(ended.success(), "{ended}");
    drop(reader);
}
