#![allow(clippy::unwrap_used)]

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Place, Recipe, Throwaway, available, free_port, last_lines, loopback};
use crate::servers::redis;

static SHELL: Recipe = Recipe {
    name: "Shell",
    signal: "TERM",
    answers: |_| Ok(true),
    url: |port| format!("shell:{port}"),
};

fn place() -> (Place, PathBuf) {
    let place = Place::new(&SHELL, None).unwrap();
    let folder = place.folder().to_owned();
    (place, folder)
}

fn serve(place: Place, script: &str) -> anyhow::Result<Throwaway> {
    let arguments = |_: &Path, _| vec!["-c".to_owned(), script.to_owned()];
    place.serve(Path::new("/bin/sh"), "1".to_owned(), arguments)
}

fn signal(name: &str, process: u32) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("kill -s {name} {process}")]);
    command.stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn a_server_that_ends_at_once_is_an_error_with_its_last_words() {
    let (place, folder) = place();
    let error = serve(place, "echo first; echo the reason >&2; exit 3")
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("status: 3") && error.contains("the reason"), "{error}");
    assert!(!folder.exists());
}

#[test]
fn a_server_that_never_answers_is_ended_and_is_an_error_with_its_last_words() {
    let (mut place, folder) = place();
    place.patience = Duration::from_millis(500);
    let started = Instant::now();
    let error = serve(place, "echo $$ >pid; echo waiting for a disk; exec sleep 60")
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("did not answer") && error.contains("waiting for a disk"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(!folder.exists());
}

#[test]
fn a_server_that_ignores_its_signal_is_killed() {
    let (mut place, folder) = place();
    place.patience = Duration::from_millis(500);
    let started = Instant::now();
    assert!(serve(place, "trap '' TERM; while :; do sleep 1; done").is_err());
    assert!(started.elapsed() < Duration::from_secs(30));
    assert!(!folder.exists());
}

#[test]
fn a_port_that_somebody_else_took_meanwhile_is_not_the_end() {
    let (place, _) = place();
    let script = "echo tried >>tries; echo 'bind: Address already in use'; [ \"$(grep -c . tries)\" -ge 3 ] && cat tries; exit 1";
    let error = serve(place, script).err().unwrap().to_string();
    assert!(error.contains("3 free ports were taken"), "{error}");
    assert_eq!(error.matches("tried").count(), 3, "{error}");
}

#[test]
fn what_prepares_a_folder_and_fails_is_an_error_with_its_last_words() {
    let (place, folder) = place();
    let arguments = ["-c".to_owned(), "echo no space; exit 2".to_owned()];
    let error = place.prepare(Path::new("/bin/sh"), &arguments).unwrap_err().to_string();
    assert!(error.contains("status: 2") && error.contains("no space"), "{error}");
    drop(place);
    assert!(!folder.exists());
}

#[test]
fn dropping_a_server_stops_it_and_removes_its_folder() {
    let server = redis::start().unwrap();
    let (process, folder, port) = (server.server.id(), server.place.folder().to_owned(), server.port());
    assert!(signal("0", process) && folder.exists());
    assert!(TcpStream::connect(loopback(port)).is_ok());
    drop(server);
    assert!(!signal("0", process) && !folder.exists());
    assert!(TcpStream::connect(loopback(port)).is_err());
}

#[test]
fn a_server_that_ended_during_the_run_is_told_of_when_it_is_stopped() {
    let mut server = redis::start().unwrap();
    let folder = server.place.folder().to_owned();
    server.server.kill().unwrap();
    server.server.wait().unwrap();
    let error = server.stop().unwrap_err().to_string();
    assert!(
        error.contains("ended by itself") && error.contains("Ready to accept connections"),
        "{error}"
    );
    assert!(!folder.exists());
}

#[test]
fn of_a_long_log_the_end_is_shown() {
    let log: Vec<String> = (1..=50).map(|line| format!("line {line}.\n\n")).collect();
    let shown = last_lines(&log.concat());
    assert_eq!(shown.lines().count(), 20);
    assert!(
        shown.starts_with("    | line 31.") && shown.ends_with("    | line 50."),
        "{shown}"
    );
}

#[test]
fn a_free_port_can_be_listened_on() {
    let port = free_port().unwrap();
    assert!(port > 0 && TcpStream::connect(loopback(port)).is_err());
}

#[test]
fn only_a_folder_that_is_in_memory_is_taken_for_one() {
    let heading = "Filesystem     1024-blocks  Used Available Capacity Mounted on\n";
    for (line, bytes) in [
        (
            "tmpfs             24683656  1052  24682604       1% /dev/shm",
            Some(24_682_604 * 1024),
        ),
        ("shm                  65536     0     65536       0% /dev/shm", None),
        ("/dev/vda         264212084  1052  50836720      47% /", None),
        ("tmpfs", None),
    ] {
        assert_eq!(available(&format!("{heading}{line}")), bytes, "{line}");
    }
    assert_eq!(available(""), None);
}
