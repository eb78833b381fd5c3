//! Whether others have the time that this machine has: the service behind the issuer, Informer, Postgres.

use informer_oauth_domain::timestamp::Timestamp;
use time::{PrimitiveDateTime, macros::format_description};
use url::Url;

use super::{Findings, Standing};
use crate::outbound;

/// From how many seconds on it is worth a word. A `Date` header is a second old by itself.
const NOTICED: u64 = 5;

/// From how many seconds on things go wrong: codes live for sixty.
const HARMFUL: u64 = 30;

/// Compares what a clock said, when this machine's was at `now`.
pub(super) fn compare(check: &'static str, whose: &str, said: Timestamp, now: Timestamp, findings: &mut Findings) {
    let apart = said.as_seconds().abs_diff(now.as_seconds());
    let direction = if said < now { "behind" } else { "ahead of" };
    let (standing, detail) = match apart {
        0..NOTICED => (Standing::Ok, format!("{whose} has the same time")),
        NOTICED..HARMFUL => (
            Standing::Warning,
            format!("{whose} is {apart} s {direction} this machine"),
        ),
        _ => (
            Standing::Failed,
            format!(
                "{whose} is {apart} s {direction} this machine: codes and tokens are refused as expired or not yet good"
            ),
        ),
    };
    findings.add(check, standing, detail);
}

/// What time it is where `url` is answered, by the `Date` of any answer (RFC 9110, section 6.6.1).
pub(super) fn of(url: &str) -> Option<Timestamp> {
    let answer = outbound::send(&Url::parse(url).ok()?, "HEAD", &[], &[]).ok()?;
    read(answer.header("date")?)
}

/// The form of dates that servers must send (RFC 9110, section 5.6.7).
fn read(date: &str) -> Option<Timestamp> {
    let form =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let time = PrimitiveDateTime::parse(date, form).ok()?;
    Some(Timestamp::from_seconds(time.assume_utc().unix_timestamp()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[test]
    fn a_date_is_read_as_servers_send_it() {
        assert_eq!(
            read("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Timestamp::from_seconds(784_111_777))
        );
        assert_eq!(read("Sunday, 06-Nov-94 08:49:37 GMT"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn any_answer_with_a_date_tells_the_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for dated in ["Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", ""] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                write!(
                    stream,
                    "HTTP/1.1 404 Not Found\r\n{dated}Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
                .unwrap();
            }
        });
        assert_eq!(of(&url), Some(Timestamp::from_seconds(784_111_777)));
        assert_eq!(of(&url), None);
    }

    #[test]
    fn seconds_are_noticed_and_half_a_minute_is_a_failure() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (seconds, standing) in [
            (0, Standing::Ok),
            (4, Standing::Ok),
            (-4, Standing::Ok),
            (6, Standing::Warning),
            (-29, Standing::Warning),
            (31, Standing::Failed),
            (-31, Standing::Failed),
        ] {
            let mut findings = Findings::default();
            let said = Timestamp::from_seconds(1_800_000_000 + seconds);
            compare("clock", "it", said, now, &mut findings);
            assert_eq!(findings.0[0].standing, standing, "{seconds} s");
        }
    }
}
