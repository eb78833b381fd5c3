#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::rc::Rc;
use std::thread;

use super::*;

/// A server that answers every request with its number on the connection, in pieces.
fn counting_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 1024];
                for number in 1.. {
                    if stream.read(&mut buffer).unwrap_or(0) == 0 {
                        return;
                    }
                    let text = format!("{number:06}");
                    let (first, second) = text.split_at(3);
                    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{first}").unwrap();
                    thread::sleep(Duration::from_micros(200));
                    write!(stream, "{second}").unwrap();
                }
            });
        }
    });
    address
}

/// Asks so many times and expects to be counted along.
struct Counting {
    left: u32,
    heard: u32,
    total: Rc<Cell<u64>>,
}

impl VirtualUser for Counting {
    fn ask(&mut self, request: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        request.extend_from_slice(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        true
    }

    fn hear(&mut self, answer: &Answer<'_>) -> Result<()> {
        self.heard += 1;
        self.total.set(self.total.get() + 1);
        ensure!(answer.text()? == format!("{:06}", self.heard));
        Ok(())
    }
}

fn users(count: usize, left: u32, total: &Rc<Cell<u64>>) -> Users {
    let user = || Counting {
        left,
        heard: 0,
        total: Rc::clone(total),
    };
    (0..count).map(|_| Box::new(user()) as Box<dyn VirtualUser>).collect()
}

#[test]
fn every_request_is_answered_and_counted_until_there_is_nothing_left() {
    let total = Rc::default();
    let outcome = run(
        &[counting_server()],
        &mut users(3, 20, &total),
        Duration::from_secs(60),
        Pace::Full,
    )
    .unwrap();
    assert_eq!((outcome.latencies.count(), total.get()), (60, 60));
    assert!(outcome.elapsed >= outcome.latencies.longest());
    assert!(outcome.latencies.quantile(0.01) >= Duration::from_micros(200));
}

#[test]
fn the_end_of_the_time_waits_for_what_is_under_way() {
    let total = Rc::default();
    let lasting = Duration::from_millis(100);
    let outcome = run(
        &[counting_server()],
        &mut users(4, u32::MAX, &total),
        lasting,
        Pace::Full,
    )
    .unwrap();
    assert!(outcome.elapsed >= lasting, "{:?}", outcome.elapsed);
    assert_eq!(outcome.latencies.count(), total.get());
}

#[test]
fn a_pace_is_kept_while_the_server_keeps_up() {
    let total = Rc::default();
    let lasting = Duration::from_millis(500);
    let outcome = run(
        &[counting_server()],
        &mut users(8, u32::MAX, &total),
        lasting,
        Pace::PerSecond(200),
    )
    .unwrap();
    assert!((40..=101).contains(&outcome.latencies.count()), "{outcome:?}");
}

#[test]
fn a_wrong_answer_ends_the_run() {
    let total = Rc::default();
    let mut users = users(1, 5, &total);
    users.push(Box::new(Counting {
        left: 5,
        heard: 7,
        total,
    }));
    assert!(run(&[counting_server()], &mut users, Duration::from_secs(60), Pace::Full).is_err());
}
